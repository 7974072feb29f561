"""How the tables came to be: Alembic's scripts, run by `migrating` when a store is opened."""
