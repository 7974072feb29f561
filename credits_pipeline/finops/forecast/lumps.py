"""Monthly charges: expected again as they were last month, if they came the month before too."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.queries.daily import Lump, within

#: A charge that is this many days later than last month is no longer expected.
_LATE_DAYS = 5


@dataclass(frozen=True)
class Habit:
    """What one monthly charge did last month.

    Attributes:
        cost: in total.
        day: of the month, on which the last part of it came.
        change: by how much it was more or less than the month before.
    """

    cost: Decimal
    day: int
    change: Decimal = Decimal(0)


def habits(lumps: Iterable[Lump], month: BillingMonth, first: date) -> dict[tuple[str, ...], Habit]:
    """The charges that came in a month, and in the month before it if that is known.

    Args:
        lumps: all.
        month: the last whole one.
        first: the first day that is known.
    """
    start, end = month.start.date(), month.shift(1).start.date()
    before = month.shift(-1).start.date()
    this: dict[tuple[str, ...], Habit] = {}
    earlier: dict[tuple[str, ...], Decimal] = {}
    for lump in lumps:
        if start <= lump.day < end:
            known = this.get(lump.key, Habit(Decimal(0), 1))
            this[lump.key] = Habit(known.cost + lump.cost, max(known.day, lump.day.day))
        elif before <= lump.day < start:
            earlier[lump.key] = earlier.get(lump.key, Decimal(0)) + lump.cost
    if first > before:
        return this
    return {
        key: replace(habit, change=habit.cost - earlier[key])
        for key, habit in this.items()
        if key in earlier
    }


@dataclass(frozen=True)
class ToCome:
    """What is still expected in a month.

    Attributes:
        day: on which.
        cost: how much.
        change: by how much it was more or less last month than the month before.
    """

    day: date
    cost: Decimal
    change: Decimal


def still_to_come(
    known: Mapping[tuple[str, ...], Decimal],
    usual: Mapping[tuple[str, ...], Habit],
    month: BillingMonth,
    today: date,
) -> list[ToCome]:
    """What is expected in a month beyond what came, on its usual day.

    Args:
        known: what came in the month already, by what it is.
        usual: what came last month.
        month: the month.
        today: the first day that is not complete.
    """
    found = []
    start = month.start.date()
    for key, habit in sorted(usual.items()):
        came = known.get(key, Decimal(0))
        rest = habit.cost - came
        grows = rest * habit.cost > 0 and came * habit.cost >= 0
        day = within(start + timedelta(days=habit.day - 1), month)
        if grows and today <= day + timedelta(days=_LATE_DAYS):
            found.append(ToCome(max(day, within(today, month)), rest, habit.change))
    return found
