"""Dagster's runs as far as they are ours: which of them work on a month, and on which."""

import dagster as dg

from credits_pipeline.billing.month import BillingMonth

_PARTITION_TAG = "dagster/partition"
_DROP = "cloudzero_drop"
_ASSETS = {"raw_credits_csv", "credits", "cbf_payload", _DROP}


def is_ours(run: dg.DagsterRun) -> bool:
    """Whether a run works on a billing month, by the job or from an asset's page."""
    selected = run.asset_selection
    return run.job_name == "credits_month" or bool(
        selected and _ASSETS & {key.path[-1] for key in selected}
    )


def is_to_send(run: dg.DagsterRun) -> bool:
    """Whether a run is to send its month: it reaches the drop.

    One that does not, such as checks run by themselves, says nothing of how the month stands.
    """
    selected, steps = run.asset_selection, run.step_keys_to_execute
    if selected and not any(key.path[-1] == _DROP for key in selected):
        return False
    if not selected and run.asset_check_selection:
        return False
    return steps is None or any(step.endswith(_DROP) for step in steps)


def month_of_run(run: dg.DagsterRun) -> BillingMonth | None:
    """The month of a run; None where it has none that is ours."""
    try:
        return BillingMonth.of_partition(run.tags.get(_PARTITION_TAG, ""))
    except ValueError:
        return None


def died(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether a run that did not succeed ended without a word: none of its steps failed."""
    return not instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
