"""A CSV file as typed Parquet, read by an explicit map of its columns; bad cells are named."""

import csv
from pathlib import Path

import duckdb

from credits_pipeline.finops.focus import COSTS, FOCUS_COLUMNS, columns_of
from credits_pipeline.finops.ingest.fault import FileFault
from credits_pipeline.finops.ingest.header import Header
from credits_pipeline.finops.ingest.limits import Limits
from credits_pipeline.finops.ingest.relation import Relation
from credits_pipeline.finops.ingest.sql import literal
from credits_pipeline.finops.ingest.typing import csv_type, untypable

#: How much of a bad cell is shown. The rest of its line may be confidential and is not.
_TEXT_SHOWN = 60
#: Of one file; more cases would not help.
_KEPT = 1_000

#: The names of structural faults, by DuckDB's word for them.
_STRUCTURE = {
    "MISSING COLUMNS": "has too few cells",
    "TOO MANY COLUMNS": "has too many cells",
    "UNQUOTED VALUE": "has a quote in the middle of a cell",
    "LINE SIZE OVER MAXIMUM": "is longer than any line of a bill",
    "INVALID ENCODING": "is no UTF-8",
    "INVALID STATE": "has a quote that does not end its cell",
}


def csv_relation(path: Path, header: Header, provider: str, limits: Limits) -> Relation:
    """The rows of an unpacked CSV file."""
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
    return Relation(sql, header.names, tuple(kinds))


def raise_rejected(
    connection: duckdb.DuckDBPyConnection,
    relation: Relation,
    name: str,
    header: Header,
    provider: str,
    *,
    stopped: bool,
) -> None:
    """Read what the reader of the last file put aside, and clear it.

    Args:
        connection: the reader's.
        relation: the file's rows.
        name: the file's.
        header: the file's.
        provider: whose file it is.
        stopped: whether an amount could not be read, at which the engine stops: then the file is
            read once more, for all of them.

    Raises:
        FileFault: there are cells that can't be read.
    """
    amounts: list[tuple[int, int, str]] = []
    if stopped:
        _forget(connection)
        amounts = _bad_amounts(connection, relation, provider)
    # A line of another length is one fault, however many of its cells can't be read.
    faults = (
        "SELECT line, CASE error_type WHEN 'CAST' THEN column_name END AS which, "
        "any_value(error_type) AS kind, any_value(csv_line) AS text FROM reject_errors "
        "WHERE error_type <> 'CAST' OR line NOT IN "
        "(SELECT line FROM reject_errors WHERE error_type <> 'CAST') GROUP BY 1, 2"
    )
    rejected = connection.execute(f"SELECT * FROM ({faults}) ORDER BY line, which").fetchall()
    _forget(connection)
    lines = sorted({line for line, *_ in rejected})
    # The reader's row numbers skip those that were put aside; people count all rows.
    cases = [(line - 1, _case(name, header, line, *rest)) for line, *rest in rejected]
    for row, at, text in amounts:
        whole = _counted_with(lines, row)
        where = f"{name}, row {whole:,}, column {header.names[at]}"
        cases.append((whole, f"{where}: {_shown(text)}"))
    if not cases:
        return
    cases.sort()
    count = len(cases)
    many = f"{'at least ' * (count >= _KEPT)}{count:,} cell{'s' * (count > 1)}"
    raise FileFault(
        "cells_have_their_types",
        name,
        f"has {many} that can't be read; the first: {cases[0][1]}",
        cases=[case for _, case in cases],
        count=count,
    )


def _bad_amounts(
    connection: duckdb.DuckDBPyConnection, relation: Relation, provider: str
) -> list[tuple[int, int, str]]:
    """Row, column and text of the costs that can't be read."""
    columns = columns_of(relation.headers, provider)
    tests = []
    for at, column in enumerate(columns):
        if column in COSTS:
            cell = relation.column(at)
            test = untypable(FOCUS_COLUMNS[column], cell, relation.types[at])
            tests.append(f"{{'at': {at}, 'text': CASE WHEN {test} THEN {cell} END}}")
    # The reader skips columns that are not requested, and then names another one.
    whole = ", ".join(relation.column(at) for at in range(len(relation.types)))
    found = connection.execute(
        f"SELECT r, u.at, u.text, h FROM (SELECT r, unnest([{', '.join(tests)}]) AS u, "
        f"hash({whole}) AS h FROM {relation.sql}) WHERE u.text IS NOT NULL "
        f"ORDER BY r, u.at LIMIT {_KEPT}"
    ).fetchall()
    return [(int(row), int(at), str(text)) for row, at, text, _ in found]


def _counted_with(lines: list[int], row: int) -> int:
    """The number of a row among all rows, from its number among those not put aside."""
    for line in lines:
        if line - 1 > row:
            break
        row += 1
    return row


def _forget(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("DROP TABLE IF EXISTS reject_errors")
    connection.execute("DROP TABLE IF EXISTS reject_scans")


def _shown(text: str) -> str:
    return f"{text[:_TEXT_SHOWN]!r}{'…' * (len(text) > _TEXT_SHOWN)}"


def _case(name: str, header: Header, line: int, column: str | None, kind: str, text: str) -> str:
    """File, row, column and text of one bad cell. Rows are counted without the header."""
    where = f"{name}, row {line - 1:,}"
    if column is None:
        said = _STRUCTURE.get(kind, f"can't be read ({kind.lower()})")
        return f"{where}: the line {said}; the file has {len(header.names)} columns"
    at = int(column.removeprefix("c"))
    title = header.names[at] if 0 <= at < len(header.names) else "?"
    try:
        cells = next(csv.reader([text.lstrip("\r\n")], delimiter=header.delimiter), [])
    except csv.Error:
        cells = []
    cell = cells[at] if 0 <= at < len(cells) else ""
    return f"{where}, column {title}: {_shown(cell)}"
