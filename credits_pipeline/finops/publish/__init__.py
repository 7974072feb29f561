"""What pages and commands read: one immutable DuckDB file a version, and a pointer. No Dagster."""
