"""Stored profiles: found by name, and every version is kept."""

import hashlib
from pathlib import Path

import pytest

from credits_pipeline.core.storage.profiles import ProfileShelf
from credits_pipeline.core.storage.store import open_store
from credits_pipeline.credits.inbox.bucket import Inbox


@pytest.fixture(params=["folder", "s3"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> ProfileShelf:
    if request.param == "folder":
        return ProfileShelf(open_store(str(tmp_path / "kept")))
    inbox: Inbox = request.getfixturevalue("inbox")
    return ProfileShelf(open_store(f"s3://{inbox.bucket}/some/where"))


def test_the_newest_of_a_name_holds_and_every_version_stays(shelf: ProfileShelf) -> None:
    assert shelf.texts() == {}
    assert shelf.keep("a", b"one").endswith("profiles/a.toml")
    shelf.keep("a", b"two")
    shelf.keep("b", b"three")
    assert shelf.texts() == {"profiles/a.toml": b"two", "profiles/b.toml": b"three"}
    for text in (b"one", b"two", b"three"):
        assert shelf.version(hashlib.sha256(text).hexdigest()) == text
    assert shelf.version("0" * 64) is None


def test_what_is_forgotten_holds_no_more_and_its_versions_stay(shelf: ProfileShelf) -> None:
    shelf.keep("a", b"one")
    assert shelf.forget("a")
    assert shelf.texts() == {}
    assert shelf.version(hashlib.sha256(b"one").hexdigest()) == b"one"
    assert not shelf.forget("a")
    shelf.keep("a", b"one")
    assert shelf.texts() == {"profiles/a.toml": b"one"}
