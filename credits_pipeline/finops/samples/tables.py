"""The types of the samples' tables, and small tables from Python's values."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

MONEY = "DECIMAL(36,18)"
PRICE = "DECIMAL(18,12)"
QUANTITY = "DECIMAL(18,6)"
#: Shares are thousandths.
WHOLE = 1000


def table(
    connection: "duckdb.DuckDBPyConnection", name: str, rows: Sequence[tuple[Any, ...]]
) -> None:
    """Make a table of these rows.

    Args:
        connection: to the database.
        name: of the table, with its columns in brackets.
        rows: their values.
    """
    connection.execute(f"CREATE TABLE {name}")
    into = name.partition("(")[0]
    if rows:
        values = f"({', '.join('?' * len(rows[0]))})"
        connection.execute(
            f"INSERT INTO {into} VALUES {', '.join([values] * len(rows))}",  # noqa: S608 - our own names
            [value for row in rows for value in row],
        )
