"""The guard in front of the pages on one machine: other sites' requests never reach Dagster."""
