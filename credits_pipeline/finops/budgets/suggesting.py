"""Budgets that bills suggest: the mean of the last months, or last year plus or minus a share."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.exactly import total
from credits_pipeline.finops.queries.periods import Period
from credits_pipeline.finops.queries.scope import Scope
from credits_pipeline.finops.queries.spend import spend

_MONTHS, _YEAR = 3, 12
_CENT, _HUNDRED = Decimal("0.01"), Decimal(100)


def suggested(published: Published, scope: Scope, today: date) -> Decimal | None:
    """The mean of the last three months, without credits; None without three."""
    costs = _months(published, scope, today, _MONTHS)
    found = [cost for cost in costs.values() if cost is not None]
    if len(found) < _MONTHS:
        return None
    return (total(found) / _MONTHS).quantize(_CENT, ROUND_HALF_UP)


def as_last_year(
    published: Published, scope: Scope, today: date, percent: Decimal
) -> tuple[Decimal, ...] | None:
    """The cost of each of the last twelve months plus a percentage, January's first.

    Args:
        published: the version.
        scope: what counts; its period is ignored.
        today: in UTC.
        percent: more, or less if negative.

    Returns:
        None without twelve whole months.
    """
    costs = _months(published, scope, today, _YEAR)
    by_month = {BillingMonth.parse(month).month: cost for month, cost in costs.items()}
    found = [by_month[month] for month in range(1, _YEAR + 1)]
    if any(cost is None for cost in found):
        return None
    return tuple(
        (cost * (_HUNDRED + percent) / _HUNDRED).quantize(_CENT, ROUND_HALF_UP)
        for cost in found
        if cost is not None
    )


def _months(
    published: Published, scope: Scope, today: date, count: int
) -> dict[str, Decimal | None]:
    """The cost of each of the last whole months; None for a month without rows."""
    now = BillingMonth(today.year, today.month)
    span = Period.parse(f"{now.shift(-count)}..{now.shift(-1)}", today)
    asked = scope.but(period=span, group=("month",), credits=False)
    rows = {str(row.keys[0]): row.cost for row in spend(published, asked).rows}
    return {month: rows.get(month) for month in span.months}
