"""One stream, one request at a time: a lock that is released when its holder dies.

The operating system releases the file's lock, and the database the session's, whatever ended the
process: no leases, no clock, nothing to clean up (design decision 2).
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import filelock

from credits_pipeline.credits.cloudzero.credentials import checked_base_url, checked_connection_id
from credits_pipeline.credits.cloudzero.errors import LockError
from credits_pipeline.text import log_of

_log = log_of(__name__)

Waiting = Callable[[str], None]


class HeldLock(Protocol):
    """A lock that is held."""

    def still_held(self) -> None:
        """Return if it is; raise `LockError` if it was lost."""


class StreamLock(Protocol):
    """The lock of one stream: of one base URL and connection id."""

    def hold(self, waiting: Waiting = _log.info) -> AbstractContextManager[HeldLock]:
        """Wait for the lock, hold it inside the ``with``, release it.

        Args:
            waiting: called with a sentence when the wait for the lock begins, and every minute
                after that.
        """


class FileStreamLock:
    """A lock of the operating system on a file of this user, for one machine.

    It excludes threads and processes alike. It does not suit a folder shared by several machines.
    """

    def __init__(
        self,
        base_url: str,
        connection_id: str,
        *,
        folder: Path | None = None,
        poll_seconds: float = 0.2,
    ) -> None:
        """Name the lock; nothing is created yet.

        Args:
            base_url: CloudZero's API, in any spelling.
            connection_id: the stream.
            folder: instead of `default_folder`.
            poll_seconds: how often to try while another process holds it.
        """
        self.path = (folder or default_folder()) / f"{stream_digest(base_url, connection_id)}.lock"
        self._stream = connection_id
        self._poll_seconds = poll_seconds

    def __repr__(self) -> str:
        return f"FileStreamLock({str(self.path)!r})"

    @contextmanager
    def hold(self, waiting: Waiting = _log.info) -> Iterator[HeldLock]:
        """Wait for the lock, hold it inside the ``with``, release it.

        Raises:
            LockError: there is no place for the lock's file.
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = filelock.FileLock(self.path, thread_local=False)
            until_held(
                lambda: _try_file(lock),
                f"stream {self._stream} is in use by another run on this machine ({self.path})",
                waiting,
                self._poll_seconds,
            )
        except OSError as error:
            raise LockError(
                f"the lock of stream {self._stream} can't be kept at {self.path}: {error}.",
                "Make that folder writable, or set XDG_STATE_HOME to one that is.",
            ) from error
        try:
            yield _HeldFile(self.path)
        finally:
            lock.release()


class OfMachineAndDatabase:
    """A database's lock, together with this machine's.

    A database that restarts releases every lock, while a request may still be on its way: the
    machine's own lock makes its other runs wait until that request has ended.
    """

    def __init__(self, machine: StreamLock, database: StreamLock) -> None:
        """Name both; nothing is created yet."""
        self._machine, self._database = machine, database

    def __repr__(self) -> str:
        return f"OfMachineAndDatabase({self._machine!r}, {self._database!r})"

    @contextmanager
    def hold(self, waiting: Waiting = _log.info) -> Iterator[HeldLock]:
        """Wait for both, hold them inside the ``with``, release them.

        A machine without a place for its lock, such as a read-only container, uses the database's
        alone.

        Raises:
            LockError: the database's can't be taken.
        """
        with ExitStack() as stack:
            held: list[HeldLock] = []
            try:
                held.append(stack.enter_context(self._machine.hold(waiting)))
            except LockError as error:
                _log.info("the stream's lock is kept in the database alone: %s", error)
            held.append(stack.enter_context(self._database.hold(waiting)))
            yield _HeldTogether(held)


class _HeldTogether:
    def __init__(self, held: Sequence[HeldLock]) -> None:
        self._held = held

    def still_held(self) -> None:
        """Return if all of them are held."""
        for one in self._held:
            one.still_held()


class _HeldFile:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity = _identity(path)

    def still_held(self) -> None:
        """Return if the locked file is still the one at the path."""
        if self._identity is None or _identity(self._path) != self._identity:
            raise LockError(
                f"the lock's file {self._path} was deleted or replaced while it was held, so "
                "another run may use the stream.",
                "Leave that file alone, and run it again.",
            )


def _try_file(lock: filelock.BaseFileLock) -> bool:
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return False
    if isinstance(lock, filelock.SoftFileLock):
        # filelock's fallback where flock is missing: it would outlive a killed process.
        lock.release()
        raise OSError("its file system has no locks that end with their process")
    return True


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def until_held(attempt: Callable[[], bool], why: str, waiting: Waiting, poll: float) -> None:
    """Try until it succeeds; say why it waits, at the start and then every minute."""
    begun = time.monotonic()
    said = 0
    while not attempt():
        minutes = int((time.monotonic() - begun) / 60)
        if minutes >= said:
            waiting(f"waiting: {why}" + (f", for {minutes} min now" if minutes else ""))
            said = minutes + 1
        time.sleep(poll)


def default_folder() -> Path:
    """The fixed folder of this user's locks, never a temporary one.

    Raises:
        LockError: the user has no home folder and XDG_STATE_HOME is not set.
    """
    state = os.environ.get("XDG_STATE_HOME", "")
    try:
        home = Path(state) if Path(state).is_absolute() else Path.home() / ".local" / "state"
    except RuntimeError as error:
        raise LockError(
            "There is no home folder to keep the stream's lock in.",
            "Set XDG_STATE_HOME to a permanent folder.",
        ) from error
    return home / "credits_pipeline" / "locks"


def stream_digest(base_url: str, connection_id: str) -> str:
    """The name of a stream's lock: the same for every spelling of its base URL."""
    name = f"{checked_base_url(base_url)}\n{checked_connection_id(connection_id)}"
    return hashlib.sha256(name.encode()).hexdigest()
