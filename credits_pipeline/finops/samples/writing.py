"""Writes one month of one source: every delivery of it, and the totals of the last one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.samples import delivery
from credits_pipeline.finops.samples.columns import (
    AMOUNTS,
    MOMENTS,
    ORDER,
    TABLES,
    Form,
    columns,
    constants,
    exact,
)
from credits_pipeline.finops.samples.delivery import Delivered
from credits_pipeline.finops.samples.organisation import PAYERS
from credits_pipeline.finops.sources import Provider

if TYPE_CHECKING:
    import duckdb

PROVIDERS = {
    "aws": Provider.AWS, "aws-labs": Provider.AWS, "azure": Provider.AZURE, "gcp": Provider.GCP,
}  # fmt: skip
_FORMS = {"aws": Form.TEXT, "aws-labs": Form.DOUBLES, "azure": Form.TEXT, "gcp": Form.NUMERIC}
#: The day of the next month on which a bill is final, and the time of day of deliveries.
_FINAL_DAY, _HOUR = 5, timedelta(minutes=12)
#: Rows of a file, for a bill of size one.
_ROWS = {"aws": 3_500, "aws-labs": 10_000, "azure": 2_000, "gcp": 1_500}
_COSTS = ("billed", "effective", "list", "contracted")


@dataclass(frozen=True)
class MonthTotal:
    """The totals of the files that count for a source and month.

    Attributes:
        source: its name.
        provider: whose form it is.
        month: as YYYY-MM.
        currency: of the amounts.
        rows: in all files.
        files: how many.
        billed: Σ BilledCost.
        effective: Σ EffectiveCost.
        list: Σ ListCost.
        contracted: Σ ContractedCost.
        delivered_at: when, UTC.
        final: whether the bill is closed.
        superseded: earlier deliveries that do not count: time, rows and billed of each.
    """

    source: str
    provider: str
    month: str
    currency: str
    rows: int
    files: int
    billed: Decimal
    effective: Decimal
    list: Decimal
    contracted: Decimal
    delivered_at: datetime
    final: bool
    superseded: tuple[dict[str, Any], ...]


class MonthWriter:
    """One month of one source."""

    def __init__(
        self,
        connection: "duckdb.DuckDBPyConnection",
        root: Path,
        source: str,
        month: BillingMonth,
        as_of: date,
        size: int,
    ) -> None:
        self._connection, self._root, self._source, self._month = connection, root, source, month
        self._form, self._size = _FORMS[source], size
        self._columns = columns(source, self._form)
        closes = month.shift(1).start.date() + timedelta(days=_FINAL_DAY - 1)
        self._final = as_of >= closes
        self._at = _morning(closes if self._final else as_of)
        self._as_of = as_of

    def write(self, *, late: bool) -> MonthTotal:
        """Write every delivery of it; the last one counts.

        Args:
            late: whether the closed month is delivered again, with corrections.
        """
        earlier: list[dict[str, Any]] = []
        match self._source:
            case "aws-labs":
                earlier += [
                    self._told(at, self._deliver(at, before=at.date())) for at in self._snapshots()
                ]
            case "azure" if late and self._final:
                earlier.append(self._told(self._at, self._deliver(self._at, corrected=False)))
                again = self._at + timedelta(days=17, hours=3)
                self._at = min(again, _morning(self._as_of))
            case "azure" if not self._final:
                at = self._at - timedelta(days=1)
                if at.date() > self._month.start.date():
                    earlier.append(self._told(at, self._deliver(at, before=at.date())))
        counts = self._deliver(self._at)
        costs = self._sums()
        return MonthTotal(
            source=self._source,
            provider=PROVIDERS[self._source].value,
            month=str(self._month),
            currency="USD",
            rows=sum(counts.rows),
            files=len(counts.files),
            billed=costs[0],
            effective=costs[1],
            list=costs[2],
            contracted=costs[3],
            delivered_at=self._at,
            final=self._final,
            superseded=tuple(earlier),
        )

    def _snapshots(self) -> Iterator[datetime]:
        """The earlier deliveries of the month: in its middle, or on the two days before."""
        if self._final:
            yield _morning(self._month.start.date() + timedelta(days=15))
            return
        for ago in (2, 1):
            day = self._as_of - timedelta(days=ago)
            if day > self._month.start.date():
                yield _morning(day)

    def _deliver(
        self, at: datetime, *, before: date = date.max, corrected: bool = True
    ) -> Delivered:
        """Write the files of one delivery, and its manifest last."""
        root, source, month = self._root, self._source, self._month
        self._fill(before, deliveries=2 if corrected else 1)
        snapshot = delivery.aws_snapshot(source, month, at) if source == "aws-labs" else ""
        match source:
            case "azure":
                delivered = self._files(
                    delivery.azure_folder(root, month, at), "part_0_{:04}.csv.gz", 1, at
                )
                delivery.azure_manifest(root, month, at, delivered)
            case "gcp":
                delivered = self._files(
                    delivery.gcp_folder(root, month), "focus-{:012}.parquet", 0, at
                )
            case _:
                name = delivery.EXPORTS[source]
                ending = "csv.gz" if self._form is Form.TEXT else "snappy.parquet"
                folder = delivery.aws_folder(root, source, month, snapshot)
                delivered = self._files(folder, f"{name}-{{:05}}.{ending}", 1, at)
                delivery.aws_manifest(root, source, month, at, delivered, self._types(), snapshot)
        return delivered

    def _fill(self, before: date, deliveries: int) -> None:
        """Put the delivery's charges into the table ``bill``, numbered in their order."""
        self._connection.execute(
            f"CREATE OR REPLACE TEMP TABLE bill AS SELECT row_number() OVER (ORDER BY {ORDER}) "  # noqa: S608 - our own names
            "AS number, charge.* FROM charge WHERE source = $source AND month = $month AND "
            "first < $before AND delivery <= $deliveries",
            {
                "source": self._source,
                "month": str(self._month),
                "before": before,
                "deliveries": deliveries,
            },
        )

    def _files(self, folder: Path, name: str, first: int, at: datetime) -> Delivered:
        """Write the table ``bill`` in files."""
        folder.mkdir(parents=True, exist_ok=True)
        rows = self._one("SELECT count(*) FROM bill")[0]
        each = _ROWS[self._source] * self._size
        files, counts = [], []
        for number, start in enumerate(range(0, rows, each), first):
            path = folder / name.format(number)
            options = (
                "FORMAT csv, HEADER, COMPRESSION gzip"
                if self._form is Form.TEXT
                else "FORMAT parquet, COMPRESSION snappy"
            )
            self._connection.execute(
                f"COPY ({self._selected()} WHERE number > $from AND number <= $to ORDER BY number) "
                f"TO '{_quoted(path)}' ({options})",
                self._constants() | {"from": start, "to": start + each},
            )
            delivery.stamp(path, at)
            files.append(path)
            counts.append(min(each, rows - start))
        return Delivered(files, counts)

    def _types(self) -> dict[str, str]:
        """The columns with the types that AWS's manifest gives them."""
        found = self._connection.execute(
            f"DESCRIBE {self._selected()}", self._constants()
        ).fetchall()
        known = {"DOUBLE": "double", "TIMESTAMP": "timestamp_millis"}
        if self._form is Form.TEXT:
            known = dict.fromkeys(AMOUNTS, "double") | dict.fromkeys(MOMENTS, "timestamp_millis")
            return {name: known.get(name, "string") for name in self._columns}
        return {
            name: known.get(kind, "map" if kind.startswith("MAP") else "string")
            for name, kind, *_ in found
        }

    def _selected(self) -> str:
        columns = ", ".join(f"{sql} AS {name}" for name, sql in self._columns.items())
        return f"SELECT {columns} FROM bill AS {TABLES}"  # noqa: S608 - our own names

    def _constants(self) -> dict[str, Any]:
        invoice = f"{self._source.upper()}-{self._month}-0001" if self._final else None
        return constants(PAYERS[self._source], invoice=invoice) | {
            "start": self._month.start.date(),
            "end": self._month.shift(1).start.date(),
        }

    def _sums(self) -> tuple[Decimal, ...]:
        sums = ", ".join(f"sum({exact(self._form, cost)})" for cost in _COSTS)
        return self._one(f"SELECT {sums} FROM bill")  # noqa: S608 - our own names

    def _told(self, at: datetime, delivered: Delivered) -> dict[str, Any]:
        billed = self._sums()[0] if sum(delivered.rows) else Decimal(0)
        return {"delivered_at": at, "rows": sum(delivered.rows), "billed": billed}

    def _one(self, query: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = self._connection.execute(query).fetchone()
        assert row is not None  # noqa: S101 - an aggregate answers one row
        return row


def _morning(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + _HOUR


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
