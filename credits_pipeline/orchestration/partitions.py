"""Billing months as Dagster partitions.

Concept: https://docs.dagster.io/guides/build/partitions-and-backfills.
"""

from datetime import UTC, datetime

import dagster as dg

from credits_pipeline.billing.month import BillingMonth
from credits_pipeline.inbox.names import Months


def monthly_partitions(start: BillingMonth) -> dg.MonthlyPartitionsDefinition:
    """One partition per billing month, from ``start`` to the current month included, in UTC."""
    return dg.MonthlyPartitionsDefinition(
        start_date=start.partition_key, end_offset=1, timezone="UTC"
    )


def months_at(start: BillingMonth, now: datetime) -> Months:
    """The months that have a partition at a moment."""
    return Months(first=start, last=BillingMonth.at(now.astimezone(UTC)))


def month_of(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> BillingMonth:
    """The billing month that a step works on."""
    return BillingMonth.of_partition(context.partition_key)
