"""The history of the tables: Alembic's scripts, run by `migrating` when a store is opened."""
