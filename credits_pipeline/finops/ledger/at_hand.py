"""What is available for a month: receipt, ledger and bill, read from storage. Asks no service."""

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import duckdb

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.ingest.sql import literal
from credits_pipeline.finops.lake import open_lake
from credits_pipeline.finops.ledger.book import LedgerBook
from credits_pipeline.finops.ledger.credit import LedgerMonth
from credits_pipeline.finops.ledger.reconciliation import Reconciliation, Sides, reconcile
from credits_pipeline.finops.ledger.rules import Rule
from credits_pipeline.finops.ledger.usage import Usage, usage_of
from credits_pipeline.finops.manifests import DeliveryError, current, own_receipts
from credits_pipeline.finops.manifests.receipts import receipt as receipt_of
from credits_pipeline.finops.objects import open_place

_AS_LEDGER = Rule.AS_LEDGER.value


def reconciliation_of(
    root: str,
    month: BillingMonth,
    *,
    credits_root: str | None = None,
    file: Mapping[str, Decimal] | None = None,
    told: Mapping[str, Any] | None = None,
) -> Reconciliation:
    """The three sides of a month.

    Args:
        root: ``FINOPS_STORAGE``.
        month: the billing month.
        credits_root: the first wing's storage; default: ``CREDITS_STORAGE``.
        file: what is distributed, if a run knows it before its receipt does.
        told: the fields of that run's attempt: ``proposal`` and ``left_out_usd``.

    Raises:
        BillError: something stored can't be read.
    """
    if file is None:
        file = handed_out(month, credits_root)
        told = receipt_of(own_receipts(credits_root), month)
    book = LedgerBook(Depot(root))
    usage = usage_of(open_lake(root), month)
    return reconcile(_sides(month, file, told or {}, book.of_month(month), usage))


def bill_credits(root: str, month: BillingMonth) -> dict[str, Decimal] | None:
    """The credits of a month's bills by account; None if no bill of AWS is available."""
    usage = usage_of(open_lake(root), month)
    return _booked(usage) if usage.payers else None


def handed_out(month: BillingMonth, credits_root: str | None = None) -> dict[str, Decimal] | None:
    """What a month's receipt gave each account; None if it has none, or its rows are gone."""
    source = own_receipts(credits_root)
    try:
        delivery = current(source, month)
    except DeliveryError:
        return None
    if delivery is None:
        return None
    depot = Depot(source.location)
    found: dict[str, Decimal] = {}
    place = open_place(source.location)
    for file in delivery.files:
        path = place.local(file.key) or depot.here(file.key)
        text = (
            'SELECT "resource/account", CAST("cost/cost" AS DECIMAL(38,12)) '  # noqa: S608 - a path
            f"FROM read_parquet({literal(str(path))})"
        )
        with duckdb.connect() as connection:
            for account, cost in connection.execute(text).fetchall():
                found[account] = found.get(account, Decimal(0)) - cost
    return found


def _sides(
    month: BillingMonth,
    file: Mapping[str, Decimal] | None,
    told: Mapping[str, Any],
    ledger: list[LedgerMonth],
    usage: Usage,
) -> Sides:
    proposal = told.get("proposal") or {}
    whole = bool(ledger) and all(one.complete for one in ledger)
    allocated: dict[str, Decimal] = {}
    for one in ledger:
        for account, amount in one.by_account().items():
            allocated[account] = allocated.get(account, Decimal(0)) + amount
    pools = [id_ for id_ in str(proposal.get("pools") or "").split(", ") if id_]
    of_pools = sum((sum(one.by_account(pools).values(), Decimal(0)) for one in ledger), Decimal(0))
    return Sides(
        month,
        file,
        allocated if whole else None,
        _booked(usage) if usage.payers else None,
        accounts=frozenset(one.account for one in usage.rows),
        estimated=any(one.estimated for one in ledger),
        moved=bool(proposal) and (proposal.get("rule") != _AS_LEDGER or bool(pools)),
        offset=proposal.get("booked") == "offset",
        unallocated=Decimal(str(told.get("left_out_usd") or 0)),
        pools=of_pools if pools and whole else None,
        rounded=Counter(row.account for one in ledger for row in one.allocations),
    )


def _booked(usage: Usage) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for payer in sorted(usage.payers):
        for account, amount in usage.booked(payer).items():
            found[account] = found.get(account, Decimal(0)) + amount
    return found
