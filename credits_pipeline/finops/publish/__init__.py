"""What pages and commands read: an immutable DuckDB file per version, a pointer. No Dagster."""
