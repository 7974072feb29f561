"""The tables of the store, as the newest migration leaves them."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

#: PostgreSQL's schema of the store, and the table of its migrations' version everywhere: sharing
#: Dagster's `alembic_version` keeps Dagster from starting.
SCHEMA = "finops"
VERSION_TABLE = "finops_alembic_version"


class Utc(sa.types.TypeDecorator[datetime]):
    """An aware moment, stored in UTC even if a database knows no zones."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """To the database."""
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, _: sa.Dialect) -> datetime | None:
        """From the database."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _json() -> sa.JSON:
    return sa.JSON(none_as_null=True)


def _counted() -> "sa.types.TypeEngine[Any]":
    # SQLite counts by itself only a column declared INTEGER.
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


METADATA = sa.MetaData()
#: Letters of an item's id.
LONGEST_ID = 200

ITEM = sa.Table(
    "item",
    METADATA,
    sa.Column("kind", sa.String(40), primary_key=True),
    sa.Column("id", sa.String(LONGEST_ID), primary_key=True),
    sa.Column("body", _json(), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("deleted", sa.Boolean, nullable=False),
    sa.Column("updated_at", Utc, nullable=False),
    sa.Column("updated_by", sa.String(320), nullable=False),
)

STATE = sa.Table(
    "state",
    METADATA,
    sa.Column("subject_kind", sa.String(40), primary_key=True),
    sa.Column("subject_id", sa.String(200), primary_key=True),
    sa.Column("state", sa.String(40), nullable=False),
    sa.Column("until", Utc),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("owner", sa.String(320), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("who", sa.String(320), nullable=False),
)

CLOSE = sa.Table(
    "close",
    METADATA,
    sa.Column("month", sa.String(7), primary_key=True),
    sa.Column("model", sa.String(200), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("inputs_digest", sa.String(64), nullable=False),
    sa.Column("totals_digest", sa.String(64), nullable=False),
    sa.Column("who", sa.String(320), nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("reopened_at", Utc),
    sa.Column("reopened_by", sa.String(320), nullable=False),
)

CHANGE = sa.Table(
    "change",
    METADATA,
    sa.Column("id", _counted(), primary_key=True, autoincrement=True),
    sa.Column("at", Utc, nullable=False),
    sa.Column("who", sa.String(320), nullable=False),
    sa.Column("via", sa.String(10), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("key", sa.String(200), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("before", _json()),
    sa.Column("after", _json()),
    sa.Column("why", sa.Text, nullable=False),
    sa.Index("change_by_key", "kind", "key"),
    sqlite_autoincrement=True,
)

SNAPSHOT = sa.Table(
    "snapshot",
    METADATA,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("at", Utc, nullable=False),
    sa.Column("contents", _json(), nullable=False),
)
