"""Builds a published file beside the others: from the last one if most of it stays the same.

Only changed partitions are written, so a month that is delivered again costs only that month. The
file is complete once it is checkpointed and closed, without a write-ahead log beside it.
"""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields
from datetime import date
from pathlib import Path

import duckdb

from credits_pipeline.finops.marts.columns import COUNT, DAY, TEXT, Column
from credits_pipeline.finops.marts.mart import Mart
from credits_pipeline.finops.publish.bill import RECEIPTS, Bill, Part
from credits_pipeline.finops.publish.form import FORM, READING, PublishError

#: Deleted rows leave holes: a file of which more than this share changes is written from scratch.
_ANEW_ABOVE = 0.3
_KINDS = {str: TEXT, int: COUNT, date | None: DAY}


def build(
    folder: Path,
    *,
    marts: Sequence[Mart],
    parts: Sequence[Part],
    bills: Sequence[Bill],
    last: Path | None,
    memory: str = "1GB",
) -> Path:
    """Write a file completely, or nothing.

    Args:
        folder: an empty one, to build in.
        marts: those that it contains.
        parts: their partitions.
        bills: what they were made from.
        last: the previous file, if there is one.
        memory: what it may use.

    Returns:
        The file, closed.

    Raises:
        PublishError: it can't be built.
    """
    made = folder / "made.duckdb"
    try:
        if last is not None and _stays(last, marts, parts):
            shutil.copyfile(last, made)
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory,
            "temp_directory": str(folder / "spilled"),
            "autoinstall_known_extensions": "false",
        }
        with duckdb.connect(str(made), config=config) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            # One transaction, or each row of a small table would wait for the disk.
            connection.execute("BEGIN")
            _fill(connection, marts, parts, bills)
            connection.execute("COMMIT")
            connection.execute("CHECKPOINT")
    except (duckdb.Error, OSError) as error:
        raise PublishError(
            f"a version could not be built in {folder}: {error}. What to do: check that the disk "
            "is not full, then publish again; what was published before still counts."
        ) from error
    left = made.with_name("made.duckdb.wal")
    if left.exists():
        raise PublishError(
            f"{left} was left beside the new version, which may lack rows. What to do: publish "
            "again, and report this if it persists."
        )
    made.chmod(0o444)
    return made


def _stays(last: Path, marts: Sequence[Mart], parts: Sequence[Part]) -> bool:
    """Whether most of a file stays the same in the next."""
    with duckdb.connect(str(last), read_only=True, config=READING) as connection:
        form = connection.execute("SELECT form, marts FROM about").fetchone()
        if form != (FORM, _digests(marts)):
            return False
        there = connection.execute(
            "SELECT mart, source, billing_month, version, rows FROM parts"
        ).fetchall()
    wanted = {(*part.key, part.version): part.rows for part in parts}
    held = {tuple(row[:4]): row[4] for row in there}
    same = sum(rows for key, rows in held.items() if key in wanted)
    stays: bool = same > (1 - _ANEW_ABOVE) * max(sum(held.values()), sum(wanted.values()), 1)
    return stays


def _fill(
    connection: duckdb.DuckDBPyConnection,
    marts: Sequence[Mart],
    parts: Sequence[Part],
    bills: Sequence[Bill],
) -> None:
    _tables(connection, marts)
    held = {
        (mart, source, month): version
        for mart, source, month, version in connection.execute(
            "SELECT mart, source, billing_month, version FROM parts"
        ).fetchall()
    }
    wanted = {part.key: part for part in parts}
    for key, version in held.items():
        if key not in wanted or wanted[key].version != version:
            _drop(connection, key)
    columns = {mart.name: mart.columns for mart in marts}
    for key, part in sorted(wanted.items()):
        if held.get(key) != part.version:
            _add(connection, part, columns[part.mart])
    connection.execute("DELETE FROM bills")
    _insert(connection, "bills", (astuple(bill) for bill in bills))
    names = {mart.name for mart in marts}
    _derive(connection, names)
    if "spend_monthly" in names:
        # A folder of FOCUS files may contain several clouds: the rows know.
        connection.execute(
            "UPDATE bills SET provider = held.providers FROM ("
            "SELECT source, billing_month, string_agg(DISTINCT provider, ',' ORDER BY provider) "
            "AS providers FROM spend_monthly GROUP BY source, billing_month) AS held "
            "WHERE held.source = bills.source AND held.billing_month = bills.billing_month"
        )
    connection.execute("DELETE FROM about")
    _insert(connection, "about", [(FORM, _digests(marts))])


def _tables(connection: duckdb.DuckDBPyConnection, marts: Sequence[Mart]) -> None:
    tables: dict[str, Iterable[Column]] = {mart.name: mart.columns for mart in marts}
    tables["bills"] = [Column(field.name, _KINDS[field.type]) for field in fields(Bill)]  # type: ignore[index]
    tables["parts"] = [
        *(Column(name, TEXT) for name in ("mart", "source", "billing_month", "version")),
        Column("rows", COUNT),
    ]
    tables["about"] = [Column("form", COUNT), Column("marts", TEXT)]
    for name, columns in tables.items():
        spelled = ", ".join(f"{column.name} {column.type}" for column in columns)
        connection.execute(f"CREATE TABLE IF NOT EXISTS {name} ({spelled})")


def _drop(connection: duckdb.DuckDBPyConnection, key: tuple[str, str, str]) -> None:
    mart, *partition = key
    connection.execute(
        f"DELETE FROM {mart} WHERE source = ? AND billing_month = ?",  # noqa: S608 - a mart's name
        partition,
    )
    connection.execute(
        "DELETE FROM parts WHERE mart = ? AND source = ? AND billing_month = ?", list(key)
    )


def _add(connection: duckdb.DuckDBPyConnection, part: Part, columns: tuple[Column, ...]) -> None:
    names = ", ".join(column.name for column in columns)
    order = "ORDER BY charge_date" if any(c.name == "charge_date" for c in columns) else ""
    connection.execute(
        f"INSERT INTO {part.mart} ({names}) SELECT {names} FROM read_parquet(?) {order}",  # noqa: S608 - ours
        [str(part.file)],
    )
    found = connection.execute(
        f"SELECT COUNT(*) FROM {part.mart} WHERE source = ? AND billing_month = ?",  # noqa: S608 - a mart's name
        [part.source, part.billing_month],
    ).fetchone()
    if found != (part.rows,):
        raise PublishError(
            f"{part.file} should have {part.rows:,} rows of {part.source} in {part.billing_month} "
            f"and has {found[0] if found else 0:,}. What to do: ingest that month again."
        )
    _insert(connection, "parts", [(*part.key, part.version, part.rows)])


def _derive(connection: duckdb.DuckDBPyConnection, marts: set[str]) -> None:
    """Small tables over all months: names of accounts, and whose credits *Net* replaces."""
    table = "spend_monthly" if "spend_monthly" in marts else "resource_costs"
    connection.execute(
        "CREATE OR REPLACE TABLE accounts AS SELECT sub_account_id, sub_account_name, provider, "  # noqa: S608 - ours
        f"MAX(billing_month) AS billing_month FROM {table} WHERE sub_account_id IS NOT NULL "
        "GROUP BY sub_account_id, sub_account_name, provider"
    )
    connection.execute(
        "CREATE OR REPLACE TABLE net_replaces AS SELECT DISTINCT bill.source, bill.billing_month, "  # noqa: S608 - ours
        f"bill.billing_account_id FROM {table} AS bill JOIN {table} AS receipt "
        "ON receipt.source = ? AND bill.source <> receipt.source AND bill.provider = 'aws' "
        "AND bill.billing_month = receipt.billing_month "
        "AND bill.sub_account_id = receipt.sub_account_id",
        [RECEIPTS],
    )


def _insert(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[tuple[object, ...]]
) -> None:
    for row in rows:
        marks = ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO {table} VALUES ({marks})", list(row))  # noqa: S608 - ours


def _digests(marts: Sequence[Mart]) -> str:
    return " ".join(f"{mart.name}={mart.digest}" for mart in marts)
