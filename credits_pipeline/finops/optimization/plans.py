"""Savings Plans: what to commit to, by the hours of use on the bill. Pure.

A plan costs its commitment in every hour, used or not. Of use at on-demand price, a commitment of C
covers C / (1 - discount), so one more dollar of it pays off only if it is used in more than
1 - discount of the hours: the break-even utilisation.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

from credits_pipeline.finops.scans.table import Table

#: The lookback periods, which AWS uses as well.
LOOKBACKS = (7, 30, 60)
_MONTH_HOURS = Decimal(730)
_CENT = Decimal("0.01")
_RATE = Decimal("0.001")
_MONEY = "DECIMAL(36, 18)"
HOURS = Table(
    (
        ("source", "VARCHAR"),
        ("payer", "VARCHAR"),
        ("currency", "VARCHAR"),
        ("hour", "TIMESTAMP"),
        ("on_demand", _MONEY),
        ("covered", _MONEY),
        ("by_day", "BOOLEAN"),
    )
)


@dataclass(frozen=True)
class Hour:
    """The cost of a payer's machines, functions and containers in one hour.

    Attributes:
        at: its beginning, UTC.
        on_demand: of use without a commitment, at the customer's price.
        covered: of use that a commitment covers, amortised.
    """

    at: datetime
    on_demand: Decimal
    covered: Decimal


@dataclass(frozen=True)
class Lookback:
    """What to commit to by the hours of one period.

    Attributes:
        days: of the period.
        hours: that it has.
        commitment: per hour, at the plan's price.
        saving: per month.
        utilisation: percent of the commitment that would have been used.
        coverage: percent of the on-demand cost that it would have covered.
    """

    days: int
    hours: int
    commitment: Decimal
    saving: Decimal
    utilisation: Decimal
    coverage: Decimal


@dataclass(frozen=True)
class Advice:
    """What to commit to.

    Attributes:
        payer: who would buy it.
        currency: of all amounts.
        discount: of the plan against on-demand, as a share.
        break_even: percent of the hours in which the commitment must be used.
        lookbacks: of 7, 30 and 60 days, those that the bill has hours for.
        commitment: per hour: the smallest of the lookbacks.
        saving: per month, of that commitment over the longest lookback.
        spread: percent between the lookbacks.
        stable: whether that is small.
        by_day: whether the bill has only days, so that an hour is a day's mean.
        left: a month's on-demand cost after all other savings.
    """

    payer: str
    currency: str
    discount: Decimal
    break_even: Decimal
    lookbacks: tuple[Lookback, ...]
    commitment: Decimal
    saving: Decimal
    spread: Decimal
    stable: bool
    by_day: bool
    left: Decimal


def advise(
    payer: str,
    currency: str,
    hours: Sequence[Hour],
    discount: Decimal,
    *,
    saved: Decimal = Decimal(0),
    spread: Decimal = Decimal(10),
    by_day: bool = False,
) -> Advice | None:
    """What to commit to; None if a plan would save nothing.

    Args:
        payer: who would buy it.
        currency: of the amounts.
        hours: every hour that the bill has, the oldest first.
        discount: of the plan beside on-demand, between 0 and 1.
        saved: a month's on-demand cost that other recommendations save first.
        spread: percent that the lookbacks may differ by.
        by_day: whether the bill has only days.
    """
    if not hours or not 0 < discount < 1:
        return None
    less = saved / _MONTH_HOURS
    end = hours[-1].at + timedelta(hours=1)
    some = []
    for days in LOOKBACKS:
        begin = end - timedelta(days=days)
        left = [max(Decimal(0), one.on_demand - less) for one in hours if one.at >= begin]
        # A lookback counts if the bill has all of it.
        if hours[0].at <= begin and left:
            some.append(_lookback(days, left, discount))
    if not some or min(one.commitment for one in some) <= 0:
        return None
    commitment = min(one.commitment for one in some)
    longest = [
        max(Decimal(0), one.on_demand - less)
        for one in hours
        if one.at >= end - timedelta(days=some[-1].days)
    ]
    left_month = (sum(longest, Decimal(0)) / len(longest) * _MONTH_HOURS).quantize(
        _CENT, ROUND_DOWN
    )
    most = max(one.commitment for one in some)
    differs = ((most - commitment) / most * 100).quantize(Decimal("0.1"))
    return Advice(
        payer, currency, discount, ((1 - discount) * 100).quantize(Decimal("0.1")), tuple(some),
        commitment, min(_saving(longest, commitment, discount), left_month), differs,
        differs <= spread and len(some) > 1, by_day, left_month,
    )  # fmt: skip


def read_hours(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], tuple[list[Hour], bool]]:
    """The hours of each payer and currency in order, and whether a bill has only days."""
    found: dict[tuple[str, str], dict[datetime, Hour]] = {}
    days: set[tuple[str, str]] = set()
    for row in rows:
        key = (row["payer"], row["currency"])
        known = found.setdefault(key, {})
        before = known.get(row["hour"], Hour(row["hour"], Decimal(0), Decimal(0)))
        known[row["hour"]] = Hour(
            row["hour"], before.on_demand + row["on_demand"], before.covered + row["covered"]
        )
        if row["by_day"]:
            days.add(key)
    return {key: ([known[at] for at in sorted(known)], key in days) for key, known in found.items()}


def _lookback(days: int, left: Sequence[Decimal], discount: Decimal) -> Lookback:
    """The commitment that saves most: the use that is there in all but `discount` of the hours."""
    ordered = sorted(left)
    level = ordered[min(len(ordered) - 1, int(discount * len(ordered)))]
    commitment = (level * (1 - discount)).quantize(_RATE, ROUND_DOWN)
    covers = commitment / (1 - discount)
    used = sum((min(covers, one) for one in left), Decimal(0))
    whole = sum(left, Decimal(0))
    return Lookback(
        days,
        len(left),
        commitment,
        _saving(left, commitment, discount),
        _percent(used, covers * len(left)),
        _percent(used, whole),
    )


def _saving(left: Sequence[Decimal], commitment: Decimal, discount: Decimal) -> Decimal:
    covers = commitment / (1 - discount)
    saved = sum((min(covers, one) - commitment for one in left), Decimal(0))
    return (saved / len(left) * _MONTH_HOURS).quantize(_CENT, ROUND_HALF_UP)


def _percent(part: Decimal, whole: Decimal) -> Decimal:
    return (part / whole * 100).quantize(Decimal("0.1")) if whole else Decimal(0)
