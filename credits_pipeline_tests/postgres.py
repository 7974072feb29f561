"""The tests' own PostgreSQL server: real, on loopback, with its data in a temporary folder."""

import contextlib
import getpass
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from credits_pipeline.sandbox.dagster_dev import free_port
from credits_pipeline_tests.waiting import eventually

USER = "credits"
#: Tests look for it in what remains, as for the API key.
PASSWORD = "database-password-for-tests-9c2e"
#: The name of the variable with the password; its value is never in a file.
PASSWORD_VARIABLE = "DATABASE_PASSWORD"
#: The part of a dagster.yaml that makes a database Dagster's storage.
_DAGSTER_YAML = """
storage:
  postgres:
    postgres_db:
      scheme: postgresql+psycopg2
      hostname: 127.0.0.1
      port: {port}
      username: {user}
      password:
        env: {variable}
      db_name: {database}
"""
#: Where Debian and Ubuntu put what only the server's own tools need.
_DEBIAN = "/usr/lib/postgresql"


def missing() -> str | None:
    """Why no server can run here, or None."""
    return None if program("initdb") else "PostgreSQL's server is not installed"


def program(name: str) -> str | None:
    """The path of one of PostgreSQL's programs; None if it is not installed."""
    newest = sorted(Path(_DEBIAN).glob("*/bin"), key=lambda bin_: bin_.parent.name, reverse=True)
    return shutil.which(name) or next(
        (str(folder / name) for folder in newest if (folder / name).is_file()), None
    )


class PostgresServer:
    """A server that can be stopped and started again on the same port.

    Attributes:
        port: on 127.0.0.1.
    """

    def __init__(self, folder: Path, owner: str) -> None:
        """Name it; nothing is created yet.

        Args:
            folder: of its data.
            owner: the system user that it runs as.
        """
        self._folder, self._owner = folder, owner
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0
        self.port = free_port()

    def url(self, database: str = "postgres") -> str:
        """The URL of a database, as SQLAlchemy writes it."""
        return f"postgresql+psycopg2://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def dagster_yaml(self, database: str) -> str:
        """The part of a dagster.yaml that makes a database Dagster's storage."""
        return _DAGSTER_YAML.format(
            port=self.port, user=USER, variable=PASSWORD_VARIABLE, database=database
        )

    def create_database(self) -> str:
        """Create an empty database that nobody else uses; returns its name."""
        self._databases += 1
        name = f"database_{self._databases}"
        self.query(f"CREATE DATABASE {name}")
        return name

    def query(self, statement: str, *values: Any, database: str = "postgres") -> list[Any]:
        """The rows that a statement returns."""
        import psycopg2

        connection = psycopg2.connect(self.url(database).replace("+psycopg2", ""))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def texts(self, database: str) -> list[str]:
        """Every row of every table of a database, as text."""
        tables = self.query(
            "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
            database=database,
        )
        return [
            " ".join(map(_text, row))
            for (table,) in tables
            for row in self.query(f"SELECT * FROM {table}", database=database)
        ]

    def sessions_with_locks(self, database: str) -> list[int]:
        """The sessions of a database that hold an advisory lock, by process id."""
        held = self.query(
            "SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database "
            "WHERE locktype = 'advisory' AND granted AND datname = %s",
            database,
        )
        return [pid for (pid,) in held]

    def end_session(self, pid: int) -> None:
        """Cut a session, as a network or an administrator does."""
        self.query("SELECT pg_terminate_backend(%s)", pid)
        eventually(
            lambda: not self.query("SELECT 1 FROM pg_stat_activity WHERE pid = %s", pid),
            f"session {pid} did not end",
        )

    def initialise(self) -> None:
        """Create the folder of its data."""
        password = self._folder / "password"
        password.write_text(PASSWORD)
        if os.getuid() == 0:
            for path in (self._folder, password):
                shutil.chown(path, self._owner)
        self._run("initdb", "-U", USER, "-A", "scram-sha-256", "--pwfile", str(password), "-N")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        address = ["-h", "127.0.0.1", "-p", str(self.port), "-k", ""]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                # -F: data that outlives no test need not wait for disks.
                [program("postgres") or "", "-D", self._data, "-F", *address],
                stdout=subprocess.DEVNULL,
                stderr=log,
                **self._as_owner,
            )
        eventually(self._answers, f"PostgreSQL did not start; see {self._folder}/log")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: SIGINT ends its sessions, SIGQUIT ends them without a word."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(60)
            self._process = None

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    @property
    def _as_owner(self) -> dict[str, Any]:
        # The server refuses to run as root.
        user = {"user": self._owner} if os.getuid() == 0 else {}
        return {"cwd": self._folder, **user}

    def _run(self, name: str, *arguments: str) -> None:
        command = [program(name) or "", "-D", self._data, *arguments]
        subprocess.run(command, check=True, capture_output=True, **self._as_owner)

    def _answers(self) -> bool:
        import psycopg2

        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "log").read_text()
        with contextlib.suppress(psycopg2.OperationalError):
            return bool(self.query("SELECT 1"))
        return False


def _text(value: object) -> str:
    """A row's value as text; Dagster compresses some of what it stores."""
    if not isinstance(value, memoryview):
        return str(value)
    content = bytes(value)
    with contextlib.suppress(zlib.error):
        content = zlib.decompress(content)
    return content.decode(errors="replace")


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Run a server until the block ends."""
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        server = PostgresServer(Path(name), _owner())
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _owner() -> str:
    """The user to run as: this one, or the packaged one if this is root."""
    if os.getuid() != 0:
        return getpass.getuser()
    known = {found.pw_name for found in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"
