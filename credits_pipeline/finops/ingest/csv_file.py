"""A CSV file as typed Parquet, read by an explicit map of its columns; bad cells are named."""

import csv
from pathlib import Path

import duckdb

from credits_pipeline.finops.focus import columns_of
from credits_pipeline.finops.ingest.check import SHOWN
from credits_pipeline.finops.ingest.fault import FileFault
from credits_pipeline.finops.ingest.header import Header
from credits_pipeline.finops.ingest.limits import Limits
from credits_pipeline.finops.ingest.relation import Relation
from credits_pipeline.finops.ingest.sql import literal

#: How much of a bad cell is shown. The rest of its line may be anybody's data and is not.
_TEXT_SHOWN = 60
#: Of one file; a file with more is no better known by them.
_KEPT = 1_000

#: What a structural fault is called, by DuckDB's word for it.
_STRUCTURE = {
    "MISSING COLUMNS": "has too few cells",
    "TOO MANY COLUMNS": "has too many cells",
    "UNQUOTED VALUE": "has a quote in the middle of a cell",
    "LINE SIZE OVER MAXIMUM": "is longer than lines of bills are",
    "INVALID ENCODING": "is no UTF-8",
    "INVALID STATE": "has a quote that does not end its cell",
}


def csv_relation(path: Path, header: Header, provider: str, limits: Limits) -> Relation:
    """The rows of an unpacked CSV file."""
    from credits_pipeline.finops.ingest.typing import csv_type  # noqa: PLC0415 - a cycle otherwise

    columns = columns_of(header.names, provider)
    kinds = [csv_type(column) for column in columns]
    declared = ", ".join(f"'c{at}': '{kind}'" for at, kind in enumerate(kinds))
    sql = (
        f"(SELECT *, row_number() OVER () AS r FROM read_csv([{literal(str(path))}], "
        f"columns = {{{declared}}}, auto_detect = false, header = true, "
        f"delim = {literal(header.delimiter)}, quote = '\"', escape = '\"', "
        "nullstr = ['', 'NULL'], strict_mode = true, null_padding = false, "
        f"max_line_size = {limits.line}, compression = 'none', hive_partitioning = false, "
        f"store_rejects = true, rejects_limit = {_KEPT}))"
    )
    shown = tuple("TIMESTAMP WITH TIME ZONE" if kind == "TIMESTAMPTZ" else kind for kind in kinds)
    return Relation(sql, header.names, shown)


def raise_rejected(connection: duckdb.DuckDBPyConnection, name: str, header: Header) -> None:
    """Look at what the reader of the last file put aside, and forget it.

    Raises:
        FileFault: it put something aside.
    """
    # A line of another length is one fault, however many cells of it can't be read.
    faults = (
        "SELECT line, CASE error_type WHEN 'CAST' THEN column_idx END AS which, "
        "any_value(error_type) AS kind, any_value(csv_line) AS text FROM reject_errors "
        "WHERE error_type <> 'CAST' OR line NOT IN "
        "(SELECT line FROM reject_errors WHERE error_type <> 'CAST') GROUP BY 1, 2"
    )
    found = connection.execute(
        f"SELECT *, count(*) OVER () FROM ({faults}) ORDER BY line, which LIMIT {SHOWN}"
    ).fetchall()
    connection.execute("DROP TABLE reject_errors")
    connection.execute("DROP TABLE reject_scans")
    if not found:
        return
    count = int(found[0][-1])
    cases = [_case(name, header, *each[:-1]) for each in found]
    many = f"{'at least ' * (count >= _KEPT)}{count:,} cell{'s' * (count > 1)}"
    raise FileFault(
        "cells_have_their_types",
        name,
        f"has {many} that can't be read; the first: {cases[0]}",
        cases=cases,
        count=count,
    )


def _case(name: str, header: Header, line: int, column: int | None, kind: str, text: str) -> str:
    """File, row, column and text of one bad cell. Rows are counted without the header."""
    where = f"{name}, row {line - 1:,}"
    if column is None:
        said = _STRUCTURE.get(kind, f"can't be read ({kind.lower()})")
        return f"{where}: the line {said}; the file has {len(header.names)} columns"
    at = column - 1
    title = header.names[at] if 0 <= at < len(header.names) else "?"
    try:
        cells = next(csv.reader([text.lstrip("\r\n")], delimiter=header.delimiter), [])
    except csv.Error:
        cells = []
    cell = cells[at] if 0 <= at < len(cells) else ""
    more = "…" if len(cell) > _TEXT_SHOWN else ""
    return f"{where}, column {title}: {cell[:_TEXT_SHOWN]!r}{more}"
