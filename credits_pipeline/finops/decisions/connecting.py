"""The database behind the store: how it is reached, how writers take turns, how faults are worded.

Writers take turns in both databases, so that the log's numbers are in the order of the changes.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, exc

from credits_pipeline.finops.decisions.body import canonical
from credits_pipeline.finops.decisions.fault import DecisionsError
from credits_pipeline.finops.decisions.tables import SCHEMA

#: A writer that waits longer than this for its turn gets an error.
_PATIENCE_SECONDS = 30
_WRITES = "finops_writes"


def engine_of(url: str) -> sa.Engine:
    """An engine for a database of the store; it is not reached yet.

    Args:
        url: as SQLAlchemy writes it.

    Raises:
        DecisionsError: it is not an address of a database, or of one that the store can't use.
    """
    try:
        parsed = sa.make_url(url)
    except exc.ArgumentError:
        # The text may contain a password.
        raise DecisionsError(
            "FINOPS_DATABASE_URL is not the address of a database. What to do: write it as "
            "postgresql+psycopg2://user:password@host/database or sqlite:////folder/file.sqlite."
        ) from None
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed)
        case "postgresql":
            return _postgresql(parsed)
        case other:
            raise DecisionsError(
                f"the store of decisions can't be kept in {other}. What to do: use PostgreSQL or "
                "SQLite."
            )


def _sqlite(url: sa.URL) -> sa.Engine:
    if not url.database or url.database == ":memory:":
        raise DecisionsError(
            "the store of decisions needs a file; otherwise everything is lost when the process "
            "ends. What to do: write FINOPS_DATABASE_URL as sqlite:////folder/file.sqlite."
        )
    try:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DecisionsError(
            f"the folder of the store of decisions, {Path(url.database).parent}, can't be made: "
            f"{error.strerror}. What to do: check the permissions there, or set "
            "FINOPS_DATABASE_URL."
        ) from error
    engine = sa.create_engine(url, json_serializer=canonical)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        # Transactions begin where `_begin` says, not where the driver chooses.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {_PATIENCE_SECONDS * 1000}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A reader that becomes a writer may be refused at once; writers say so from the start.
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: sa.URL) -> sa.Engine:
    try:
        engine = sa.create_engine(
            url,
            json_serializer=canonical,
            json_deserializer=json.loads,
            pool_pre_ping=True,
            connect_args={
                "connect_timeout": _PATIENCE_SECONDS,
                "application_name": "credits-pipeline decisions",
                "options": f"-c lock_timeout={_PATIENCE_SECONDS}s",
            },
        )
    except ModuleNotFoundError as error:
        raise DecisionsError(
            f"PostgreSQL's driver is not installed: {error}. What to do: pip install "
            "'.[finops,postgres]' in the project's folder, and begin FINOPS_DATABASE_URL with "
            "postgresql+psycopg2://."
        ) from None
    return engine.execution_options(schema_translate_map={None: SCHEMA})


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction with one writer at a time; readers continue meanwhile."""
    with engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"LOCK TABLE {SCHEMA}.change IN EXCLUSIVE MODE")
        yield connection


@contextmanager
def told(engine: sa.Engine) -> Iterator[None]:
    """Turn the database's own faults into messages that say what to do.

    Raises:
        DecisionsError: the database refused or could not be reached.
    """
    try:
        yield
    except exc.DBAPIError as error:
        where = engine.url.render_as_string(hide_password=True)
        says = str(error.orig).strip().splitlines()
        raise DecisionsError(
            f"the store of decisions at {where} did not answer: {says[0] if says else error!r}. "
            f"{_advice(engine)}"
        ) from error


def _advice(engine: sa.Engine) -> str:
    if engine.dialect.name == "sqlite":
        return (
            "What to do: check that the file and its folder can be written, that the disk is not "
            "full and no network disk, and that no other program holds the file."
        )
    return (
        "What to do: check that FINOPS_DATABASE_URL is right, that the database runs, and that its "
        f"user may use (the first time: create) the schema {SCHEMA}."
    )
