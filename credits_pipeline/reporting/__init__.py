"""What a run reports to people and machines: receipt, attempt, report, log line. No Dagster."""
