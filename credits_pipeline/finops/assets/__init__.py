"""The wing on Dagster: assets, checks, a sensor. The only room of the wing that knows it."""
