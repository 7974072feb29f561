"""The monthly cost of a resource, by unit, from its own rows on the bill.

A month counts if it is over; for a resource that came later, a whole month at its daily pace. The
cost of a resource that no bill has is not known, never zero.
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
    """The monthly cost of one unit of a resource.

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
        unit: as on the bill.
        covered: whether a commitment covers it.
        effective: amortised cost.
        list: at list price.
        currency: of both.
        first: the first day.
        through: the last day that the bill covers.
    """

    unit: str
    covered: bool
    effective: Decimal
    list: Decimal
    currency: str
    first: date
    through: date


def monthly(rows: Iterable[Rows], month: BillingMonth) -> tuple[Cost | None, tuple[Line, ...], str]:
    """The monthly cost of a resource, its lines, or why that is not known.

    Args:
        rows: of the resource in one billing month.
        month: that month.
    """
    found = [row for row in rows if row.effective or row.list]
    if not found:
        return None, (), "no bill contains it"
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
    """Lines in the table's form."""
    return json.dumps(
        [[one.unit, one.covered, to_text(one.effective), to_text(one.list)] for one in lines]
    )


def parsed(text: str | None) -> tuple[Line, ...]:
    """Lines written by `spelled`."""
    return tuple(
        Line(unit, covered, Decimal(effective), Decimal(at_list))
        for unit, covered, effective, at_list in json.loads(text or "[]")
    )


def rows_of(found: Iterable[Mapping[str, Any]]) -> list[Rows]:
    """Rows in DuckDB's form."""
    return [Rows(**{name: one[name] for name in Rows.__dataclass_fields__}) for one in found]


def _whole(amount: Decimal, days: int, seen: int) -> Decimal:
    """The cost of a whole month at the pace of the days seen."""
    if seen >= days:
        return amount
    return (amount * days / seen).quantize(_PLACES, ROUND_HALF_UP)
