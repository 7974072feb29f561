"""What Python's fork server imports when it starts."""

import forked_runs

try:
    forked_runs.load()
except Exception as error:  # noqa: BLE001 - the runs that Dagster spawns instead tell of it
    print(f"runs are not forked: {error!r}")  # noqa: T201 - to the code server's log
