"""What people and machines are told of a run: receipt, attempt, report, log line. No Dagster."""
