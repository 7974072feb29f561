"""Everything Dagster: partitions, resources, assets, checks, sensors, and their assembly."""
