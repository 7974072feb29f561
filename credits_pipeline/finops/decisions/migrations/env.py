"""Alembic's entry: runs the scripts on the connection that `migrating` hands over."""

from alembic import context

from credits_pipeline.finops.decisions.tables import METADATA, VERSION_TABLE

_connection = context.config.attributes["connection"]
context.configure(
    connection=_connection,
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    version_table_schema=context.config.attributes["schema"],
    # SQLite alters a table by making it anew.
    render_as_batch=_connection.dialect.name == "sqlite",
    transactional_ddl=True,
)
context.run_migrations()
