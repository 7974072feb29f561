"""Where the pipeline keeps what it made, and how that is named. No Dagster."""
