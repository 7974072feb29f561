"""Billing months as Dagster partitions.

Concept: https://docs.dagster.io/guides/build/partitions-and-backfills.
"""

from datetime import UTC, datetime

import dagster as dg

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.inbox.names import Months


def monthly_partitions(start: BillingMonth) -> dg.MonthlyPartitionsDefinition:
    """One partition per billing month, from ``start`` through the current month, in UTC."""
    return dg.MonthlyPartitionsDefinition(
        start_date=start.partition_key, end_offset=1, timezone="UTC"
    )


def months_at(start: BillingMonth, now: datetime) -> Months:
    """The months that have a partition at a moment."""
    return Months(first=start, last=BillingMonth.at(now.astimezone(UTC)))


def month_of(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> BillingMonth:
    """The billing month that a step works on."""
    return BillingMonth.of_partition(context.partition_key)


def has_month(context: dg.AssetCheckExecutionContext) -> bool:
    """Whether a run of checks is about a month; the page's "Execute all" starts one without.

    The intended month can't be guessed, and a result without one would be shown for all.
    """
    if context.has_partition_key:
        return True
    context.log.warning(
        "No check was made: each is about one month, and this run has none. What to do: "
        "materialise the month, which makes all of its checks."
    )
    return False
