"""Days of spend, told apart by whether they come with use or once a month: what forecasts are of.

What comes with use is usage; fees, purchases, tax, credits and adjustments come monthly, and are
told by account, service and category of charge. The days of a billing month sum to the month: a
charge that is dated outside of it stands on its first or last day.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.compare import complete_until
from credits_pipeline.finops.queries.exactly import total
from credits_pipeline.finops.queries.periods import Period
from credits_pipeline.finops.queries.scope import Scope
from credits_pipeline.finops.queries.selection import COLUMNS, one_currency, read, select

#: So many months are looked back at: a year, and what the oldest forecast of it was made from.
MONTHS = 15
#: A row that comes with use; the rest comes once a month.
USE = "(charge_category = 'Usage' AND COALESCE(charge_frequency, 'Usage-Based') = 'Usage-Based')"
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Lump:
    """What came at once.

    Attributes:
        day: of the charge, within its billing month.
        key: account, service and category.
        cost: exact.
    """

    day: date
    key: tuple[str, str, str]
    cost: Decimal


@dataclass(frozen=True)
class History:
    """The days of a scope up to today.

    Attributes:
        use: what came with use, by day; a day without a row has none.
        lumps: what came monthly, by day.
        first: the first day with a charge; None without any.
        until: the day after the last complete one; None without a bill.
    """

    use: Mapping[date, Decimal] = field(default_factory=dict)
    lumps: tuple[Lump, ...] = ()
    first: date | None = None
    until: date | None = None

    @property
    def days(self) -> int:
        """How many complete days there are."""
        if self.first is None or self.until is None:
            return 0
        return max(0, (self.until - self.first).days)

    def so_far(self, start: date, end: date) -> Decimal:
        """What was spent from a day until another, which is not in it."""
        return total(
            [
                *(cost for day, cost in self.use.items() if start <= day < end),
                *(lump.cost for lump in self.lumps if start <= lump.day < end),
            ]
        )


def history(published: Published, scope: Scope, today: date, months: int = MONTHS) -> History:
    """The days of a scope, whatever its period, in the months before today.

    Raises:
        SeveralCurrenciesError: it holds several currencies, and none was chosen.
    """
    now = BillingMonth(today.year, today.month)
    span = Period.parse(f"{now.shift(1 - months)}..{now.shift(1)}", today)
    asked = one_currency(published, scope.but(period=span, group=()))
    rows = select(published, asked, daily=True)
    # What comes with use needs no names: most rows add up to one a day.
    names = ", ".join(
        f"CASE WHEN {USE} THEN '' ELSE COALESCE({column}, '') END"
        for column in ("sub_account_id", "service_name", "charge_category")
    )
    found = read(
        published,
        rows,
        f"billing_month, charge_date, {USE}, {names}, SUM({COLUMNS[asked.cost]})",
        "GROUP BY ALL",
    )
    use: dict[date, Decimal] = {}
    lumps = []
    for month, charged, is_use, account, service, charge, cost in found:
        day = within(charged, BillingMonth.parse(month))
        if is_use:
            use[day] = use.get(day, Decimal(0)) + cost
        else:
            lumps.append(Lump(day, (account, service, charge), cost))
    lumps.sort(key=lambda lump: (lump.day, lump.key))
    first = min([*use, *(lump.day for lump in lumps)], default=None)
    return History(dict(sorted(use.items())), tuple(lumps), first, until(published, asked, today))


def until(published: Published, scope: Scope, today: date) -> date | None:
    """The day after the last that is complete in every source, this month or the one before."""
    now = BillingMonth(today.year, today.month)
    this = Period.of_month(now)
    found = complete_until(published, scope.but(period=this))
    if found is None or found > this.start:
        return found
    # Nothing of this month is complete: the month before may not be either.
    return complete_until(published, scope.but(period=Period.of_month(now.shift(-1))))


def within(day: date, month: BillingMonth) -> date:
    """A day, or the nearest one of a billing month."""
    last = month.shift(1).start.date() - _DAY
    return min(max(day, month.start.date()), last)
