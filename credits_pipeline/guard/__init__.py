"""The guard in front of the pages on one machine: requests of other sites never reach Dagster."""
