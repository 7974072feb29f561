"""Whether marts sum to their rows, to the last digit: both sides are summed again and reported."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from credits_pipeline.core.money import to_text
from credits_pipeline.finops.marts.columns import COSTS, LINE_ITEMS
from credits_pipeline.finops.marts.engine import Engine
from credits_pipeline.finops.marts.mart import ROWS

#: Currency to column to its sum as exact text; a cost that no row states is left out.
Sums = dict[str, dict[str, str]]


@dataclass(frozen=True)
class SumCheck:
    """The sums of a mart beside those of its rows.

    Attributes:
        mart: its name.
        rows: the sums of the typed rows that count in it.
        sums: the sums of its file.
    """

    mart: str
    rows: Sums
    sums: Sums

    @property
    def holds(self) -> bool:
        """Whether both are equal, in every currency and cost."""
        return self.rows == self.sums

    @property
    def says(self) -> str:
        """One sentence with the numbers."""
        if self.holds:
            told = "; ".join(_told(currency, sums) for currency, sums in self.sums.items())
            return f"{self.mart} sums to its rows to the last digit: {told or 'no rows'}."
        apart = "; ".join(
            f"the rows are {_told(currency, self.rows.get(currency))}, "
            f"the mart is {_told(currency, self.sums.get(currency))}"
            for currency in sorted(self.rows.keys() | self.sums.keys())
            if self.rows.get(currency) != self.sums.get(currency)
        )
        return (
            f"{self.mart} does not sum to its rows: {apart}. What to do: nothing was published; "
            "ingest the month again, and report this with the mart's file if it persists."
        )


def sums_of_rows(engine: Engine, of: Sequence[str]) -> dict[str, Sums]:
    """The sums of the typed rows, for each predicate, in one pass over them."""
    wanted = list(dict.fromkeys(of))
    chosen = [
        f"{summed}{f' FILTER (WHERE {predicate})' if predicate else ''}"
        for predicate in wanted
        for summed in (*(f"SUM({cost})" for cost in COSTS), "COUNT(1)")
    ]
    found = engine.read(
        f"SELECT BillingCurrency, {', '.join(chosen)} FROM {ROWS} GROUP BY BillingCurrency"  # noqa: S608 - ours
    )
    width = len(COSTS) + 1
    return {
        predicate: _sums([(row[0], *row[1 + at : 1 + at + width]) for row in found])
        for predicate, at in zip(wanted, range(0, width * len(wanted), width), strict=True)
    }


def sums_of_mart(engine: Engine, table: str) -> Sums:
    """The sums of a mart's table."""
    chosen = ", ".join(f"SUM({column})" for column in (*COSTS.values(), LINE_ITEMS))
    return _sums(
        engine.read(f"SELECT billing_currency, {chosen} FROM {table} GROUP BY billing_currency")  # noqa: S608 - ours
    )


def _sums(rows: Sequence[tuple[Any, ...]]) -> Sums:
    return {
        currency or "": {
            **{
                name: to_text(cost)
                for name, cost in zip(COSTS.values(), costs, strict=True)
                if cost is not None
            },
            LINE_ITEMS: str(Decimal(counted)),
        }
        for currency, *costs, counted in sorted(rows, key=lambda row: row[0] or "")
        if counted
    }


def _told(currency: str, sums: dict[str, str] | None) -> str:
    if sums is None:
        return f"{currency} none"
    costs = ", ".join(
        f"{name.removesuffix('_cost')} {sums.get(name, 'not stated')}" for name in COSTS.values()
    )
    return f"{currency} {costs}, {sums[LINE_ITEMS]} rows"
