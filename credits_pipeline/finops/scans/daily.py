"""The figures behind the evidence, day by day: what a page draws of a resource's utilisation.

A day is 24 hours that end at the hour of the scan, so none is partial. A day without a value is
missing: it is not known, never zero.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from credits_pipeline.finops.scans.columns import BALANCER, DATABASE, EC2, FUNCTION, NAT, SERVICE
from credits_pipeline.finops.scans.metrics import DAYS, Values, window

if TYPE_CHECKING:
    from credits_pipeline.finops.scans.shelf import Kept, ScanShelf

#: Significant digits that are stored; the evidence for decisions is stored in full.
_DIGITS = 6
_MB = 1_000_000


@dataclass(frozen=True)
class Figure:
    """One figure of a kind.

    Attributes:
        name: for people.
        unit: of its values.
        metrics: whose hours it is made from, added if there are several.
        fold: combines the hours of a day.
        scale: the divisor of a value.
    """

    name: str
    unit: str
    metrics: tuple[str, ...]
    fold: Callable[[Iterable[float]], float]
    scale: int = 1


_CPU = Figure("Highest CPU", "%", ("cpu_max",), max)
_MEMORY = Figure("Highest memory use", "%", ("memory",), max)
FIGURES: Mapping[str, tuple[Figure, ...]] = {
    EC2: (_CPU, Figure("Network", "MB", ("bytes_in", "bytes_out"), math.fsum, _MB), _MEMORY),
    DATABASE: (_CPU, Figure("Most connections", "connections", ("connections",), max)),
    SERVICE: (_CPU, _MEMORY),
    FUNCTION: (Figure("Calls", "calls", ("calls",), math.fsum), _MEMORY),
    BALANCER: (
        Figure("Requests", "requests", ("requests",), math.fsum),
        # Without calls there is no count of requests, but there are values of this metric.
        Figure("Capacity used", "LCU", ("beat",), math.fsum),
    ),
    NAT: (Figure("Sent", "MB", ("bytes_out",), math.fsum, _MB),),
}
#: By the day on which its 24 hours end.
Days = Mapping[date, float]


@dataclass(frozen=True)
class Daily:
    """The figures of one resource.

    Attributes:
        until: when the last day ends, UTC.
        days: each figure's, by its name.
    """

    until: datetime
    days: Mapping[str, Days]

    @property
    def every(self) -> list[date]:
        """The days of the window, including those without a value."""
        return [self.until.date() - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]


def daily(kind: str, values: Mapping[str, Values], at: datetime) -> str:
    """The figures of a resource in the table's form.

    Args:
        kind: of the resource.
        values: by the metrics' keys, each hour's value.
        at: the scan's as-of time.
    """
    start, end = window(at)
    found: dict[str, dict[str, float]] = {}
    for figure in FIGURES.get(kind, ()):
        # With several metrics, an hour counts if each has a value.
        several = [values.get(metric, {}) for metric in figure.metrics]
        shared = set(several[0]).intersection(*several[1:])
        hours: dict[int, list[float]] = {}
        for hour in shared:
            if start <= hour < end:
                hours.setdefault((hour - start).days, []).extend(one[hour] for one in several)
        if hours:
            found[figure.name] = {
                (start + timedelta(days=number + 1)).date().isoformat(): float(
                    f"{figure.fold(each) / figure.scale:.{_DIGITS}g}"
                )
                for number, each in sorted(hours.items())
            }
    return json.dumps(found)


def read_daily(shelf: "ScanShelf", kept: "Kept", key: Mapping[str, str]) -> Daily:
    """The figures of one resource of a version of the utilisation.

    Args:
        shelf: the scans.
        kept: the version; one from before there were figures has none.
        key: kind, account, region and resource_id.

    Raises:
        ObjectsError: its file can't be fetched.
    """
    from credits_pipeline.finops.scans.table import connected, rows_of  # noqa: PLC0415 - DuckDB

    until = window(kept.as_of)[1]
    with shelf.depot.scratch() as scratch, connected(scratch) as connection:
        where = " AND ".join(f"{name} = ${name}" for name in key)
        text = f"SELECT * FROM read_parquet($file) WHERE {where}"  # noqa: S608 - our own names
        rows = list(rows_of(connection, text, {**key, "file": str(shelf.file(kept))}))
    told: Any = json.loads((rows[0].get("days") if rows else None) or "{}")
    return Daily(
        until,
        {
            name: {date.fromisoformat(day): value for day, value in days.items()}
            for name, days in told.items()
        },
    )
