"""The first tables: items, states, closed months, the log of changes, snapshots."""

import sqlalchemy as sa
from alembic import context, op

revision = "f001"
down_revision = None
branch_labels = None
depends_on = None

_ONLY_ADDED = "the log of changes is only ever added to"


def upgrade() -> None:
    """Make them."""
    schema = context.config.attributes["schema"]
    moment, json = sa.DateTime(timezone=True), sa.JSON()
    op.create_table(
        "item",
        sa.Column("kind", sa.String(40), primary_key=True),
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("body", json, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.Column("updated_by", sa.String(320), nullable=False),
        schema=schema,
    )
    op.create_table(
        "state",
        sa.Column("subject_kind", sa.String(40), primary_key=True),
        sa.Column("subject_id", sa.String(200), primary_key=True),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("until", moment),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("owner", sa.String(320), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("who", sa.String(320), nullable=False),
        schema=schema,
    )
    op.create_table(
        "close",
        sa.Column("month", sa.String(7), primary_key=True),
        sa.Column("model", sa.String(200), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("inputs_digest", sa.String(64), nullable=False),
        sa.Column("totals_digest", sa.String(64), nullable=False),
        sa.Column("who", sa.String(320), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("reopened_at", moment),
        sa.Column("reopened_by", sa.String(320), nullable=False),
        schema=schema,
    )
    op.create_table(
        "change",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("at", moment, nullable=False),
        sa.Column("who", sa.String(320), nullable=False),
        sa.Column("via", sa.String(10), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("before", json),
        sa.Column("after", json),
        sa.Column("why", sa.Text, nullable=False),
        schema=schema,
        sqlite_autoincrement=True,
    )
    op.create_index("change_by_key", "change", ["kind", "key"], schema=schema)
    op.create_table(
        "snapshot",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("at", moment, nullable=False),
        sa.Column("contents", json, nullable=False),
        schema=schema,
    )
    _only_added(schema)


def _only_added(schema: str | None) -> None:
    """Make the database itself refuse to rewrite the log."""
    if schema is None:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER change_refuses_{verb.lower()} BEFORE {verb} ON change "
                f"BEGIN SELECT RAISE(ABORT, '{_ONLY_ADDED}'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {schema}.change_is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_ONLY_ADDED}'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER change_refuses BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.change "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {schema}.change_is_only_added_to()"
    )
