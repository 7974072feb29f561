"""The hours of use that a Savings Plan could cover, from the typed rows of the last 60 days."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.optimization.plans import LOOKBACKS
from credits_pipeline.finops.publish.bill import RECEIPTS, Bill
from credits_pipeline.finops.scans import table

if TYPE_CHECKING:
    from credits_pipeline.finops.lake import Lake

#: The services that a Compute Savings Plan covers, by FOCUS's names.
_SERVICES = (
    "Amazon Elastic Compute Cloud", "Amazon Elastic Compute Cloud - Compute", "Amazon EC2",
    "AWS Lambda", "Amazon Elastic Container Service", "AWS Fargate",
)  # fmt: skip
#: How many days before the scan the newest row may be.
_LATE = 40
_UNITS = ("hours", "hrs", "hour", "gb-seconds", "lambda-gb-second", "vcpu-hours", "gb-hours")


def files_of(lake: "Lake", bills: Iterable[Bill], at: datetime) -> dict[str, list[Path]]:
    """The typed rows of AWS's bills of the last 60 days, by source.

    Args:
        lake: where they are.
        bills: that are published.
        at: the scan's as-of time.
    """
    first = at - timedelta(days=LOOKBACKS[-1] + _LATE)
    found: dict[str, list[Path]] = {}
    for bill in bills:
        month = BillingMonth.parse(bill.billing_month)
        wanted = bill.provider == "aws" and bill.source != RECEIPTS
        if not wanted or month.end <= first or month.start > at:
            continue
        version = lake.current(bill.source, month)
        if version is not None:
            found.setdefault(bill.source, []).extend(lake.parquet(version))
    return found


def payers(files: dict[str, list[Path]], scratch: Path) -> dict[str, str]:
    """Who pays for each account."""
    found: dict[str, str] = {}
    for paths in files.values():
        with table.connected(scratch) as connection:
            text = (
                "SELECT DISTINCT SubAccountId, BillingAccountId FROM "  # noqa: S608 - our own names
                f"read_parquet([{_listed(paths)}]) WHERE SubAccountId IS NOT NULL"
            )
            found.update(connection.execute(text).fetchall())
    return found


def hours(files: dict[str, list[Path]], scratch: Path) -> Iterator[dict[str, Any]]:
    """The hourly cost of use that a plan could cover, by payer; a daily row counts as 24 hours.

    Args:
        files: see `files_of`.
        scratch: a folder for what does not fit into memory.
    """
    services = ", ".join(f"'{name}'" for name in _SERVICES)
    units = ", ".join(f"'{name}'" for name in _UNITS)
    for source, paths in files.items():
        if not paths:
            continue
        with table.connected(scratch) as connection:
            text = f"""
                WITH line AS (
                    SELECT BillingAccountId AS payer, BillingCurrency AS currency,
                        ChargePeriodStart AS starts,
                        greatest(1, date_diff('hour', ChargePeriodStart, ChargePeriodEnd)) AS long,
                        sum(CASE WHEN CommitmentDiscountId IS NULL THEN EffectiveCost ELSE 0 END)
                            AS on_demand,
                        sum(CASE WHEN CommitmentDiscountId IS NULL THEN 0 ELSE EffectiveCost END)
                            AS covered
                    FROM read_parquet([{_listed(paths)}])
                    WHERE ChargeCategory = 'Usage' AND ServiceCategory = 'Compute'
                        AND ServiceName IN ({services})
                        AND lower(ConsumedUnit) IN ({units})
                    GROUP BY ALL
                )
                SELECT payer, currency, starts, long, on_demand, covered FROM line
                ORDER BY payer, currency, starts"""  # noqa: S608 - our own names
            for row in table.rows_of(connection, text):
                for number in range(row["long"]):
                    yield {
                        "source": source,
                        "payer": row["payer"],
                        "currency": row["currency"],
                        "hour": row["starts"] + timedelta(hours=number),
                        "on_demand": row["on_demand"] / row["long"],
                        "covered": row["covered"] / row["long"],
                        "by_day": row["long"] > 1,
                    }


def _listed(paths: Iterable[Path]) -> str:
    return ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
