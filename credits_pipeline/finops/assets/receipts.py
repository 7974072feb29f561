"""The distributed credits, as rows of the lake: kept in step with every receipt.

Concept: https://docs.dagster.io/guides/automate/declarative-automation. A receipt is a
materialisation of ``cloudzero_drop``, and so is a withdrawal; Dagster itself starts what follows.
"""

import warnings
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import dagster as dg

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.assets import metadata
from credits_pipeline.finops.assets.resource import BillsResource
from credits_pipeline.text import gated

if TYPE_CHECKING:
    from credits_pipeline.finops.lake import Version
    from credits_pipeline.finops.publish.attempts import Attempt

RECEIPTS = "credits_receipts"
SENSOR = "receipts_into_spend"
SUMS = "sums_to_the_receipt"
_RETRIES = dg.RetryPolicy(max_retries=3, delay=60, backoff=dg.Backoff.EXPONENTIAL)


def in_step() -> dg.AutomationCondition[Any]:
    """When a month is read: its receipt is new, or was there before this wing was in use.

    Unlike `eager`, it neither waits nor remembers: otherwise a receipt that comes while its month
    is being read would be lost between two checks. Two runs of a month end at the newer receipt. A
    failed month is not retried without end: a retry policy covers temporary failures.
    """
    condition = dg.AutomationCondition
    due = condition.missing().newly_true() | condition.any_deps_updated()
    return (due & ~condition.any_deps_missing()).with_label("a receipt is new")


def receipts_asset(
    drop: dg.AssetKey,
    partitions: dg.PartitionsDefinition[str],
    group: str,
    owners: Sequence[str] = (),
) -> dg.AssetsDefinition:
    """The asset.

    Args:
        drop: the first wing's asset whose materialisations are receipts.
        partitions: its months.
        group: that the UI shows it in.
        owners: e-mail addresses, and teams as ``team:name``.
    """
    return dg.asset(
        name=RECEIPTS,
        deps=[drop],
        partitions_def=partitions,
        group_name=group,
        owners=list(owners),
        tags={"domain": "finops"},
        kinds={"duckdb", "parquet"},
        retry_policy=_RETRIES,
        automation_condition=in_step(),
        description="The credits that a month's receipt proves to have been handed out, as rows of "
        "FOCUS. They count in the cost view Net only, in the place of the bill's own credits; of a "
        "month that is withdrawn they are nothing.",
    )(gated(_receipts))


def receipts_sensor(
    status: dg.DefaultSensorStatus, others: Sequence[str] = ()
) -> dg.AutomationConditionSensorDefinition:
    """Evaluates the asset's condition; conditions of other owners' assets are left to them.

    Args:
        status: whether it runs from the start.
        others: further assets of this wing that have a condition.
    """
    return dg.AutomationConditionSensorDefinition(
        SENSOR,
        target=dg.AssetSelection.assets(RECEIPTS, *others),
        default_status=status,
        description="Takes a month into the lake when its drop was verified or withdrawn.",
    )


def receipts_check(partitions: dg.PartitionsDefinition[str]) -> dg.AssetChecksDefinition:
    """The check of the asset."""
    with warnings.catch_warnings():
        # Partitions of checks are in preview in the pinned release; the tests cover them.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return _check(partitions)


def _check(partitions: dg.PartitionsDefinition[str]) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=RECEIPTS,
        name=SUMS,
        partitions_def=partitions,
        description="The rows add up to the receipt, to the last digit.",
    )
    @gated
    def sums_to_the_receipt(
        context: dg.AssetCheckExecutionContext, bills: BillsResource
    ) -> dg.AssetCheckResult:
        from credits_pipeline.finops.manifests.receipts import receipt  # noqa: PLC0415 - when used

        month = BillingMonth.of_partition(str(context.partition_key))
        source = bills.receipts()
        stated = Decimal(str(receipt(source, month).get("total_credit_usd") or 0))
        version = bills.lake().current(source.name, month)
        taken = -Decimal(_billed(version)) + 0
        return dg.AssetCheckResult(
            passed=version is not None and stated == taken,
            description=f"The receipt of {month} says {stated} USD, the rows say {taken}."
            if version
            else f"There are no rows of {month}.",
            metadata={"receipt_usd": str(stated), "rows_usd": str(taken)},
        )

    return sums_to_the_receipt


def _billed(version: "Version | None") -> str:
    return version.totals.get("USD", {}).get("BilledCost", "0") if version else "0"


def _receipts(
    context: dg.AssetExecutionContext, bills: BillsResource
) -> dg.MaterializeResult[None]:
    from credits_pipeline.finops.errors import BillError  # noqa: PLC0415 - when used
    from credits_pipeline.finops.publish.attempts import (  # noqa: PLC0415 - loads DuckDB
        last_attempt,
        take_in,
        with_marts,
    )

    month, source = BillingMonth.of_partition(context.partition_key), bills.receipts()
    depot = bills.depot()
    try:
        found = take_in(
            source, month, bills.lake(), depot, tags=bills.tags(), run_id=context.run.run_id
        )
    except BillError as error:
        raise dg.Failure(metadata.plain(error), allow_retries=error.passes) from error
    attempt = last_attempt(depot, source.name, month)
    if found.version is None or (attempt is not None and not attempt.is_fine):
        raise _not_taken(month, attempt)
    refresher = bills.refresher()
    made = refresher.make(found.version, say=metadata.saying(context.log.info))
    with_marts(depot, source.name, month, made)
    refreshed = refresher.refresh(say=metadata.saying(context.log.info))
    uri = depot.place.uri(f"focus_costs/source={source.name}/billing_month={month}")
    return dg.MaterializeResult(
        metadata={
            **metadata.of_ingested(found, uri),
            "published": refreshed.publication.pointer.version,
        },
        data_version=dg.DataVersion(found.version.version),
    )


def _not_taken(month: BillingMonth, attempt: "Attempt | None") -> dg.Failure:
    nothing = attempt is None or attempt.outcome == "nothing"
    says = (
        f"There is no receipt of {month}: nothing of it was ever verified at CloudZero. What to "
        f"do: credits-pipeline report --month {month} says how it stands."
        if nothing or attempt is None
        else attempt.says
    )
    return dg.Failure(metadata.plain(says), allow_retries=bool(attempt and attempt.passes))
