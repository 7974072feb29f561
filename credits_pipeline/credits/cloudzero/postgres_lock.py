"""The stream's lock in PostgreSQL, for more than one machine: a session's advisory lock.

The database releases it when the session ends, whatever ended it: the process, its machine, or the
network in between. It needs its own session, so a pooler that shares sessions between transactions
(PgBouncer's transaction mode) can't carry it; that is detected and refused.
"""

import importlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from credits_pipeline.credits.cloudzero.errors import LockError
from credits_pipeline.credits.cloudzero.lock import HeldLock, Waiting, stream_digest, until_held
from credits_pipeline.text import log_of

_log = log_of(__name__)

#: So that either side notices within a minute that the other is gone.
_PATIENCE = {
    "connect_timeout": 30,
    "keepalives": 1,
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    # In milliseconds: keepalives do not cover data that was sent and never acknowledged.
    "tcp_user_timeout": 50_000,
}
_SESSION = """
    SET tcp_keepalives_idle = 20;
    SET tcp_keepalives_interval = 10;
    SET tcp_keepalives_count = 3;
    SET statement_timeout = 0
"""
_HELD = """
    SELECT pg_backend_pid(), count(*) FROM pg_locks
    WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted
      AND classid::bigint = %s AND objid::bigint = %s AND objsubid = 1
"""


class PostgresStreamLock:
    """An advisory lock of PostgreSQL, named by base URL and connection id."""

    def __init__(
        self, url: str, base_url: str, connection_id: str, *, poll_seconds: float = 1.0
    ) -> None:
        """Name the lock; no connection is made yet.

        Args:
            url: of the database, as libpq or SQLAlchemy writes it.
            base_url: CloudZero's API, in any spelling.
            connection_id: the stream.
            poll_seconds: how often to try while another process holds it. It polls instead of
                waiting inside the database, so that a run can be stopped.
        """
        # SQLAlchemy names its driver in the scheme, which libpq does not understand.
        self._url = re.sub(r"^postgres(ql)?(\+[a-z0-9_]+)?://", "postgresql://", url)
        digest = bytes.fromhex(stream_digest(base_url, connection_id))
        self.key = int.from_bytes(digest[:8], "big", signed=True)
        self._stream = connection_id
        self._poll_seconds = poll_seconds

    def __repr__(self) -> str:
        return f"PostgresStreamLock(stream={self._stream!r}, key={self.key})"

    @contextmanager
    def hold(self, waiting: Waiting = _log.info) -> Iterator[HeldLock]:
        """Wait for the lock, hold it inside the ``with``, release it.

        Raises:
            LockError: there is no driver, no connection, or it was lost while waiting.
        """
        driver = _driver()
        connection = self._connected(driver)
        try:
            held = _HeldSession(driver, connection, self.key, self._stream)
            until_held(
                held.try_to_take,
                f"stream {self._stream} is in use by another run (advisory lock {self.key})",
                waiting,
                self._poll_seconds,
            )
            held.still_held()
            yield held
        finally:
            # Ends the session, and the lock with it.
            connection.close()

    def _connected(self, driver: Any) -> Any:
        failed = None
        try:
            connection = driver.connect(self._url, **_PATIENCE)
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(_SESSION)
        except driver.OperationalError as error:
            failed = f"there is no connection to PostgreSQL: {_one_line(error)}"
        except driver.Error:
            # libpq's text about a URL that it can't read may contain the password.
            failed = "the URL of PostgreSQL can't be read"
        # Raised outside the handler, so that nothing chained to it contains the URL.
        if failed is not None:
            raise LockError(
                f"The lock of stream {self._stream} can't be taken: {failed}.",
                "Check the database that Dagster's storage is set to.",
            )
        return connection


class _HeldSession:
    """The database session that holds the lock, or is about to."""

    def __init__(self, driver: Any, connection: Any, key: int, stream: str) -> None:
        self._driver = driver
        self._connection = connection
        self._key = key
        self._stream = stream
        self._backend: int | None = None

    def try_to_take(self) -> bool:
        """Take the lock if it is free."""
        taken, backend = self._one(
            "SELECT pg_try_advisory_lock(%s), pg_backend_pid()", (self._key,)
        )
        self._backend = int(backend)
        return bool(taken)

    def still_held(self) -> None:
        """Ask the database whether this session holds the lock.

        Raises:
            LockError: it does not, or the session is gone.
        """
        unsigned = self._key % (1 << 64)
        backend, count = self._one(_HELD, (unsigned >> 32, unsigned & 0xFFFFFFFF))
        if count != 1 or backend != self._backend:
            raise LockError(
                f"The session that held the lock of stream {self._stream} is no longer ours.",
                "Connect to PostgreSQL itself, or to a pooler that keeps sessions whole.",
            )

    def _one(self, statement: str, values: tuple[int, ...]) -> tuple[Any, Any]:
        failed = None
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(statement, values)
                row: tuple[Any, Any] = cursor.fetchone()
        except self._driver.Error as error:
            failed = _one_line(error)
        if failed is not None:
            raise LockError(
                f"The database session with the lock of stream {self._stream} is lost: {failed}.",
                "Another run may use the stream. Check that PostgreSQL is up, then run it again.",
            )
        return row


def _driver() -> Any:
    try:
        return importlib.import_module("psycopg2")
    except ImportError as error:
        raise LockError(
            "The stream's lock is to be kept in PostgreSQL, and its driver is not installed.",
            "Install it: pip install dagster-postgres, or psycopg2-binary.",
        ) from error


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()).rstrip(".")
