"""DuckDB as the engine of marts: in this process, within the given memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from credits_pipeline.finops.marts.columns import Column
from credits_pipeline.finops.marts.engine import TAG, EngineError, missing_tags


class DuckDBEngine:
    """See `credits_pipeline.finops.marts.engine.Engine`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def opened(
        cls, scratch: Path, *, memory: str = "1GB", threads: int | None = None
    ) -> Iterator["DuckDBEngine"]:
        """A separate engine, for one partition after the other.

        Args:
            scratch: a folder for what does not fit into memory.
            memory: what it may use, such as ``1GB``.
            threads: how many it may use; default: one for each core.
        """
        config: dict[str, Any] = {
            "memory_limit": memory,
            "temp_directory": str(scratch),
            "autoinstall_known_extensions": False,
            "preserve_insertion_order": False,
        }
        if threads is not None:
            config["threads"] = threads
        with duckdb.connect(config=config) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            # The engine would draw on standard output, where a command writes JSON.
            connection.execute("SET enable_progress_bar = false")
            yield cls(connection)

    def register(self, table: str, files: Sequence[Path], columns: Sequence[Column]) -> None:
        """See `Engine.register`."""
        rows = f"read_parquet([{', '.join(_text(str(file)) for file in files)}])"
        with _told(f"reading {table} from {', '.join(map(str, files))}"):
            there = {
                name for name, *_ in self._connection.execute(f"DESCRIBE FROM {rows}").fetchall()
            }
            missing = missing_tags(columns, there, files)
            made = "".join(f", {_tag(name)} AS {_name(name)}" for name in missing)
            self._connection.execute(
                f"CREATE OR REPLACE TEMP VIEW {_name(table)} AS SELECT *{made} FROM {rows}"  # noqa: S608 - quoted
            )

    def run(self, text: str, into: str) -> None:
        """See `Engine.run`."""
        with _told(f"computing {into}"):
            self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {_name(into)} AS {text}")

    def read(self, text: str) -> list[tuple[Any, ...]]:
        """See `Engine.read`."""
        with _told("reading a result"):
            return self._connection.execute(text).fetchall()

    def replace(self, table: str, columns: Sequence[Column], file: Path) -> int:
        """See `Engine.replace`."""
        # The types are stated, so that an engine's own types never reach a file.
        wanted = ", ".join(f"CAST({_name(c.name)} AS {c.type}) AS {_name(c.name)}" for c in columns)
        with _told(f"writing {file}"):
            counted = self._connection.execute(
                f"COPY (SELECT {wanted} FROM {_name(table)}) TO {_text(str(file))} "  # noqa: S608 - quoted
                "(FORMAT parquet, COMPRESSION zstd)"
            ).fetchone()
        return int(counted[0]) if counted else 0


@contextmanager
def _told(doing: str) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise EngineError(
            f"{doing} failed: {error}. What to do: check that the disk is not full and that the "
            "machine has enough memory, then ingest the month again."
        ) from error


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _tag(column: str) -> str:
    """A tag that was not a column yet when the rows were typed, by its own name."""
    key = _text(column.removeprefix(TAG))
    return (
        "(SELECT MIN(tag.value ->> '$') FROM json_each(tags) AS tag "  # noqa: S608 - quoted
        f"WHERE lower(trim(tag.key)) = {key})"
    )
