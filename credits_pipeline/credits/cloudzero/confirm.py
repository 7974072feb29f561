"""Confirms later that credits are where they should be: in the stream, and on CloudZero's bill.

The queries of the costs endpoint and the evaluation of their answers (CloudZero contract, section
7). `real_cost`, CloudZero's default, lacks credits: every query here asks for `billed_cost`.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import polars as pl

from credits_pipeline.core.columns import SCALE, USD
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.cloudzero.difference import Difference, difference
from credits_pipeline.credits.cloudzero.errors import WrongAnswerError
from credits_pipeline.credits.cloudzero.operations import Operation

CostsQuery = Mapping[str, str | tuple[str, ...]]
CostRows = Iterable[Mapping[str, Any]]

#: How many months before the billing month an account's cost still makes it known.
KNOWN_BEFORE_MONTHS = 3
#: Costs are floats: two amounts are equal if they round to the same cent.
_HALF_A_CENT = Decimal("0.005")
#: How much of a text that is not an amount is shown.
_LONGEST_COST = 60
#: No account's dollars of a month have more digits before the point.
_DIGITS = 15
_STEP = Decimal(1).scaleb(-SCALE)
_ACCOUNT_ID = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")

#: A credit by account on either side; null where a side has none.
VISIBILITY = pl.Schema([("account", pl.String()), ("expected_usd", USD), ("found_usd", USD)])


def still_holds(held: pl.DataFrame, expected: pl.DataFrame) -> Difference:
    """How the stream's contents now differ from what the receipt says (design decision 15).

    Args:
        held: the month's contents.
        expected: the rows as they were sent, each with the hour of its body.
    """
    return difference(expected, held)


@dataclass(frozen=True, eq=False)
class Visibility:
    """Whether CloudZero's billed cost shows a drop.

    Attributes:
        status: ``not_visible_yet`` means that there is no row at all, or still the earlier ones.
        accounts: the accounts that differ, a table of `VISIBILITY`; dollars signed as credits.
    """

    status: Literal["visible", "not_visible_yet", "differs"]
    accounts: pl.DataFrame


def landed_query(connection_id: str, first: BillingMonth, last: BillingMonth) -> CostsQuery:
    """Ask for the billed credits of one stream, by month and account."""
    return _query(
        first,
        f"{last.end:%Y-%m-%dT%H:%M:%SZ}",
        {"BillingConnectionID": [connection_id], "LineItemType": ["Credit"]},
        ("Account",),
    )


def bill_credits_query(first: BillingMonth, last: BillingMonth) -> CostsQuery:
    """Ask for the credits on the AWS bill itself, by month, account and origin."""
    return _query(
        first,
        f"{last.end:%Y-%m-%dT%H:%M:%SZ}",
        {"CloudProvider": ["AWS"], "LineItemType": ["Credit"]},
        ("Account", "BillingConnectionID"),
    )


def known_accounts_query(month: BillingMonth, today: date) -> CostsQuery:
    """Ask for the accounts with cost from three months before the billing month until today."""
    return _query(
        month.shift(-KNOWN_BEFORE_MONTHS),
        f"{max(today, month.end.date()):%Y-%m-%d}T23:59:59Z",
        {"CloudProvider": ["AWS"]},
        ("Account", "BillingConnectionID"),
    )


def known_accounts(costs: CostRows, connection_id: str) -> frozenset[str]:
    """The accounts that have cost from anything but our own stream.

    An id inside a label, such as ``Prod (123456789012)``, counts.
    """
    known: set[str] = set()
    for row in costs:
        if row.get("BillingConnectionID") != connection_id:
            known.update(_ACCOUNT_ID.findall(str(row.get("Account", ""))))
    return frozenset(known)


def visible_in_billed_cost(
    costs: CostRows,
    expected: pl.DataFrame,
    month: BillingMonth,
    earlier: Iterable[pl.DataFrame] = (),
) -> Visibility:
    """Compare CloudZero's billed credits of a month with the drop's, by account, to the cent.

    Args:
        costs: the answer to `landed_query`; other months in it are ignored.
        expected: columns ``account`` and ``usd``, a credit positive, as `credit_by_account` makes
            of the rows sent.
        month: the billing month.
        earlier: the same for what the month held before: until the next ingest CloudZero still
            shows that, which counts as *not visible yet* and not as a difference.
    """
    found = _credits_of(costs, month)
    differing = _apart(expected, found)
    if differing.is_empty():
        return Visibility("visible", differing)
    is_earlier = found.is_empty() or any(_apart(table, found).is_empty() for table in earlier)
    return Visibility("not_visible_yet" if is_earlier else "differs", differing)


def _apart(expected: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """The accounts that differ by a cent or more, a table of `VISIBILITY`."""
    both = expected.select("account", expected_usd="usd").join(
        found.rename({"usd": "found_usd"}), on="account", how="full", coalesce=True
    )
    apart = pl.col("expected_usd").fill_null(0) - pl.col("found_usd").fill_null(0)
    return both.filter(apart.abs() > _HALF_A_CENT).sort("account").select(VISIBILITY.names())


def already_on_the_bill(
    costs: CostRows, expected: pl.DataFrame, month: BillingMonth, connection_id: str
) -> pl.DataFrame:
    """The accounts of a drop that also have credits on the AWS bill, where they count twice.

    Args:
        costs: the answer to `bill_credits_query`.
        expected: columns ``account`` and ``usd``, as for `visible_in_billed_cost`.
        month: the billing month.
        connection_id: our own stream, whose rows are not the bill's.

    Returns:
        A table of `VISIBILITY`: what the drop says, and what the bill says.
    """
    others = [row for row in costs if row.get("BillingConnectionID") != connection_id]
    return _on_both(expected, _credits_of(others, month))


def on_both(expected: pl.DataFrame, bill: Mapping[str, Decimal]) -> pl.DataFrame:
    """The same if AWS's bill is available.

    Args:
        expected: columns ``account`` and ``usd``, as for `visible_in_billed_cost`.
        bill: the credits of each account on it, positive.
    """
    table = pl.DataFrame(
        {"account": list(bill), "usd": list(bill.values())},
        schema={"account": pl.String, "usd": expected.schema["usd"]},
    )
    return _on_both(expected, table)


def _on_both(expected: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    on_bill = found.rename({"usd": "found_usd"})
    return (
        expected.filter(pl.col("usd") != 0)
        .select("account", expected_usd="usd")
        .join(on_bill.filter(pl.col("found_usd") != 0), on="account", how="inner")
        .sort("account")
        .select(VISIBILITY.names())
    )


def _query(
    first: BillingMonth, end: str, filters: Mapping[str, list[str]], group_by: tuple[str, ...]
) -> CostsQuery:
    # The end is a last second: whether a date there would be included is not documented.
    return {
        "start_date": f"{first.start:%Y-%m-%dT%H:%M:%SZ}",
        "end_date": end,
        "granularity": "monthly",
        "group_by": group_by,
        "cost_type": "billed_cost",
        "filters": json.dumps(filters),
    }


def _cost_of(row: Mapping[str, Any], account: str) -> Decimal:
    """A row's cost.

    Raises:
        WrongAnswerError: it has none, or none that can be an amount of dollars.
    """
    written = row.get("cost")
    try:
        cost = Decimal(str(written))
    except InvalidOperation:
        cost = Decimal("NaN")
    if not cost.is_finite() or cost.adjusted() > _DIGITS or isinstance(written, bool):
        raise WrongAnswerError(
            f"CloudZero, costs: the cost of account {account or '(none)'} is "
            f"{str(written)[:_LONGEST_COST]!r}, which is not an amount of dollars.",
            "Ask again later. If it persists, show this message to CloudZero's support.",
            operation=Operation.COSTS,
        )
    return cost


def _credits_of(costs: CostRows, month: BillingMonth) -> pl.DataFrame:
    """Columns ``account`` and ``usd``: the month's costs, negated and added up by account."""
    sums: dict[str, Decimal] = {}
    for row in costs:
        if str(row.get("usage_date", ""))[:7] == str(month):
            label = str(row.get("Account") or "")
            ids = _ACCOUNT_ID.findall(label)
            account = ids[0] if len(ids) == 1 else label
            sums[account] = sums.get(account, Decimal(0)) - _cost_of(row, account)
    return pl.DataFrame(
        {"account": list(sums), "usd": [amount.quantize(_STEP) for amount in sums.values()]},
        schema=pl.Schema([("account", pl.String()), ("usd", USD)]),
    )
