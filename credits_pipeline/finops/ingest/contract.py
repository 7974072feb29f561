"""What FOCUS promises about a month's rows, checked in the typed Parquet, by whole columns."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.wording import counted
from credits_pipeline.finops.focus import CLOSED_LISTS, COSTS
from credits_pipeline.finops.focus.lists import DECIDES_MONEY
from credits_pipeline.finops.ingest.check import Check, held
from credits_pipeline.finops.ingest.sql import literal, literals

#: Providers known to leave list and contracted cost of a credit at 0: reported there, not refused.
_LIST_OF_CREDITS_UNKNOWN = frozenset({"azure"})
_EXAMPLES = 5
_AGAIN = "The month keeps its current version. What to do: have the provider deliver it again"
_CREDIT = "\"ChargeCategory\" = 'Credit'"
_OUTSIDE_PERIOD = (
    '"ChargePeriodStart" IS NULL OR "ChargePeriodStart" < "BillingPeriodStart" '
    'OR "ChargePeriodEnd" > "BillingPeriodEnd" OR "ChargePeriodEnd" <= "ChargePeriodStart"'
)
#: A sum of DuckDB has up to 38 digits, more than Python's arithmetic keeps unasked.
EXACT = Context(prec=60)
_ACCEPT = ", or ingest it with this check accepted if the provider means it."


@dataclass(frozen=True)
class Measured:
    """The sums of the rows."""

    rows: int
    rounded: int
    totals: dict[str, dict[str, str]]


@dataclass(frozen=True)
class _Group:
    """The rows of one account in one currency."""

    account: str | None
    currency: str | None
    costs: tuple[Decimal, ...]
    counts: dict[str, int]

    @property
    def rows(self) -> int:
        return self.counts["all_rows"]


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
        totals: dict[str, dict[str, Decimal]] = {}
        for group in self._groups:
            sums = totals.setdefault(group.currency or "", dict.fromkeys(COSTS, Decimal(0)))
            for cost, amount in zip(COSTS, group.costs, strict=True):
                sums[cost] = EXACT.add(sums[cost], amount)
        texts = {
            currency: {cost: _text(amount) for cost, amount in sums.items()}
            for currency, sums in sorted(totals.items())
        }
        return Measured(self._count("all_rows"), self._count("rounded_rows"), texts)

    def billed(self, invoices: Collection[str]) -> dict[tuple[str, str], Decimal]:
        """What the rows of these invoices are billed, by number and currency."""
        if not invoices:
            return {}
        found = self._connection.execute(
            f'SELECT "InvoiceId", "BillingCurrency", SUM("BilledCost") FROM {self._rows} '
            f'WHERE list_contains(?, "InvoiceId") GROUP BY ALL',
            [sorted(invoices)],
        ).fetchall()
        return {(number, currency or ""): cost or Decimal(0) for number, currency, cost in found}

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
        missing = {cost: n for cost in COSTS if (n := self._count(f"no_{cost}"))}
        name = "cells_have_their_types"
        if not missing:
            return held(name, f"Amounts and times can be read in {counted(measured.rows, 'row')}.")
        told = ", ".join(f"{cost} in {n:,}" for cost, n in missing.items())
        blocking = bool({"BilledCost", "EffectiveCost"} & set(missing))
        test = " OR ".join(f'"{cost}" IS NULL' for cost in missing)
        return Check(
            name,
            passed=False,
            blocking=blocking,
            says=f"{counted(measured.rows, 'row')}, and an empty {told} of them. "
            + (f"{_AGAIN}{_ACCEPT}" if blocking else "An empty amount adds nothing to that cost."),
            numbers={"rows": measured.rows, **missing},
            cases=self._cases(test),
        )

    def _months(self, measured: Measured) -> Check:
        others = self._count("of_other_months")
        name = "months_match_manifest"
        if not others:
            return held(name, f"{counted(measured.rows, 'row')}, of {self._month} alone.")
        return Check(
            name,
            passed=False,
            says=f"{others:,} of {measured.rows:,} rows are not of {self._month}. {_AGAIN}.",
            numbers={"rows": measured.rows, "of_other_months": others},
            cases=self._cases(self._tests["of_other_months"], "BillingPeriodStart"),
        )

    def _exact(self, measured: Measured) -> Check:
        name = "money_is_exact"
        if not measured.rounded:
            return held(
                name,
                f"{counted(measured.rows, 'row')}, kept to the last digit.",
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
        for column in CLOSED_LISTS:
            if not self._count(f"unlisted_{column}"):
                continue
            test = self._tests[f"unlisted_{column}"]
            found = self._all(
                f'SELECT "{column}", count(*) FROM {self._rows} WHERE {test} '
                f"GROUP BY 1 ORDER BY 2 DESC LIMIT {_EXAMPLES}"
            )
            blocking = blocking or column in DECIDES_MONEY
            numbers[column] = sum(int(each[1]) for each in found)
            shown = ", ".join(f"{str(word)[:40]!r} in {counted(n, 'row')}" for word, n in found)
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
        total = self._count("credits")
        effective, other = self._count("credits_amortised"), self._count("credits_listed")
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
            numbers={"credits": total, "effective": effective, "listed": other},
            cases=self._cases(
                f"({self._tests['credits_amortised']}) OR ({self._tests['credits_listed']})", *COSTS
            ),
        )

    def _currencies(self) -> Check:
        accounts: dict[str | None, dict[str | None, int]] = {}
        for group in self._groups:
            accounts.setdefault(group.account, {})[group.currency] = group.rows
        found = [
            (account, sorted(currency for currency in rows if currency), rows.get(None, 0))
            for account, rows in sorted(accounts.items(), key=lambda one: (one[0] is None, one[0]))
            if len(rows) > 1 or None in rows
        ]
        name = "one_currency_an_account"
        if not found:
            known = sum(account is not None for account in accounts)
            return held(name, f"{known:,} billing accounts are billed in one currency each.")
        told = "; ".join(
            f"account {account or '(none)'} has {' and '.join(c or '(none)' for c in currencies)}"
            + (f" and {counted(empty, 'row')} without one" if empty else "")
            for account, currencies, empty in found[:_EXAMPLES]
        )
        return Check(
            name,
            passed=False,
            says=f"{told}. {_AGAIN}{_ACCEPT}",
            numbers={"accounts": len(found)},
        )

    def _periods(self, measured: Measured) -> Check:
        outside = self._count("outside_period")
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
            numbers={"rows": measured.rows, "outside": outside},
            cases=self._cases(
                self._tests["outside_period"], "ChargePeriodStart", "ChargePeriodEnd"
            ),
        )

    def _tags(self, measured: Measured) -> Check:
        unreadable = self._count("unreadable_tags")
        name = "tags_are_readable"
        if not unreadable:
            return held(name, "All tags are keys and values.", blocking=False)
        return Check(
            name,
            passed=False,
            blocking=False,
            says=f"{unreadable:,} of {measured.rows:,} rows have tags that are not keys and "
            "values. They are kept in x_columns, and the rows count as untagged.",
            numbers={"rows": measured.rows, "unreadable": unreadable},
            cases=self._cases(self._tests["unreadable_tags"]),
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

    @cached_property
    def _tests(self) -> dict[str, str]:
        """Every condition on a row that is counted, by its name."""
        return {
            "all_rows": "true",
            "rounded_rows": "rounded",
            **{f"no_{cost}": f'"{cost}" IS NULL' for cost in COSTS},
            "of_other_months": _of_other_months(self._month),
            **{f"unlisted_{column}": _unlisted(column) for column in CLOSED_LISTS},
            "credits": _CREDIT,
            "credits_amortised": f'{_CREDIT} AND "BilledCost" IS DISTINCT FROM "EffectiveCost"',
            "credits_listed": f'{_CREDIT} AND ("BilledCost" IS DISTINCT FROM "ListCost" '
            'OR "BilledCost" IS DISTINCT FROM "ContractedCost")',
            "outside_period": _OUTSIDE_PERIOD,
            "unreadable_tags": "contains(x_columns, '\"Tags\":') "
            "AND json_extract_string(x_columns, '$.Tags') IS NOT NULL",
        }

    @cached_property
    def _groups(self) -> list["_Group"]:
        """Costs and counts by account and currency, from one pass over the rows."""
        sums = ", ".join(f'coalesce(sum("{cost}"), 0)' for cost in COSTS)
        counts = ", ".join(f"count(*) FILTER ({test})" for test in self._tests.values())
        found = self._all(
            f'SELECT "BillingAccountId", "BillingCurrency", {sums}, {counts} FROM {self._rows} '
            "GROUP BY 1, 2"
        )
        return [
            _Group(
                account,
                currency,
                tuple(numbers[: len(COSTS)]),
                dict(zip(self._tests, map(int, numbers[len(COSTS) :]), strict=True)),
            )
            for account, currency, *numbers in found
        ]

    def _count(self, name: str) -> int:
        return sum(group.counts[name] for group in self._groups)

    def _all(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(each) for each in self._connection.execute(sql).fetchall()]


def _of_other_months(month: BillingMonth) -> str:
    start = f"TIMESTAMP {literal(month.start.strftime('%Y-%m-%d'))}"
    end = f"TIMESTAMP {literal(month.shift(1).start.strftime('%Y-%m-%d'))}"
    period = '"BillingPeriodStart"'
    return f"{period} IS NULL OR {period} < {start} OR {period} >= {end}"


def _unlisted(column: str) -> str:
    allowed = ", ".join(literal(word) for word in CLOSED_LISTS[column])
    empty = f' OR "{column}" IS NULL' if column in DECIDES_MONEY else ""
    return f'"{column}" NOT IN ({allowed}){empty}'


def _text(amount: Decimal) -> str:
    """Plain digits, without trailing zeros."""
    text = f"{amount:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
