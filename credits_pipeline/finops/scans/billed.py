"""What a resource costs a month, line by line of its unit, from its own rows on the bill.

A month counts that is over; of a resource that came later, what a whole month of its days costs. A
resource that no bill has costs what is not known, never nothing.
"""

import json
from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from credits_pipeline.core.money import to_text
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.scans.resources import Cost

_PLACES = Decimal("0.000001")


@dataclass(frozen=True)
class Line:
    """What one unit of a resource costs a month.

    Attributes:
        unit: such as Hours, GB-Months; lower case.
        covered: whether a commitment covers it.
        effective: amortised cost.
        list: at list price.
    """

    unit: str
    covered: bool
    effective: Decimal
    list: Decimal


@dataclass(frozen=True)
class Rows:
    """The rows of one unit on the bill, added up.

    Attributes:
        unit: as the bill has it.
        covered: whether a commitment covers it.
        effective: amortised cost.
        list: at list price.
        currency: of both.
        first: the first day.
        through: the last day that the bill is about.
    """

    unit: str
    covered: bool
    effective: Decimal
    list: Decimal
    currency: str
    first: date
    through: date


def monthly(rows: Iterable[Rows], month: BillingMonth) -> tuple[Cost | None, tuple[Line, ...], str]:
    """What a resource costs a month, its lines, and why that is not known where it is not.

    Args:
        rows: of the resource in one billing month.
        month: that month.
    """
    found = [row for row in rows if row.effective or row.list]
    if not found:
        return None, (), "no bill has it"
    currencies = {row.currency for row in found}
    if len(currencies) > 1:
        return None, (), f"the bill has it in {' and '.join(sorted(currencies))}"
    days = monthrange(month.year, month.month)[1]
    first = min(row.first for row in found)
    seen = (max(row.through for row in found) - first).days + 1
    lines = tuple(
        Line(
            row.unit.lower(),
            row.covered,
            _whole(row.effective, days, seen),
            _whole(row.list, days, seen),
        )
        for row in found
    )
    cost = Cost(
        sum((line.effective for line in lines), Decimal(0)),
        sum((line.list for line in lines), Decimal(0)),
        currencies.pop(),
        str(month),
    )
    return cost, lines, ""


def spelled(lines: Iterable[Line]) -> str:
    """Lines as the table keeps them."""
    return json.dumps(
        [[one.unit, one.covered, to_text(one.effective), to_text(one.list)] for one in lines]
    )


def parsed(text: str | None) -> tuple[Line, ...]:
    """Lines as `spelled` wrote them."""
    return tuple(
        Line(unit, covered, Decimal(effective), Decimal(at_list))
        for unit, covered, effective, at_list in json.loads(text or "[]")
    )


def rows_of(found: Iterable[Mapping[str, Any]]) -> list[Rows]:
    """Rows as DuckDB hands them out."""
    return [Rows(**{name: one[name] for name in Rows.__dataclass_fields__}) for one in found]


def _whole(amount: Decimal, days: int, seen: int) -> Decimal:
    """What a whole month costs at the pace of the days that were seen."""
    if seen >= days:
        return amount
    return (amount * days / seen).quantize(_PLACES, ROUND_HALF_UP)
