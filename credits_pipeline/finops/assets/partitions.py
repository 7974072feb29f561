"""A bill's partition: a billing month of a source, ``YYYY-MM-01|SOURCE``.

Concept: https://docs.dagster.io/guides/build/partitions-and-backfills. Sources come and go, so
theirs are dynamic; the sensor adds them.
"""

import dagster as dg

from credits_pipeline.core.month import BillingMonth

MONTH, SOURCE = "month", "source"
#: Before any provider delivered FOCUS; months without a delivery cost nothing.
_FIRST = BillingMonth(2020, 1)

sources = dg.DynamicPartitionsDefinition(name="finops_sources")
months = dg.MonthlyPartitionsDefinition(
    start_date=_FIRST.partition_key, end_offset=1, timezone="UTC"
)
bills = dg.MultiPartitionsDefinition({MONTH: months, SOURCE: sources})


def key_of(source: str, month: BillingMonth) -> dg.MultiPartitionKey:
    """The partition of a month of a source."""
    return dg.MultiPartitionKey({MONTH: month.partition_key, SOURCE: source})


def bill_of(
    context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext,
) -> tuple[str, BillingMonth]:
    """The source and the month that a step works on."""
    month, _, source = str(context.partition_key).partition("|")
    return source, BillingMonth.of_partition(month)
