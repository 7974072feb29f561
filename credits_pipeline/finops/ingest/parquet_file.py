"""A Parquet file as typed Parquet: its footer is checked before its pages."""

from pathlib import Path

import duckdb

from credits_pipeline.finops.focus import FOCUS_COLUMNS, columns_of
from credits_pipeline.finops.ingest.check import SHOWN
from credits_pipeline.finops.ingest.fault import FileFault
from credits_pipeline.finops.ingest.google import is_detailed_export, split_credits
from credits_pipeline.finops.ingest.limits import Limits
from credits_pipeline.finops.ingest.relation import Relation
from credits_pipeline.finops.ingest.sql import literal
from credits_pipeline.finops.ingest.typing import untypable

_TEXT_SHOWN = 60
_FREE_ROWS = 1_000_000


def parquet_relation(
    connection: duckdb.DuckDBPyConnection, path: Path, name: str, provider: str, limits: Limits
) -> tuple[Relation, int]:
    """The rows of a Parquet file, and how many its footer states.

    Raises:
        FileFault: it is not Parquet, or claims to contain far more than its bytes can.
    """
    rows = _footer(connection, path, name, limits)
    source = (
        f"read_parquet([{literal(str(path))}], binary_as_string = true, "
        "hive_partitioning = false, union_by_name = false, filename = false"
    )
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {source})").fetchall()
        headers = _names(connection, path)
    except duckdb.Error as error:
        raise _damaged(name, error) from error
    types = tuple(str(each[1]) for each in described)
    if len(headers) > limits.columns:
        raise FileFault("columns_are_there", name, f"has {len(headers):,} columns")
    names = ", ".join([*(f"c{at}" for at in range(len(headers))), "r0"])
    sql = (
        f"(SELECT * EXCLUDE (r0), r0 + 1 AS r FROM {source}, file_row_number = true) AS t({names}))"
    )
    relation = Relation(sql, headers, types)
    if provider == "gcp" and is_detailed_export(headers):
        return split_credits(connection, relation), rows
    return relation, rows


def _names(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[str, ...]:
    """The columns as the file names them: the engine renames one that differs in case alone."""
    schema = connection.execute(
        f"SELECT name, coalesce(num_children, 0) FROM parquet_schema([{literal(str(path))}])"
    ).fetchall()
    names, parts_left = [], 0
    for name, parts in schema[1:]:
        if parts_left:
            parts_left += parts - 1
        else:
            names.append(str(name))
            parts_left = parts
    return tuple(names)


def raise_untypable(
    connection: duckdb.DuckDBPyConnection, relation: Relation, name: str, provider: str
) -> None:
    """Name the cells that can't be read, after the engine stopped at one of them.

    Raises:
        FileFault: there are such cells.
    """
    cases: list[str] = []
    count = 0
    for at, column in enumerate(columns_of(relation.headers, provider)):
        if column is None:
            continue
        cell = relation.column(at)
        test = untypable(FOCUS_COLUMNS[column], cell, relation.types[at])
        if test is None:
            continue
        found = connection.execute(
            f"SELECT r, CAST({cell} AS VARCHAR), count(*) OVER () FROM {relation.sql} "
            f"WHERE {test} ORDER BY r LIMIT {SHOWN}"
        ).fetchall()
        for row, text, total in found:
            count += total if (row, text, total) == found[0] else 0
            more = "…" if len(text) > _TEXT_SHOWN else ""
            cases.append(
                f"{name}, row {row:,}, column {relation.headers[at]}: {text[:_TEXT_SHOWN]!r}{more}"
            )
    if cases:
        raise FileFault(
            "cells_have_their_types",
            name,
            f"has {count:,} cell{'s' * (count > 1)} that can't be read; the first: {cases[0]}",
            cases=cases,
            count=count,
        )


def _footer(connection: duckdb.DuckDBPyConnection, path: Path, name: str, limits: Limits) -> int:
    size = path.stat().st_size
    place = literal(str(path))
    try:
        first = connection.execute(
            f"SELECT sum(num_rows) FROM parquet_file_metadata([{place}])"
        ).fetchone()
        second = connection.execute(
            f"SELECT coalesce(sum(total_uncompressed_size), 0) FROM parquet_metadata([{place}])"
        ).fetchone()
    except duckdb.Error as error:
        raise _damaged(name, error) from error
    rows = int(first[0] or 0) if first else 0
    unpacked = int(second[0]) if second else 0
    allowed = max(limits.free_expansion, limits.expansion * size)
    if rows < 0 or rows > _FREE_ROWS + limits.rows_per_byte * size:
        raise FileFault(
            "rows_match_manifest", name, f"claims {rows:,} rows in {size:,} bytes; it was not read"
        )
    if unpacked < 0 or unpacked > allowed:
        raise FileFault(
            "files_match_manifest",
            name,
            f"claims to become {unpacked:,} bytes from {size:,}; it was not read",
        )
    return rows


def _damaged(name: str, error: Exception) -> FileFault:
    said = " ".join(str(error).split())
    for word in said.split():
        if "/" in word:
            said = said.replace(word, name)
    return FileFault(
        "files_match_manifest", name, f"can't be read as Parquet ({said[:160]})", passes=True
    )
