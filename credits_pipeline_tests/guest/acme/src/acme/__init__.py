"""A company that has a Dagster of its own, and the pipeline as a guest in it."""
