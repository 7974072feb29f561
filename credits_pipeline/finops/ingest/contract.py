"""What FOCUS promises about a month's rows, checked in the typed Parquet, by whole columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.focus import CLOSED_LISTS, COSTS
from credits_pipeline.finops.focus.lists import DECIDES_MONEY
from credits_pipeline.finops.ingest.check import Check, held
from credits_pipeline.finops.ingest.sql import literal, literals

#: Providers known to leave list and contracted cost of a credit at 0: reported there, not refused.
_LIST_OF_CREDITS_UNKNOWN = frozenset({"azure"})
_EXAMPLES = 5
_AGAIN = "The month keeps its current version. What to do: have the provider deliver it again"
_ACCEPT = ", or ingest it with this check accepted if the provider means it."


@dataclass(frozen=True)
class Measured:
    """The sums of the rows."""

    rows: int
    rounded: int
    totals: dict[str, dict[str, str]]


class Contract:
    """The typed rows of one month, and the checks on them."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        parts: Sequence[Path],
        month: BillingMonth,
        provider: str,
    ) -> None:
        self._connection = connection
        self._rows = (
            f"read_parquet({literals(str(part) for part in parts)}, hive_partitioning = false)"
        )
        self._month = month
        self._provider = provider

    def measure(self) -> Measured:
        """Rows, rounded rows, and the four costs by currency."""
        rows, rounded = self._one("count(*), count(*) FILTER (rounded)")
        sums = ", ".join(f'sum("{cost}")' for cost in COSTS)
        found = self._all(
            f"SELECT coalesce(\"BillingCurrency\", ''), {sums} FROM {self._rows} "
            "GROUP BY 1 ORDER BY 1"
        )
        totals = {
            str(each[0]): {
                cost: _text(amount) for cost, amount in zip(COSTS, each[1:], strict=True)
            }
            for each in found
        }
        return Measured(int(rows), int(rounded), totals)

    def checks(self, measured: Measured) -> list[Check]:
        """Each statement about the rows."""
        return [
            self._costs_there(measured),
            self._months(measured),
            self._exact(measured),
            self._closed_lists(),
            self._credits(),
            self._currencies(),
            self._periods(measured),
            self._tags(measured),
        ]

    def _costs_there(self, measured: Measured) -> Check:
        """A charge without its amount would silently add nothing."""
        counts = self._one(", ".join(f'count(*) FILTER ("{cost}" IS NULL)' for cost in COSTS))
        missing = {cost: int(n) for cost, n in zip(COSTS, counts, strict=True) if n}
        name = "cells_have_their_types"
        if not missing:
            return held(
                name, f"All {measured.rows:,} rows have amounts and times that can be read."
            )
        told = ", ".join(f"{cost} in {n:,}" for cost, n in missing.items())
        blocking = bool({"BilledCost", "EffectiveCost"} & set(missing))
        test = " OR ".join(f'"{cost}" IS NULL' for cost in missing)
        return Check(
            name,
            passed=False,
            blocking=blocking,
            says=f"{measured.rows:,} rows, and an empty {told} of them. "
            + (f"{_AGAIN}{_ACCEPT}" if blocking else "An empty amount adds nothing to that cost."),
            numbers={"rows": measured.rows, **missing},
            cases=self._cases(test),
        )

    def _months(self, measured: Measured) -> Check:
        start = f"TIMESTAMP {literal(self._month.start.strftime('%Y-%m-%d'))}"
        end = f"TIMESTAMP {literal(self._month.shift(1).start.strftime('%Y-%m-%d'))}"
        test = (
            f'"BillingPeriodStart" IS NULL OR "BillingPeriodStart" < {start} '
            f'OR "BillingPeriodStart" >= {end}'
        )
        (others,) = self._one(f"count(*) FILTER ({test})")
        name = "months_match_manifest"
        if not others:
            return held(name, f"All {measured.rows:,} rows are of {self._month}.")
        return Check(
            name,
            passed=False,
            says=f"{others:,} of {measured.rows:,} rows are not of {self._month}. {_AGAIN}.",
            numbers={"rows": measured.rows, "of_other_months": int(others)},
            cases=self._cases(test, "BillingPeriodStart"),
        )

    def _exact(self, measured: Measured) -> Check:
        name = "money_is_exact"
        if not measured.rounded:
            return held(
                name,
                f"All {measured.rows:,} rows were kept to the last digit.",
                blocking=False,
                rounded=0,
            )
        return Check(
            name,
            passed=False,
            blocking=False,
            says=f"{measured.rounded:,} of {measured.rows:,} rows have amounts with more than 18 "
            "places, and were rounded half-up at the 18th.",
            numbers={"rows": measured.rows, "rounded": measured.rounded},
            cases=self._cases("rounded"),
        )

    def _closed_lists(self) -> Check:
        name = "values_in_closed_lists"
        numbers: dict[str, str | int] = {}
        wrong: list[str] = []
        cases: list[str] = []
        blocking = False
        for column, words in CLOSED_LISTS.items():
            allowed = ", ".join(literal(word) for word in words)
            decides = column in DECIDES_MONEY
            test = f'"{column}" NOT IN ({allowed})' + (f' OR "{column}" IS NULL' if decides else "")
            found = self._all(
                f'SELECT "{column}", count(*) FROM {self._rows} WHERE {test} '
                f"GROUP BY 1 ORDER BY 2 DESC LIMIT {_EXAMPLES}"
            )
            if not found:
                continue
            blocking = blocking or decides
            numbers[column] = sum(int(each[1]) for each in found)
            shown = ", ".join(f"{str(word)[:40]!r} in {n:,} rows" for word, n in found)
            wrong.append(f"{column} says {shown}")
            cases += self._cases(test, column)
        if not wrong:
            return held(
                name, (f"{len(CLOSED_LISTS)} closed lists of FOCUS contain only their own values.")
            )
        return Check(
            name,
            passed=False,
            blocking=blocking,
            says=f"{'; '.join(wrong)}. "
            + (f"{_AGAIN}{_ACCEPT}" if blocking else "They are kept unchanged."),
            numbers=numbers,
            cases=tuple(cases),
        )

    def _credits(self) -> Check:
        """A credit is not amortised and has no list price."""
        credit = "\"ChargeCategory\" = 'Credit'"
        billed = f'{credit} AND "BilledCost" IS DISTINCT FROM "EffectiveCost"'
        listed = (
            f'{credit} AND ("BilledCost" IS DISTINCT FROM "ListCost" '
            f'OR "BilledCost" IS DISTINCT FROM "ContractedCost")'
        )
        total, effective, other = self._one(
            f"count(*) FILTER ({credit}), count(*) FILTER ({billed}), count(*) FILTER ({listed})"
        )
        name = "credits_cost_the_same"
        if not effective and not other:
            return held(name, f"{total:,} credits have the same amount in all four costs.")
        blocking = bool(effective) or self._provider not in _LIST_OF_CREDITS_UNKNOWN
        return Check(
            name,
            passed=False,
            blocking=blocking,
            says=f"Of {total:,} credits {effective:,} have another effective cost than billed, and "
            f"{other:,} another list or contracted cost. "
            + (f"{_AGAIN}{_ACCEPT}" if blocking else "Savings against list price leave them out."),
            numbers={"credits": int(total), "effective": int(effective), "listed": int(other)},
            cases=self._cases(f"({billed}) OR ({listed})", *COSTS),
        )

    def _currencies(self) -> Check:
        found = self._all(
            'SELECT "BillingAccountId", list_sort(list(DISTINCT "BillingCurrency")), '
            'count(*) FILTER ("BillingCurrency" IS NULL) '
            f"FROM {self._rows} GROUP BY 1 "
            'HAVING count(DISTINCT "BillingCurrency") > 1 OR count(*) FILTER '
            f'("BillingCurrency" IS NULL) > 0 ORDER BY 1 LIMIT {_EXAMPLES}'
        )
        name = "one_currency_an_account"
        if not found:
            (accounts,) = self._one('count(DISTINCT "BillingAccountId")')
            return held(name, f"{accounts:,} billing accounts are billed in one currency each.")
        told = "; ".join(
            f"account {account or '(none)'} has {' and '.join(c or '(none)' for c in currencies)}"
            + (f" and {empty:,} rows without one" if empty else "")
            for account, currencies, empty in found
        )
        return Check(
            name,
            passed=False,
            says=f"{told}. {_AGAIN}{_ACCEPT}",
            numbers={"accounts": len(found)},
        )

    def _periods(self, measured: Measured) -> Check:
        test = (
            '"ChargePeriodStart" IS NULL OR "ChargePeriodStart" < "BillingPeriodStart" '
            'OR "ChargePeriodEnd" > "BillingPeriodEnd" '
            'OR "ChargePeriodEnd" <= "ChargePeriodStart"'
        )
        (outside,) = self._one(f"count(*) FILTER ({test})")
        name = "charges_lie_in_period"
        if not outside:
            return held(
                name, f"All {measured.rows:,} charges lie within their period.", blocking=False
            )
        return Check(
            name,
            passed=False,
            blocking=False,
            says=f"{outside:,} of {measured.rows:,} charges do not lie within their billing "
            "period. They count in the month that bills them.",
            numbers={"rows": measured.rows, "outside": int(outside)},
            cases=self._cases(test, "ChargePeriodStart", "ChargePeriodEnd"),
        )

    def _tags(self, measured: Measured) -> Check:
        test = (
            "contains(x_columns, '\"Tags\":') "
            "AND json_extract_string(x_columns, '$.Tags') IS NOT NULL"
        )
        (unreadable,) = self._one(f"count(*) FILTER ({test})")
        name = "tags_are_readable"
        if not unreadable:
            return held(name, "All tags are keys and values.", blocking=False)
        return Check(
            name,
            passed=False,
            blocking=False,
            says=f"{unreadable:,} of {measured.rows:,} rows have tags that are not keys and "
            "values. They are kept in x_columns, and the rows count as untagged.",
            numbers={"rows": measured.rows, "unreadable": int(unreadable)},
            cases=self._cases(test),
        )

    def _cases(self, test: str, *columns: str) -> tuple[str, ...]:
        shown = "".join(f', CAST("{column}" AS VARCHAR)' for column in columns)
        found = self._all(
            f"SELECT file, file_row{shown} FROM {self._rows} WHERE {test} LIMIT {_EXAMPLES}"
        )
        return tuple(
            f"{file}, row {row:,}"
            + "".join(
                f", {column}: {str(value)[:60]!r}"
                for column, value in zip(columns, values, strict=True)
            )
            for file, row, *values in found
        )

    def _one(self, what: str) -> tuple[Any, ...]:
        found = self._connection.execute(f"SELECT {what} FROM {self._rows}").fetchone()
        return tuple(found or ())

    def _all(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(each) for each in self._connection.execute(sql).fetchall()]


def _text(amount: Decimal | None) -> str:
    """Plain digits, without trailing zeros."""
    if amount is None:
        return "0"
    text = f"{amount:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
