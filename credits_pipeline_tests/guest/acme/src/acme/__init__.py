"""A company with its own Dagster, and the pipeline as a guest in it."""
