"""Makes the sample bills: every month of every source, and a file with their totals."""

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from credits_pipeline.core.money import to_text
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.samples import delivery
from credits_pipeline.finops.samples.charges import charges
from credits_pipeline.finops.samples.organisation import PAYERS
from credits_pipeline.finops.samples.planted import planted
from credits_pipeline.finops.samples.stories import COMMITMENTS, LATE
from credits_pipeline.finops.samples.writing import PROVIDERS, MonthTotal, MonthWriter
from credits_pipeline.finops.sources import Source

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Written:
    """What the generator wrote.

    Attributes:
        folder: of the files.
        sources: to be added, so that they are read.
        totals: by source and month.
    """

    folder: Path
    sources: tuple[Source, ...]
    totals: tuple[MonthTotal, ...]


def generate(
    folder: Path, *, as_of: date, seed: int = 7, months: int = 14, size: int = 1
) -> Written:
    """Write sample bills into a folder, which is created; existing files are overwritten.

    The same arguments give the same bytes. Within a calendar month, a later ``as_of`` adds days and
    changes none that was complete.

    Args:
        folder: where; one folder a source, and ``totals.json``, ``sources.json``, ``planted.json``.
        as_of: the day on which the bills are viewed; the day before is their newest, and
            incomplete.
        seed: of the noise.
        months: how many, the last being that of ``as_of``.
        size: how many organisations of the sample's size the bills are for.
    """
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    last = BillingMonth(as_of.year, as_of.month)
    with _database() as connection:
        charges(connection, as_of=as_of, seed=seed, months=months, size=size)
        connection.execute(
            "CREATE TABLE promise(key VARCHAR, id VARCHAR, name VARCHAR, category VARCHAR, "
            "kind VARCHAR, unit VARCHAR)"
        )
        connection.executemany(
            "INSERT INTO promise VALUES (?, ?, ?, ?, ?, ?)",
            [
                (one.key, one.id, one.name, one.category, one.kind,
                 "USD" if one.category == "Spend" else "Hours")
                for one in COMMITMENTS
            ],
        )  # fmt: skip
        due = [
            (source, month)
            for source in PAYERS
            for month in (last.shift(number + 1 - months) for number in range(months))
            if month.start.date() < as_of
        ]

        def write(one: tuple[str, BillingMonth]) -> MonthTotal:
            source, month = one
            with connection.cursor() as own:
                writer = MonthWriter(own, folder, source, month, as_of, size)
                return writer.write(late=month == last.shift(-LATE))

        # Compressing is most of the work, and each file is compressed by one thread.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            totals = list(pool.map(write, due))
        told = planted(connection, last)
    sources = tuple(
        Source(name, PROVIDERS[name], str(folder / name), delivery.EXPORTS[name]) for name in PAYERS
    )
    asked = {"as_of": as_of.isoformat(), "seed": seed, "months_asked": months, "size": size}
    _write(folder / "totals.json", asked | {"months": [_total(total) for total in totals]})
    _write(folder / "sources.json", [{"name": one.name, **one.body()} for one in sources])
    _write(folder / "planted.json", told)
    return Written(folder, sources, tuple(totals))


@contextmanager
def _database() -> "Iterator[duckdb.DuckDBPyConnection]":
    import duckdb  # noqa: PLC0415 - heavy

    connection = duckdb.connect(config={"autoinstall_known_extensions": False, "threads": 1})
    try:
        yield connection
    finally:
        connection.close()


def _total(total: MonthTotal) -> dict[str, Any]:
    return {name: _said(value) for name, value in asdict(total).items()}


def _said(value: Any) -> Any:
    match value:
        case Decimal():
            return to_text(value)
        case datetime():
            return f"{value:%Y-%m-%dT%H:%M:%SZ}"
        case dict():
            return {name: _said(found) for name, found in value.items()}
        case list() | tuple():
            return [_said(found) for found in value]
        case _:
            return value


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
