"""Spend over time: by day or month, and by week for small bars beside a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.compare import complete_until
from credits_pipeline.finops.queries.exactly import total
from credits_pipeline.finops.queries.periods import Period
from credits_pipeline.finops.queries.scope import Scope
from credits_pipeline.finops.queries.selection import one_currency
from credits_pipeline.finops.queries.spend import sums

#: Above this many days, bars are months.
_DAYS_SHOWN = 92
_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Point:
    """One bar's part.

    Attributes:
        at: the day, or the first of the month.
        keys: of its group.
        cost: exact.
    """

    at: date
    keys: tuple[str | None, ...]
    cost: Decimal


def series(
    published: Published, scope: Scope, *, by: Literal["day", "month"] | None = None
) -> tuple[Point, ...]:
    """The spend of a scope over time, by its groups; all points sum to its total.

    A billing month's charges may be dated outside it, like late credits: so are their points.

    Args:
        published: the version.
        scope: what is asked for.
        by: the width of a bar; default: days up to 92 of them, else months.

    Raises:
        SeveralCurrenciesError: it has several currencies, and none was chosen.
    """
    width = by or ("day" if scope.period.days <= _DAYS_SHOWN else "month")
    words = tuple(word for word in scope.group if word not in ("day", "month"))
    rows = sums(published, one_currency(published, scope), (width, *words))
    points = [
        Point(date.fromisoformat(_day(day, width)), tuple(keys), cost)
        for (day, *keys), (cost, _) in rows.items()
    ]
    return tuple(sorted(points, key=lambda point: (point.at, [key or "" for key in point.keys])))


def weeks(
    published: Published, scope: Scope, *, weeks: int = 8
) -> dict[tuple[str | None, ...], tuple[Decimal, ...]]:
    """The spend of each group in the last whole weeks up to the period's last complete day.

    Args:
        published: the version.
        scope: what is asked for.
        weeks: how many.

    Returns:
        Each group's weeks, the oldest first.

    Raises:
        SeveralCurrenciesError: it has several currencies, and none was chosen.
    """
    end = min(complete_until(published, scope) or scope.period.end, scope.period.end)
    start = end - weeks * _WEEK
    span = Period(f"{start}..{end - timedelta(days=1)}", start, end, by_month=False)
    asked = one_currency(published, scope.but(period=span))
    words = tuple(word for word in scope.group if word not in ("day", "month"))
    found: dict[tuple[str | None, ...], list[list[Decimal]]] = {}
    for (day, *keys), (cost, _) in sums(published, asked, ("day", *words)).items():
        at = date.fromisoformat(_day(day, "day"))
        bars = found.setdefault(tuple(keys), [[] for _ in range(weeks)])
        bars[(at - start) // _WEEK].append(cost)
    return {keys: _summed(bars) for keys, bars in found.items()}


def _summed(bars: Sequence[Sequence[Decimal]]) -> tuple[Decimal, ...]:
    return tuple(total(bar) for bar in bars)


def _day(key: str | None, width: str) -> str:
    assert key is not None  # noqa: S101 - typed rows have a day and a month
    return key if width == "day" else f"{key}-01"
