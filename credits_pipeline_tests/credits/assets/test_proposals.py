"""A proposed file and the decision about its signs, whichever of its readers comes first."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from credits_pipeline.core import aws
from credits_pipeline.core.settings import storage_root
from credits_pipeline.core.storage.store import FolderStore, Store, open_store
from credits_pipeline.credits.delivery.proposals import put_into_inbox
from credits_pipeline.credits.inbox.bucket import Inbox, InboxError
from credits_pipeline.credits.inbox.version import FileVersion
from credits_pipeline.credits.state.announcement import UPLOAD, announce, arrived
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline.credits.state.journal import Journal
from credits_pipeline_tests.credits.assets.conftest import JANUARY, Pipeline

A, B = "047210934418", "112480036627"
DATA = f"account_id,credit_amount\n{A},94.03\n{B},-94.03\n".encode()
MADE = {"rule": "proportional", "booked": "offset", "digest": "0123456789abcdef" * 4}


class KilledError(Exception):
    """The command ends here, as if it were killed."""


@dataclass(frozen=True)
class Watched(Inbox):
    """An inbox where something happens between the upload and S3's answer."""

    then: Callable[[], None] = field(default=lambda: None, compare=False)

    def current(self, key: str) -> FileVersion | None:
        self.then()
        return super().current(key)


def proposed(inbox: Inbox) -> FileVersion:
    return put_into_inbox(inbox, JANUARY, DATA, MADE, who="ann", signs_meant=True)


def verdicts(pipeline: Pipeline) -> list[Verdict]:
    return [one.verdict for one in pipeline.journal.attempts(JANUARY)]


def who_decided(pipeline: Pipeline, version: FileVersion) -> list[str]:
    return [one["who"] for one in pipeline.journal.decided(JANUARY, version.token)]


def test_a_run_that_begins_as_soon_as_the_file_is_there_is_verified(pipeline: Pipeline) -> None:
    runs: list[bool] = []

    def run_once() -> None:
        if not runs:
            runs.append(True)
            runs[0] = pipeline.run().success

    box = pipeline.inbox
    version = proposed(Watched(box.bucket, box.prefix, then=run_once))
    assert runs == [True]
    assert verdicts(pipeline) == [Verdict.VERIFIED]
    assert pipeline.held() == {A: "-94.03", B: "94.03"}
    assert who_decided(pipeline, version) == ["ann"]


def test_a_command_that_is_killed_behind_its_upload_has_decided(pipeline: Pipeline) -> None:
    def killed() -> None:
        raise KilledError

    box = pipeline.inbox
    with pytest.raises(KilledError):
        proposed(Watched(box.bucket, box.prefix, then=killed))
    assert pipeline.run().success
    version = box.current(box.key(JANUARY))
    assert version is not None
    assert who_decided(pipeline, version) == ["ann"]


@dataclass(frozen=True)
class Closed(Inbox):
    """An inbox that accepts no upload."""

    def upload(
        self, key: str, data: bytes, *, metadata: dict[str, str] | None = None
    ) -> FileVersion:
        raise KilledError(key, data, metadata)


def test_a_command_that_is_killed_before_its_upload_has_decided_nothing(pipeline: Pipeline) -> None:
    """The same bytes from somebody else are another upload, which is blocked as usual."""
    with pytest.raises(KilledError):
        proposed(Closed(pipeline.inbox.bucket))
    assert list(open_store(storage_root()).names("announced/"))
    pipeline.upload(DATA)
    assert not pipeline.run().success
    assert verdicts(pipeline) == [Verdict.BLOCKED]


@pytest.mark.parametrize("data", [DATA, DATA.replace(b"94.03", b"94.04")], ids=["same", "other"])
@pytest.mark.parametrize("first", [True, False], ids=["runs first", "is replaced unseen"])
def test_what_comes_under_the_same_name_later_starts_without_the_decision(
    pipeline: Pipeline, data: bytes, first: bool
) -> None:
    """A decision is about one version: a copy of the object, even with its metadata, is another."""
    version = proposed(pipeline.inbox)
    if first:
        assert pipeline.run().success
    key = pipeline.inbox.key(JANUARY)
    later = version
    while later.token == version.token:  # S3 gives times of uploads in seconds
        later = pipeline.inbox.upload(key, data, metadata=dict(version.metadata))
    assert not pipeline.run().success
    assert who_decided(pipeline, later) == []


def test_a_file_that_takes_its_place_at_once_gets_no_decision(pipeline: Pipeline) -> None:
    box = pipeline.inbox

    def replaced() -> None:
        aws.s3_client().put_object(Bucket=box.bucket, Key=box.key(JANUARY), Body=DATA)

    with pytest.raises(InboxError, match="somebody else's file took its place"):
        proposed(Watched(box.bucket, box.prefix, then=replaced))
    assert not pipeline.run().success
    assert verdicts(pipeline) == [Verdict.BLOCKED]


def announced(store: Store) -> str:
    digest = hashlib.sha256(DATA).hexdigest()
    announce(
        store, JANUARY, "u1", digest=digest, run_id="propose-1", who="ann", why="",
        decided={"signs": "as_is"}, receipt="",
    )  # fmt: skip
    return digest


def test_one_of_many_versions_gets_what_was_announced(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    digest = announced(store)
    versions = [f"v{number % 4}" for number in range(16)]
    with ThreadPoolExecutor(8) as threads:
        got = list(
            threads.map(
                lambda version: arrived(store, JANUARY, "u1", digest=digest, version=version),
                versions,
            )
        )
    mine = {version for version, ok in zip(versions, got, strict=True) if ok}
    assert len(mine) == 1
    journal = Journal(store)
    assert {version for version in versions if journal.decided(JANUARY, version)} == mine


@pytest.mark.parametrize("upload", ["", "u2", "../2025-01/u1", "u1/..", "ü1", "u1.json"])
def test_an_upload_that_was_not_announced_decides_nothing(tmp_path: Path, upload: str) -> None:
    store = FolderStore(tmp_path)
    digest = announced(store)
    assert not arrived(store, JANUARY, upload, digest=digest, version="v1")
    assert Journal(store).decided(JANUARY, "v1") == []


def test_other_bytes_decide_nothing(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    announced(store)
    assert not arrived(store, JANUARY, "u1", digest="0" * 64, version="v1")
    assert UPLOAD == "credits-upload"  # of objects in inboxes
