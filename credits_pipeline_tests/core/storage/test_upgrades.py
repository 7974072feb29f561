"""Later releases read what an earlier one stored, and continue from it.

``samples/<version>.zip`` has everything that the pipeline of that release stored, with months that
end in every possible way. ``UPDATE_SAMPLES=1`` stores the samples of the current release.
"""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.storage.archive import Archive, Entry
from credits_pipeline.core.storage.store import FolderStore
from credits_pipeline.credits.assets.io_manager import VALUES
from credits_pipeline.credits.delivery.artifacts import frame
from credits_pipeline.credits.state.attempt import Attempt, Verdict
from credits_pipeline.credits.state.journal import Journal
from credits_pipeline.reporting.report import markdown
from credits_pipeline.sandbox.cloudzero import Fault
from credits_pipeline_tests.conftest import CONNECTION_ID
from credits_pipeline_tests.credits.assets.conftest import Pipeline

SAMPLES = Path(__file__).parent / "samples"
RELEASES = sorted(path.stem for path in SAMPLES.glob("*.zip"))
THIS = version("credits-pipeline")
#: In the samples this stands for the stand-in's address.
BASE_URL = "https://api.cloudzero.com"

VERIFIED, DECIDED, HELD, INCOMPLETE, WITHDRAWN, PARTIAL, SENDING, BLOCKED, FAILED = (
    BillingMonth(2025, number) for number in range(1, 10)
)
ACCOUNTS = [f"{number:012d}" for number in range(1, 21)]
PADDED = "001234567890"
UNKNOWN = "999999999999"
GOOD = "".join(f'{account},"$1,{account[-3:]}.50"\n' for account in ACCOUNTS)
SPOILT = f"{GOOD}{PADDED.lstrip('0')},$1.00\n{ACCOUNTS[0]},$5\nrubbish,$2\n"


def run_every_way(pipeline: Pipeline) -> None:
    """Months that end in every possible way."""
    for account in (*ACCOUNTS, PADDED):
        pipeline.cloudzero.bill(str(PARTIAL), account, "1.00")
    for month in (VERIFIED, WITHDRAWN, SENDING):
        pipeline.upload(GOOD.encode(), month, credits_rows="20")
        pipeline.run(month)
    pipeline.run(VERIFIED)
    pipeline.run(WITHDRAWN, config={"credits": {"clear_month": True}})
    for month in (DECIDED, BLOCKED):
        pipeline.upload(
            f"{GOOD}{PADDED.lstrip('0')},$1.00\n{ACCOUNTS[0]},$5\nrubbish,$2\n".encode(), month
        )
        pipeline.run(month)
    pipeline.run(DECIDED, config={"credits": {"accept_rejected": True}})
    pipeline.upload(GOOD.replace("$1,", "$1,000,").encode(), HELD)
    pipeline.run(HELD)
    pipeline.cloudzero.inject(
        Fault(operation="create", kind="lose_rows", month=str(INCOMPLETE)),
        Fault(operation="create", kind="reset", month=str(FAILED)),
    )
    for month in (INCOMPLETE, FAILED):
        pipeline.upload(GOOD.encode(), month)
        pipeline.run(month)
    pipeline.cloudzero.clear_faults()
    pipeline.upload(f"{GOOD}{UNKNOWN},$3.00\n".encode(), PARTIAL)
    pipeline.run(PARTIAL, config={"cloudzero_drop": {"dry_run": True}})
    pipeline.run(PARTIAL)
    # As from a run that was killed between its first request and its result.
    last = pipeline.journal.last_sent(SENDING)
    assert last is not None
    pipeline.journal.begin_sending(last)


def read_all(root: Path) -> None:
    """Read everything stored, and compare it with its own data and digests."""
    journal, archive = Journal(FolderStore(root)), Archive(FolderStore(root))
    attempts = [*journals(root)]
    for stored in attempts:
        attempt = Attempt.from_json(json.dumps(stored).encode())
        # Newer fields have their default, and the older ones their values.
        assert asdict(attempt).items() >= stored.items()
        assert str(attempt.billing_month) in markdown(attempt, journal.rows(attempt)).text
    assert {stored["verdict"] for stored in attempts} == {
        "verified", "partial", "unchanged", "dry_run", "blocked", "held", "incomplete", "failed",
        "sending",
    }  # fmt: skip
    entries = [
        Entry(**{**stored, "files": tuple(stored["files"])})
        for path in sorted(root.glob("*/*/*/entry.json"))
        for stored in [json.loads(path.read_text())]
    ]
    assert {entry.noun for entry in entries} == {*VALUES, "cloudzero_drop"}
    for entry in entries:
        files = archive.files(entry)
        if entry.noun in VALUES:
            assert VALUES[entry.noun].from_files(files).digest == entry.digest
        else:
            assert frame(files["sent.parquet"]).height >= len(ACCOUNTS)
            assert frame(files["before.parquet"]).height >= 0
    months = [VERIFIED, DECIDED, WITHDRAWN, PARTIAL]
    receipts = [journal.receipt(month) for month in months]
    assert [receipt and receipt.verdict.value for receipt in receipts] == [
        "unchanged", "partial", "verified", "partial",
    ]  # fmt: skip
    assert [attempt.billing_month for attempt in journal.uncertain()] == [str(FAILED)]
    assert [(str(m), journal.unknown_accounts(r)) for m, r in journal.waiting_for_accounts()] == [
        (str(PARTIAL), {UNKNOWN})
    ]
    decided = {
        month: journal.decided(month, receipt.file_version)
        for month, receipt in zip(months, receipts, strict=True)
        if receipt is not None
    }
    told = {month: [one["decided"] for one in records] for month, records in decided.items()}
    assert told == {
        VERIFIED: [],
        DECIDED: [{"accept_rejected": True}],
        WITHDRAWN: [{"clear_month": True}],
        PARTIAL: [],
    }


def journals(root: Path) -> Iterator[dict[str, Any]]:
    """Every stored attempt."""
    for path in sorted(root.rglob("*.json")):
        stored = json.loads(path.read_text())
        if isinstance(stored, dict) and "verdict" in stored:
            yield stored


def test_what_this_release_stores_is_what_is_kept_of_it(pipeline: Pipeline, tmp_path: Path) -> None:
    run_every_way(pipeline)
    root = tmp_path / "storage"
    read_all(root)
    if os.environ.get("UPDATE_SAMPLES"):
        keep(root, pipeline.cloudzero.base_url)
    shutil.unpack_archive(SAMPLES / f"{THIS}.zip", tmp_path / "kept")
    assert kinds(tmp_path / "kept") == kinds(root), (
        f"UPDATE_SAMPLES=1 make test TESTS={Path(__file__).name} keeps samples of release {THIS}"
    )


def keep(root: Path, base_url: str) -> None:
    """Make the stored files the samples of this release."""
    copy = root.parent / "to-keep"
    shutil.copytree(root, copy, ignore=shutil.ignore_patterns("costs"))
    readdress(copy, base_url, BASE_URL)
    shutil.make_archive(str(SAMPLES / THIS), "zip", copy)


def kinds(root: Path) -> set[str]:
    """The files below a root, without those named after months, runs or versions."""
    files = [path for path in root.rglob("*") if path.is_file() and path.name != ".updating"]
    found = {path.relative_to(root).parts for path in files}
    made = {*VALUES, "cloudzero_drop"}
    return {parts[0] for parts in found if parts[0] != "costs"} | {
        "/".join((parts[0], parts[-1])) for parts in found if parts[0] in made
    }


def readdress(root: Path, old: str, new: str) -> None:
    """Write another address of CloudZero into the stored files."""
    for path in root.rglob("*.json"):
        path.write_text(path.read_text().replace(old, new))


@pytest.fixture(params=RELEASES)
def stored(request: pytest.FixtureRequest, pipeline: Pipeline, tmp_path: Path) -> Path:
    """What a release stored, as the storage of the current pipeline."""
    root = tmp_path / "storage"
    shutil.unpack_archive(SAMPLES / f"{request.param}.zip", root)
    readdress(root, BASE_URL, pipeline.cloudzero.base_url)
    return root


def test_everything_that_a_release_stored_is_read(stored: Path) -> None:
    read_all(stored)


def test_a_month_that_a_release_verified_is_unchanged_to_this_one(
    stored: Path, pipeline: Pipeline
) -> None:
    holds_what_was_sent(pipeline, VERIFIED)
    pipeline.upload(GOOD.encode(), VERIFIED)
    attempt = pipeline.attempt(pipeline.run(VERIFIED), VERIFIED)
    assert attempt.verdict is Verdict.UNCHANGED
    assert creates(pipeline) == 0


def holds_what_was_sent(pipeline: Pipeline, month: BillingMonth) -> None:
    """Make the stand-in hold what a month's receipt says."""
    archive = Archive(FolderStore(Path(os.environ["CREDITS_STORAGE"])))
    entry = archive.find("cloudzero_drop", month)
    assert entry is not None
    rows = frame(archive.files(entry)["sent.parquet"]).to_dicts()
    pipeline.cloudzero.seed(CONNECTION_ID, str(month), rows)


@pytest.mark.parametrize("month", [HELD, INCOMPLETE, FAILED, WITHDRAWN, SENDING, BLOCKED], ids=str)
def test_a_month_that_a_release_left_in_any_state_is_sent_by_this_one(
    stored: Path, pipeline: Pipeline, month: BillingMonth
) -> None:
    left = pipeline.journal.last(month)
    assert left is not None
    pipeline.upload(GOOD.encode(), month)
    attempt = pipeline.attempt(pipeline.run(month), month)
    assert attempt.verdict is Verdict.VERIFIED
    assert len(pipeline.held(month)) == len(ACCOUNTS)
    if left.verdict is Verdict.SENDING:
        found = pipeline.journal.attempt(month, left.run_id)
        assert found is not None
        assert found.verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize(("month", "cleared"), [(DECIDED, True), (BLOCKED, False)], ids=str)
def test_a_decision_that_was_made_before_an_upgrade_is_followed_after_it(
    stored: Path, pipeline: Pipeline, month: BillingMonth, *, cleared: bool
) -> None:
    result = pipeline.run(month, only=["credits", "cbf_payload"])
    assert result.success == cleared


def test_what_a_later_release_stored_is_refused_before_anything_is_sent(
    stored: Path, pipeline: Pipeline
) -> None:
    for path in stored.rglob("*.json"):
        later = path.read_text().replace('"schema_version": 1', '"schema_version": 2')
        path.write_text(later)
    pipeline.upload(GOOD.encode(), VERIFIED)
    for only in (["cbf_payload"], ["cloudzero_drop"], None):
        result = pipeline.run(VERIFIED, only=only)
        assert not result.success
        told = [event.step_failure_data.error for event in result.get_step_failure_events()]
        assert "upgrade credits-pipeline" in str(told)
    assert creates(pipeline) == 0


def creates(pipeline: Pipeline) -> int:
    return sum(record.operation == "create" for record in pipeline.cloudzero.log)
