"""What changed: complete days on both sides, the same number on each.

A day is complete when every source of the scope says so. A whole month is compared with a whole
month, as billed; the complete days of an unfinished one with the first days of the previous month.
If it can't be compared, it says why.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.publish.bill import RECEIPTS, Bill
from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.exactly import less, percent, total
from credits_pipeline.finops.queries.periods import Period
from credits_pipeline.finops.queries.scope import Scope
from credits_pipeline.finops.queries.selection import one_currency
from credits_pipeline.finops.queries.sources import bills
from credits_pipeline.finops.queries.spend import label, sums
from credits_pipeline.finops.queries.words import listed

_NOTHING = Decimal(0)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Change:
    """One group on both sides.

    Attributes:
        keys: of the group.
        label: the same for people.
        current: spend now.
        previous: spend before.
    """

    keys: tuple[str | None, ...]
    label: str
    current: Decimal
    previous: Decimal

    @property
    def change(self) -> Decimal:
        """By how much it changed."""
        return less(self.current, self.previous)

    @property
    def percent(self) -> Decimal | None:
        """The same in percent of the previous spend; None if there was none."""
        return percent(self.change, abs(self.previous))

    @property
    def is_new(self) -> bool:
        """Whether there was nothing before."""
        return not self.previous and bool(self.current)


@dataclass(frozen=True)
class Comparison:
    """Both sides.

    Attributes:
        scope: what was asked, with its currency.
        now: the days of this side.
        before: the days of the other side.
        rows: each group, the largest change first.
        why_not: why nothing can be compared; empty if it can.
        limited_by: sources whose last complete day ends this side early.
        without_before: sources that have no bill of the other side.
    """

    scope: Scope
    now: Period
    before: Period
    rows: tuple[Change, ...]
    why_not: str = ""
    limited_by: tuple[str, ...] = ()
    without_before: tuple[str, ...] = ()

    @property
    def days(self) -> int:
        """How many days this side has."""
        return 0 if self.why_not else self.now.days

    @property
    def current(self) -> Decimal:
        """Spend now."""
        return total(row.current for row in self.rows)

    @property
    def previous(self) -> Decimal:
        """Spend before."""
        return total(row.previous for row in self.rows)

    @property
    def change(self) -> Decimal:
        """By how much it changed."""
        return less(self.current, self.previous)

    @property
    def percent(self) -> Decimal | None:
        """The same in percent of the previous spend; None if there was none."""
        return percent(self.change, abs(self.previous))


@dataclass(frozen=True)
class _Sides:
    now: Period
    before: Period
    why_not: str = ""
    limited_by: tuple[str, ...] = ()
    without_before: tuple[str, ...] = ()


def compare(published: Published, scope: Scope) -> Comparison:
    """A scope beside its previous period, by its groups.

    Raises:
        SeveralCurrenciesError: it has several currencies, and none was chosen.
    """
    sides = _sides(published, scope)
    both = scope.but(period=sides.now)
    asked = one_currency(published, both).but(period=scope.period)
    rows: tuple[Change, ...] = ()
    if not sides.why_not:
        words = tuple(word for word in scope.group if word not in ("day", "month"))
        rows = _changes(published, asked, sides, words)
    return Comparison(
        scope=asked,
        now=sides.now,
        before=sides.before,
        rows=rows,
        why_not=sides.why_not,
        limited_by=sides.limited_by,
        without_before=sides.without_before,
    )


def changes(
    published: Published,
    scope: Scope,
    *,
    by: Sequence[str] = ("account", "service"),
    limit: int = 5,
) -> tuple[Change, ...]:
    """What changed most, in money and in either direction; empty if it can't be compared.

    Args:
        published: the version.
        scope: what is asked for.
        by: the words that it is grouped by.
        limit: how many.

    Raises:
        SeveralCurrenciesError: it has several currencies, and none was chosen.
    """
    found = compare(published, scope.but(group=tuple(by))).rows
    return tuple(row for row in found if row.change)[:limit]


def complete_until(published: Published, scope: Scope) -> date | None:
    """The day after the last that is complete in every source of a scope; None without a bill."""
    found = _of_scope(bills(published), scope)
    ends = [_complete_end(of, scope.period) for of in found.values()]
    return min(ends, default=None)


def _sides(published: Published, scope: Scope) -> _Sides:
    now, before = scope.period, scope.period.previous()
    found = _of_scope(bills(published), scope)
    if not found:
        return _Sides(now, before, f"no source has a bill of {now.word} or {before.word}")
    ends = {name: _complete_end(of, now) for name, of in found.items()}
    end = min(ends.values())
    days = (end - now.start).days
    late = tuple(name for name, at in ends.items() if at == end)
    if days <= 0:
        have = "has" if len(late) == 1 else "have"
        reason = f"{listed(late)} {have} no complete day in {now.start} to {now.last} yet"
        return _Sides(now, before, reason, late)
    limited_by: tuple[str, ...] = ()
    if days < now.days:
        days, limited_by = min(days, before.days), late
        now, before = now.first_days(days), before.first_days(days)
    there = {name for name, of in found.items() if _months_of(of) & set(before.months)}
    unfinished = [name for name in there if _complete_end(found[name], before) < before.end]
    if unfinished:
        reason = f"{listed(unfinished)} is not complete in {before.start} to {before.last}"
        return _Sides(now, before, reason, tuple(unfinished))
    return _Sides(now, before, "", limited_by, tuple(name for name in found if name not in there))


def _of_scope(all_bills: Iterable[Bill], scope: Scope) -> dict[str, list[Bill]]:
    """The bills of both sides, by the sources of the scope."""
    clouds, names = scope.filters.get("cloud"), scope.filters.get("source")
    months = {*scope.period.months, *scope.period.previous().months}
    found: dict[str, list[Bill]] = {}
    for bill in all_bills:
        if (
            bill.source != RECEIPTS
            and bill.billing_month in months
            and (clouds is None or bill.provider in clouds)
            and (names is None or bill.source in names)
        ):
            found.setdefault(bill.source, []).append(bill)
    return found


def _complete_end(found: Iterable[Bill], period: Period) -> date:
    """The day after the last complete one of a source in a period, without gaps."""
    by_month = {bill.billing_month: bill for bill in found}
    end = period.start
    for month in period.months:
        bill = by_month.get(month)
        if bill is None or bill.complete_through is None or bill.complete_through < end:
            return end
        after = BillingMonth.parse(month).shift(1)
        month_end = min(date(after.year, after.month, 1), period.end)
        end = min(bill.complete_through + _DAY, month_end)
        if end < month_end:
            return end
    return end


def _months_of(found: Iterable[Bill]) -> set[str]:
    return {bill.billing_month for bill in found}


def _changes(
    published: Published, scope: Scope, sides: _Sides, words: tuple[str, ...]
) -> tuple[Change, ...]:
    now, before = (
        {keys: cost for keys, (cost, _) in sums(published, scope.but(period=period), words).items()}
        for period in (sides.now, sides.before)
    )
    made = [
        Change(
            keys=keys,
            label=label(words, keys),
            current=now.get(keys, _NOTHING),
            previous=before.get(keys, _NOTHING),
        )
        for keys in now.keys() | before.keys()
    ]
    return tuple(sorted(made, key=lambda row: (abs(row.change).copy_negate(), row.label)))
