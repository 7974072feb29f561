import itertools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Self

import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.storage.archive import Archive
from credits_pipeline.core.storage.store import Renew, StorageError, Store, open_store
from credits_pipeline.credits.inbox.bucket import Inbox

MONTH = BillingMonth(2025, 1)


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return open_store(str(tmp_path / "kept"))
    inbox: Inbox = request.getfixturevalue("inbox")
    return open_store(f"s3://{inbox.bucket}/some/where")


def test_what_was_written_reads_back_and_what_was_not_is_none(store: Store) -> None:
    assert store.read("a/b.json") is None
    store.write("a/b.json", b"1")
    store.write("a/b.json", b"2")
    assert store.read("a/b.json") == b"2"


def test_names_are_listed_in_order_below_a_prefix(store: Store) -> None:
    for name in ("x/2.json", "x/10.json", "xy/1.json", "x/deep/3.json"):
        store.write(name, b"")
    assert list(store.names("x/")) == ["x/10.json", "x/2.json", "x/deep/3.json"]
    assert list(store.names("nothing/")) == []


@pytest.fixture
def unprivileged() -> Iterator[None]:
    """Root can read everything."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    yield
    os.seteuid(before)


def test_a_folder_that_can_t_be_read_is_not_an_empty_one(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    store = open_store(str(tmp_path / "kept"))
    store.write("receipts/2025-01.json", b"{}")
    (tmp_path / "kept" / "receipts").chmod(0)
    request.getfixturevalue("unprivileged")
    with pytest.raises(StorageError, match=r"could not list .*: Permission denied"):
        list(store.names("receipts/"))


def test_a_place_that_is_not_a_folder_is_not_an_empty_one() -> None:
    with pytest.raises(StorageError, match="could not list"):
        list(open_store("/dev/null/kept").names("receipts/"))


def test_the_pointer_moves_only_after_everything_else_is_written(store: Store) -> None:
    written: list[str] = []
    write: Callable[[str, bytes], None] = store.write
    store.write = lambda name, data: (written.append(name), write(name, data))[1]  # type: ignore[method-assign]
    update: Callable[[str, Renew], None] = store.update
    store.update = lambda name, renew: (written.append(name), update(name, renew))[1]  # type: ignore[method-assign]
    Archive(store).keep(
        "credits", MONTH, run_id="r1", version="v1", digest="d", files={"a": b"1", "b": b"2"}
    )
    assert list(dict.fromkeys(written))[-1] == "current/credits/2025-01.json"
    assert len(set(written)) == 4


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_what_began_earlier_and_was_written_later_is_not_current(
    order: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, now = Archive(open_store(str(tmp_path))), [datetime(2025, 2, 3, tzinfo=UTC)]

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromtimestamp(now[0].timestamp(), tz)

    monkeypatch.setattr("credits_pipeline.core.storage.archive.datetime", Clock)
    for number in order:
        now[0] = datetime(2025, 2, 3, number, tzinfo=UTC)
        archive.keep(
            "credits", MONTH, run_id=f"r{number}", version="v", digest="d", files={"a": b""}
        )
    newest = archive.find("credits", MONTH)
    assert newest is not None
    assert newest.run_id == "r2"


def test_a_run_reads_its_own_and_others_read_the_newest(store: Store) -> None:
    archive = Archive(store)
    for run in ("r1", "r2"):
        archive.keep(
            "credits", MONTH, run_id=run, version="v", digest=run, files={"a": run.encode()}
        )
    own = archive.find("credits", MONTH, run_id="r1")
    newest = archive.find("credits", MONTH, run_id="r3")
    assert own is not None
    assert newest is not None
    assert archive.files(own) == {"a": b"r1"}
    assert archive.files(newest) == {"a": b"r2"}
    assert archive.find("credits", MONTH.shift(1)) is None


def test_a_lost_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    archive = Archive(open_store(str(tmp_path)))
    entry = archive.keep("credits", MONTH, run_id="r1", version="v", digest="d", files={"a": b""})
    (tmp_path / entry.folder / "a").unlink()
    with pytest.raises(StorageError, match=r"has lost a.*materialise credits of 2025-01 again"):
        archive.files(entry)


def test_a_write_that_fails_leaves_what_was_there_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(str(tmp_path))
    store.write("a.json", b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError, match=r"No space left on device.*CREDITS_STORAGE"):
        store.write("a.json", b"new")
    monkeypatch.undo()
    assert store.read("a.json") == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_what_many_move_at_once_is_moved_by_one_after_the_other(store: Store) -> None:
    """Each adds one to the number that it read; no addition is lost."""

    def adds(_: int) -> None:
        store.update("last/2025-01.json", lambda text: str(int(text or b"0") + 1).encode())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(adds, range(12)))
    assert store.read("last/2025-01.json") == b"12"
    assert list(store.names("")) == ["last/2025-01.json"]


def test_what_is_left_as_it_was_is_not_written(store: Store) -> None:
    store.update("a", lambda _: None)
    assert store.read("a") is None
