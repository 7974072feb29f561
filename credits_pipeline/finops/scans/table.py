"""A table of scan results, as Parquet: written and read row by row, whatever its size.

Rows pass through a file of JSON lines, because DuckDB types those exactly: decimals from text, maps
from objects. The whole table is never in memory.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

_BATCH = 1000
_MEMORY = "512MB"


@dataclass(frozen=True)
class Table:
    """Its columns, in order, as ``(name, type of DuckDB)``."""

    columns: tuple[tuple[str, str], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(name for name, _ in self.columns)


def connected(scratch: Path) -> "duckdb.DuckDBPyConnection":
    """A separate connection with limited memory.

    Args:
        scratch: a folder for what does not fit.
    """
    import duckdb  # noqa: PLC0415 - heavy

    connection = duckdb.connect(
        config={
            "memory_limit": _MEMORY,
            "threads": 2,
            "temp_directory": str(scratch),
            "autoinstall_known_extensions": False,
        }
    )
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def write(table: Table, rows: Iterable[Mapping[str, Any]], scratch: Path, file: Path) -> int:
    """Write rows in order; returns their number.

    Args:
        table: their columns.
        rows: by the columns' names; a column that a row lacks is NULL.
        scratch: an empty folder.
        file: the Parquet file.
    """
    lines = scratch / f"{file.stem}.jsonl"
    number = 0
    with lines.open("w", encoding="utf-8") as out:
        for row in rows:
            known = {name: _plain(row.get(name)) for name in table.names}
            out.write(json.dumps(known, ensure_ascii=False) + "\n")
            number += 1
    types = ", ".join(f"{_quoted(name)}: {_quoted(kind)}" for name, kind in table.columns)
    with connected(scratch) as connection:
        connection.execute(
            f"COPY (SELECT * FROM read_json('{_escaped(str(lines))}', "  # noqa: S608 - our own names
            f"format = 'newline_delimited', columns = {{{types}}}, "
            "maximum_object_size = 67108864)) "
            f"TO '{_escaped(str(file))}' (FORMAT parquet, COMPRESSION zstd)"
        )
    lines.unlink()
    return number


def read(file: Path, scratch: Path, *, order: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """The rows of a file, by the columns' names.

    Args:
        file: the Parquet file.
        scratch: a folder for what does not fit into memory.
        order: columns to sort by.
    """
    by = f" ORDER BY {', '.join(map(_name, order))}" if order else ""
    with connected(scratch) as connection:
        yield from rows_of(
            connection,
            f"SELECT * FROM read_parquet('{_escaped(str(file))}'){by}",  # noqa: S608 - our own names
        )


def rows_of(
    connection: "duckdb.DuckDBPyConnection", text: str, values: Mapping[str, Any] | None = None
) -> Iterator[dict[str, Any]]:
    """The answer of a query, batch by batch."""
    found = connection.execute(text, values)
    names = [each[0] for each in found.description or ()]
    while batch := found.fetchmany(_BATCH):
        for row in batch:
            yield dict(zip(names, row, strict=True))


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return format(value, "f")
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case date():
            return value.isoformat()
        case _:
            return value


def _escaped(text: str) -> str:
    return text.replace("'", "''")


def _quoted(text: str) -> str:
    return f"'{_escaped(text)}'"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
