"""DuckDB, confined: one folder to read and write, no network, no extensions, bounded memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from credits_pipeline.finops.ingest.limits import Limits
from credits_pipeline.finops.ingest.sql import literal


@contextmanager
def engine(folder: Path, limits: Limits) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that sees this folder and nothing else of the machine."""
    spill = folder / "spill"
    spill.mkdir(exist_ok=True)
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": limits.memory,
        "temp_directory": str(spill),
        "max_temp_directory_size": limits.spill,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    if limits.threads:
        config["threads"] = limits.threads
    connection = duckdb.connect(config=config)
    try:
        connection.execute("SET TimeZone = 'UTC'")
        # The engine would draw on standard output, where a command writes JSON.
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"SET allowed_directories = [{literal(str(folder))}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection
    finally:
        connection.close()
