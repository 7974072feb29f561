"""Owned commitments: Savings Plans and EC2 reservations, with their terms and ends."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from credits_pipeline.finops.scans.accounts import Account, Accounts
from credits_pipeline.finops.scans.inventory import Part, noted
from credits_pipeline.finops.scans.table import Table

COMMITMENTS = Table(
    (
        ("id", "VARCHAR"),
        ("kind", "VARCHAR"),
        ("account", "VARCHAR"),
        ("region", "VARCHAR"),
        ("what", "VARCHAR"),
        ("state", "VARCHAR"),
        ("hourly", "DECIMAL(36, 18)"),
        ("number", "BIGINT"),
        ("payment", "VARCHAR"),
        ("begins", "TIMESTAMP"),
        ("ends", "TIMESTAMP"),
    )
)
_PLAN, _RESERVED = "Savings Plan", "Reserved Instance"
_COUNTING = ("active", "payment-pending", "queued")


def ask_commitments(
    accounts: Accounts, regions: tuple[str, ...], parts: list[Part]
) -> Iterator[dict[str, Any]]:
    """Every active commitment, one row each.

    Args:
        accounts: the accounts asked.
        regions: where to ask for reservations; Savings Plans have no region.
        parts: filled while rows are read.
    """
    for account in accounts.all:
        if account.refused is not None:
            continue  # the inventory has reported it
        yield from noted(_PLAN, account, "", _plans(accounts, account, regions[0]), parts)
        for region in regions:
            found = _reserved(accounts, account, region)
            yield from noted(_RESERVED, account, region, found, parts)


def _plans(accounts: Accounts, account: Account, region: str) -> Iterator[dict[str, Any]]:
    asking = accounts.asking(account, region)
    for one in asking.pages(
        "savingsplans", "describe_savings_plans", "savingsPlans", states=list(_COUNTING)
    ):
        yield {
            "id": one["savingsPlanArn"],
            "kind": _PLAN,
            "account": account.id,
            "region": one.get("region", ""),
            "what": f"{one['savingsPlanType']} {one.get('ec2InstanceFamily', '')}".strip(),
            "state": one["state"],
            "hourly": Decimal(str(one["commitment"])),
            "number": 1,
            "payment": one.get("paymentOption", ""),
            "begins": _time(one.get("start")),
            "ends": _time(one.get("end")),
        }


def _reserved(accounts: Accounts, account: Account, region: str) -> Iterator[dict[str, Any]]:
    asking = accounts.asking(account, region)
    filters = [{"Name": "state", "Values": ["active", "payment-pending"]}]
    for one in asking.pages(
        "ec2", "describe_reserved_instances", "ReservedInstances", Filters=filters
    ):
        yield {
            "id": one["ReservedInstancesId"],
            "kind": _RESERVED,
            "account": account.id,
            "region": region,
            "what": f"{one['InstanceType']} {one.get('ProductDescription', '')}".strip(),
            "state": one["State"],
            "hourly": _hourly(one),
            "number": one["InstanceCount"],
            "payment": one.get("OfferingType", ""),
            "begins": _time(one.get("Start")),
            "ends": _time(one.get("End")),
        }


def _hourly(one: Any) -> Decimal | None:
    """The hourly cost of a commitment, with its upfront payment spread over its term."""
    hours = Decimal(str(one.get("Duration", 0))) / 3600
    if not hours:
        return None
    charged = [Decimal(str(each["Amount"])) for each in one.get("RecurringCharges", ())]
    paid = Decimal(str(one.get("FixedPrice", 0))) / hours
    found = paid + Decimal(str(one.get("UsagePrice", 0))) + sum(charged, Decimal(0))
    return found.quantize(Decimal("0.000001"))


def _time(value: Any) -> datetime | None:
    if not value:
        return None
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
