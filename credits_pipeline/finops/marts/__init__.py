"""The small tables that pages and commands read, made from typed rows. No Dagster."""
