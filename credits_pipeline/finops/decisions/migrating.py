"""Brings a database's tables to the newest version, once, by whoever opens it first.

Many processes may open a new store at the same moment: one migrates under a lock, the others wait.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from filelock import FileLock, Timeout

from credits_pipeline.finops.decisions.connecting import engine_of, told
from credits_pipeline.finops.decisions.fault import DecisionsError
from credits_pipeline.finops.decisions.tables import SCHEMA, VERSION_TABLE

#: “finops” as a number: PostgreSQL's advisory locks have no names.
_LOCK = int.from_bytes(b"finops", "big")
_PATIENCE_SECONDS = 60


def migrate(engine: sa.Engine) -> None:
    """Create or change the tables if they are not of this release.

    Raises:
        DecisionsError: they are of a later release, or another process migrates for too long.
    """
    head = _head()
    if _revision(engine) == head:
        return
    with _alone(engine), engine.connect() as connection:
        found = _revision(engine)
        if found == head:
            return
        _refuse_later(found, head)
        with connection.begin():
            if _schema(engine) and not sa.inspect(connection).has_schema(SCHEMA):
                connection.execute(sa.schema.CreateSchema(SCHEMA))
            config = _config()
            config.attributes["connection"] = connection
            config.attributes["schema"] = _schema(engine)
            command.upgrade(config, "head")


def standing(url: str) -> tuple[str | None, str]:
    """The version of a database's tables, None if it has none, and that of this release.

    Raises:
        DecisionsError: the database does not answer, or a later release wrote it.
    """
    engine = engine_of(url)
    try:
        with told(engine):
            found, head = _revision(engine), _head()
            _refuse_later(found, head)
            return found, head
    finally:
        engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.set_main_option("path_separator", "os")
    return config


def _head() -> str:
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def _known() -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def _refuse_later(found: str | None, head: str) -> None:
    if found not in (None, head) and found not in _known():
        raise DecisionsError(
            f"a later release wrote the store of decisions: its tables have version {found}, "
            f"and this release knows {head}. What to do: install the release that wrote it, or "
            "a later one."
        )


def _schema(engine: sa.Engine) -> str | None:
    return SCHEMA if engine.dialect.name == "postgresql" else None


def _revision(engine: sa.Engine) -> str | None:
    """The version of the tables; None if there are none."""
    table = sa.table(VERSION_TABLE, sa.column("version_num"), schema=_schema(engine))
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table(VERSION_TABLE, schema=_schema(engine)):
            return None
        found = connection.execute(sa.select(table.c.version_num)).scalar()
        return None if found is None else str(found)


@contextmanager
def _alone(engine: sa.Engine) -> Iterator[None]:
    if _schema(engine) is not None:
        with engine.connect() as connection:
            # It is the session's, and ends with it.
            connection.execute(sa.select(sa.func.pg_advisory_lock(_LOCK)))
            try:
                yield
            finally:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(_LOCK)))
        return
    file = f"{engine.url.database}.lock"
    try:
        with FileLock(file, timeout=_PATIENCE_SECONDS):
            yield
    except Timeout:
        raise DecisionsError(
            f"another process has held {file} for {_PATIENCE_SECONDS} s while it creates the "
            "tables of the store of decisions. What to do: end it, and try again."
        ) from None
