import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import filelock
import pytest

from credits_pipeline.credits.cloudzero import lock as lock_module
from credits_pipeline.credits.cloudzero.errors import LockError
from credits_pipeline.credits.cloudzero.lock import (
    FileStreamLock,
    OfMachineAndDatabase,
    StreamLock,
    default_folder,
)
from credits_pipeline_tests.waiting import eventually

URL = "https://api.cloudzero.com"
_HOLDER = """
import sys, time
from pathlib import Path
from credits_pipeline.credits.cloudzero.lock import FileStreamLock
with FileStreamLock(sys.argv[1], sys.argv[2], folder=Path(sys.argv[3])).hold():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "locks"


@pytest.fixture
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock of stream ``s``."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, URL, "s", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.stdin.close()
    process.wait(10)
    process.stdout.close()


def take(lock: StreamLock) -> tuple[threading.Thread, list[str], threading.Event]:
    """Wait for a lock in a thread: the thread, its messages, and whether it got the lock."""
    told: list[str] = []
    got = threading.Event()

    def run() -> None:
        with lock.hold(told.append):
            got.set()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, told, got


def test_a_process_that_is_killed_lets_go_at_once(
    holder: subprocess.Popen[str], folder: Path
) -> None:
    thread, told, got = take(FileStreamLock(URL, "s", folder=folder, poll_seconds=0.02))
    eventually(lambda: told)
    assert not got.is_set()
    assert "stream s is in use by another run on this machine" in told[0]
    holder.send_signal(signal.SIGKILL)
    thread.join(10)
    assert got.is_set()
    assert len(told) == 1


def test_threads_of_one_process_exclude_each_other(folder: Path) -> None:
    inside = 0
    most = 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal inside, most
        with FileStreamLock(URL, "s", folder=folder, poll_seconds=0.002).hold():
            with guard:
                inside += 1
                most = max(most, inside)
            time.sleep(0.005)
            with guard:
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    assert most == 1


def test_one_lock_object_held_twice_waits_for_itself(folder: Path) -> None:
    lock = FileStreamLock(URL, "s", folder=folder, poll_seconds=0.01)
    with lock.hold():
        thread, told, got = take(lock)
        eventually(lambda: told)
        assert not got.is_set()
    thread.join(10)
    assert got.is_set()


def test_another_stream_is_not_waited_for(holder: subprocess.Popen[str], folder: Path) -> None:
    with (
        FileStreamLock(URL, "t", folder=folder).hold(),
        FileStreamLock("https://other.example", "s", folder=folder).hold(),
    ):
        pass


def test_a_failure_inside_lets_go(folder: Path) -> None:
    lock = FileStreamLock(URL, "s", folder=folder)
    with pytest.raises(ZeroDivisionError), lock.hold():
        raise ZeroDivisionError
    with lock.hold(pytest.fail):
        pass


@pytest.mark.parametrize("url", ["https://API.cloudzero.com/", "https://api.cloudzero.com:443"])
def test_every_spelling_of_the_base_url_is_the_same_lock(url: str) -> None:
    assert FileStreamLock(url, "s").path == FileStreamLock(URL, "s").path


def test_its_place_is_fixed_for_the_user_and_never_temporary(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    state, home = tmp_path / "somewhere", tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    assert default_folder() == state / "credits_pipeline" / "locks"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert default_folder() == home / ".local" / "state" / "credits_pipeline" / "locks"
    monkeypatch.delenv("XDG_STATE_HOME")
    assert default_folder() == home / ".local" / "state" / "credits_pipeline" / "locks"
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.chdir(tmp_path)
    assert FileStreamLock(URL, "s").path.parent == default_folder()


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_STATE_HOME")

    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    with pytest.raises(LockError, match="Set XDG_STATE_HOME"):
        FileStreamLock(URL, "s")


def test_a_place_that_can_not_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    lock = FileStreamLock(URL, "s", folder=tmp_path / "file" / "locks")
    with pytest.raises(LockError, match=r"can't be kept at .*file"), lock.hold():
        pytest.fail("it is not held")


def test_a_file_system_without_locks_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock does not outlive its process."""
    monkeypatch.setattr(lock_module.filelock, "FileLock", filelock.SoftFileLock)
    with pytest.raises(LockError, match="no locks that end"):
        FileStreamLock(URL, "s", folder=folder).hold().__enter__()
    assert list(folder.glob("*.lock")) == []


def test_a_lock_whose_file_was_taken_away_is_noticed(folder: Path) -> None:
    lock = FileStreamLock(URL, "s", folder=folder)
    with lock.hold() as held:
        held.still_held()
        os.replace(lock.path, lock.path.with_suffix(".old"))  # noqa: PTH105 - says what it does
        with pytest.raises(LockError, match="deleted or replaced"):
            held.still_held()
        lock.path.touch()
        with pytest.raises(LockError, match="deleted or replaced"):
            held.still_held()


class TestOfMachineAndDatabase:
    """A lock in another folder stands for the database's: the test is about their combination."""

    @pytest.fixture
    def machine(self, folder: Path) -> FileStreamLock:
        return FileStreamLock(URL, "s", folder=folder, poll_seconds=0.02)

    @pytest.fixture
    def database(self, tmp_path: Path) -> FileStreamLock:
        return FileStreamLock(URL, "s", folder=tmp_path / "database", poll_seconds=0.02)

    def test_a_run_waits_for_either_lock(
        self, machine: FileStreamLock, database: FileStreamLock
    ) -> None:
        both = OfMachineAndDatabase(machine, database)
        for one in (machine, database):
            with one.hold():
                thread, told, got = take(both)
                eventually(lambda told=told: told)
                assert not got.is_set()
            thread.join(10)
            assert got.is_set()

    @pytest.mark.parametrize("lost", ["machine", "database"])
    def test_losing_either_is_noticed(
        self, machine: FileStreamLock, database: FileStreamLock, lost: str
    ) -> None:
        with OfMachineAndDatabase(machine, database).hold(pytest.fail) as held:
            held.still_held()
            {"machine": machine, "database": database}[lost].path.unlink()
            with pytest.raises(LockError, match="deleted or replaced"):
                held.still_held()

    def test_a_machine_without_a_place_for_it_goes_without(
        self, tmp_path: Path, database: FileStreamLock, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "file").touch()
        nowhere = FileStreamLock(URL, "s", folder=tmp_path / "file" / "locks")
        with (
            caplog.at_level("INFO"),
            OfMachineAndDatabase(nowhere, database).hold(pytest.fail) as held,
        ):
            held.still_held()
            thread, told, _ = take(database)
            eventually(lambda: told)
        thread.join(10)
        assert "in the database alone" in caplog.text

    def test_without_the_database_s_it_is_not_held(
        self, machine: FileStreamLock, tmp_path: Path
    ) -> None:
        (tmp_path / "file").touch()
        nowhere = FileStreamLock(URL, "s", folder=tmp_path / "file" / "locks")
        with pytest.raises(LockError), OfMachineAndDatabase(machine, nowhere).hold():
            pytest.fail("it is not held")
        with machine.hold(pytest.fail):
            pass


def test_the_folder_and_the_file_are_the_users_own(folder: Path) -> None:
    with FileStreamLock(URL, "s", folder=folder).hold():
        assert folder.stat().st_mode & 0o077 == 0


def test_it_says_again_every_minute_that_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(lock_module.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(
        lock_module.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds)
    )
    told: list[str] = []
    lock_module.until_held(lambda: now[0] >= 150, "the stream is in use", told.append, 0.5)
    assert told == [
        "waiting: the stream is in use",
        "waiting: the stream is in use, for 1 min now",
        "waiting: the stream is in use, for 2 min now",
    ]
