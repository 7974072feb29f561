"""AWS's credit ledger for the sample bills: the credits that are hidden in them."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from credits_pipeline.sandbox.credit_ledger import AppliedCredit, CreditLedger, GrantedCredit

#: The payer of the sample bills of AWS.
PAYER = "112480036627"
_FIRST_ID = 5_180_000_001


def fill(
    ledger: CreditLedger, planted: Mapping[str, Any], rows: Iterable[Mapping[str, str]]
) -> None:
    """Write the ledger of the sample bills.

    Args:
        ledger: the ledger to fill.
        planted: what was hidden in the bills.
        rows: the credits of the bill: account, service, month and cost.
    """
    credits = [one for one in planted["credits"] if one["source"] == "aws"]
    ids = {one["description"]: str(_FIRST_ID + at) for at, one in enumerate(credits)}
    by_account = {
        account: ids[one["description"]] for one in credits for account in one["accounts"]
    }
    now = f"{datetime.now(UTC):%Y-%m}"
    applied = [
        AppliedCredit(
            PAYER,
            row["month"],
            by_account[row["account"]],
            row["account"],
            row["service"],
            Decimal(row["cost"]),
            row["month"] == now,
        )
        for row in rows
        if row["account"] in by_account
    ]
    owners = [one["owner"] for one in credits]
    ledger.families = {PAYER: tuple(sorted({*by_account, *owners}))}
    ledger.credits = [
        GrantedCredit(
            id=ids[one["description"]],
            owner=one["owner"],
            initial=Decimal(one["granted"]),
            description=one["description"],
            start=date.fromisoformat(one["begins"]),
            end=date.fromisoformat(one["expires"]),
            products=tuple(one["services"]),
        )
        for one in credits
    ]
    ledger.applied = applied
