"""Where the pipeline keeps what it made, and under which names. No Dagster."""
