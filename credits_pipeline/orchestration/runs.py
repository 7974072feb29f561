"""Dagster's runs as far as they are ours: which of them work on a month, and on which."""

import dagster as dg

from credits_pipeline.billing.month import BillingMonth

_PARTITION_TAG = "dagster/partition"
_ASSETS = {"raw_credits_csv", "credits", "cbf_payload", "cloudzero_drop"}


def is_ours(run: dg.DagsterRun) -> bool:
    """Whether a run works on a billing month, by the job or from an asset's page."""
    selected = run.asset_selection
    return run.job_name == "credits_month" or bool(
        selected and _ASSETS & {key.path[-1] for key in selected}
    )


def month_of_run(run: dg.DagsterRun) -> BillingMonth | None:
    """The month of a run; None where it has none that is ours."""
    try:
        return BillingMonth.of_partition(run.tags.get(_PARTITION_TAG, ""))
    except ValueError:
        return None


def died(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether a run that did not succeed ended without a word: none of its steps failed."""
    return not instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
