import subprocess
import sys
import threading
from typing import Any

import pytest

from credits_pipeline.credits.cloudzero.errors import LockError
from credits_pipeline.credits.cloudzero.postgres_lock import PostgresStreamLock
from credits_pipeline_tests.postgres import PostgresServer
from credits_pipeline_tests.waiting import eventually

URL = "https://api.cloudzero.com"
_HOLDER = """
import sys
from credits_pipeline.credits.cloudzero.postgres_lock import PostgresStreamLock
with PostgresStreamLock(sys.argv[1], sys.argv[2], sys.argv[3]).hold():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def name(postgres: PostgresServer) -> str:
    return postgres.create_database()


@pytest.fixture
def database(postgres: PostgresServer, name: str) -> str:
    return postgres.url(name)


class TestServer:
    def test_a_process_that_is_killed_lets_go(self, database: str) -> None:
        holder = subprocess.Popen(
            [sys.executable, "-c", _HOLDER, database, URL, "s"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "held\n"
        told: list[str] = []
        got = threading.Event()

        def wait_for_it() -> None:
            with PostgresStreamLock(database, URL, "s", poll_seconds=0.05).hold(told.append):
                got.set()

        thread = threading.Thread(target=wait_for_it)
        thread.start()
        eventually(lambda: told)
        assert not got.is_set()
        assert "stream s is in use by another run" in told[0]
        holder.kill()
        holder.wait(10)
        holder.stdin.close()
        holder.stdout.close()
        thread.join(10)
        assert got.is_set()

    def test_a_session_that_was_cut_is_noticed(
        self, postgres: PostgresServer, name: str, database: str
    ) -> None:
        with PostgresStreamLock(database, URL, "s").hold() as held:
            held.still_held()
            [pid] = postgres.sessions_with_locks(name)
            postgres.end_session(pid)
            with pytest.raises(LockError, match="is lost"):
                held.still_held()

    def test_a_lock_that_the_session_gave_back_is_noticed(self, database: str) -> None:
        with PostgresStreamLock(database, URL, "s").hold() as held:
            connection: Any = held._connection  # type: ignore[attr-defined]
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock_all()")
            with pytest.raises(LockError, match="is no longer ours"):
                held.still_held()

    def test_it_is_free_after_the_end_and_after_a_failure(
        self, postgres: PostgresServer, name: str, database: str
    ) -> None:
        lock = PostgresStreamLock(database, URL, "s")
        with lock.hold():
            assert len(postgres.sessions_with_locks(name)) == 1
        with pytest.raises(ZeroDivisionError), lock.hold():
            raise ZeroDivisionError
        eventually(lambda: not postgres.sessions_with_locks(name))
        with lock.hold(pytest.fail):
            pass

    def test_streams_have_locks_of_their_own(self, database: str) -> None:
        with (
            PostgresStreamLock(database, URL, "s").hold() as one,
            PostgresStreamLock(database, URL, "t").hold(pytest.fail) as other,
            PostgresStreamLock(database, "https://other.example", "s").hold(pytest.fail),
        ):
            one.still_held()
            other.still_held()


def test_keys_of_either_sign_fit_the_database() -> None:
    keys = [PostgresStreamLock("", URL, f"s{n}").key for n in range(50)]
    assert min(keys) < 0 < max(keys)
    assert all(-(1 << 63) <= key < 1 << 63 for key in keys)
    assert len(set(keys)) == 50


def test_every_spelling_of_the_base_url_is_the_same_lock() -> None:
    assert (
        PostgresStreamLock("", "https://API.cloudzero.com:443/", "s").key
        == PostgresStreamLock("", URL, "s").key
    )


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://user:hush-hush@127.0.0.1:1/db", "no connection to PostgreSQL"),
        ("postgresql+psycopg2://user:hush-hush@127.0.0.1:1/db", "no connection to PostgreSQL"),
        ("postgres://user:hush-hush@127.0.0.1:1/db", "no connection to PostgreSQL"),
        ("postgresql://user:hush-hush%zz@127.0.0.1:1/db", "URL of PostgreSQL can't be read"),
        ("mysql://user:hush-hush@127.0.0.1/db", "URL of PostgreSQL can't be read"),
    ],
)
def test_a_database_that_is_not_there_is_an_error_without_the_password(url: str, says: str) -> None:
    pytest.importorskip("psycopg2")
    lock = PostgresStreamLock(url, URL, "s")
    with pytest.raises(LockError, match=says) as caught, lock.hold():
        pytest.fail("it is not held")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "hush" not in f"{caught.value}{caught.value!r}{lock!r}"


def test_without_its_driver_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    with (
        pytest.raises(LockError, match="pip install dagster-postgres"),
        PostgresStreamLock("postgresql://x/y", URL, "s").hold(),
    ):
        pytest.fail("it is not held")


def test_the_driver_is_not_imported_before_it_is_used() -> None:
    code = (
        "import sys; import credits_pipeline.credits.cloudzero.postgres_lock as m; "
        "print('psycopg2' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout == "False\n"
