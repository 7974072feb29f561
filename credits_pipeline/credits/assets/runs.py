"""Which of Dagster's runs are ours: those that work on a month, and on which month."""

import dagster as dg

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.assets.names import Names
from credits_pipeline.credits.model.names import DROP, MONTH_JOB

_PARTITION_TAG = "dagster/partition"


def is_ours(run: dg.DagsterRun, names: Names, location: str | None = None) -> bool:
    """Whether a run works on a billing month, through the job or from an asset's page.

    Args:
        run: any run of the instance, which the whole company may share.
        names: of the stream.
        location: the code location that it must belong to, if both are known; a run that the
            command line executes belongs to none.
    """
    origin = run.remote_job_origin
    if location is not None and origin is not None and origin.location_name != location:
        return False
    selected = run.asset_selection
    if selected:
        return not selected.isdisjoint(names.months)
    return run.job_name == names.called(MONTH_JOB)


def is_to_send(run: dg.DagsterRun, names: Names) -> bool:
    """Whether a run means to send its month: it reaches the drop.

    One that does not, such as a run of checks alone, does not change the month's state.
    """
    selected, steps = run.asset_selection, run.step_keys_to_execute
    if selected and names.asset(DROP) not in selected:
        return False
    if not selected and run.asset_check_selection:
        return False
    return steps is None or names.op(DROP) in steps


def month_of_run(run: dg.DagsterRun) -> BillingMonth | None:
    """The month of a run; None if it has no month of ours."""
    try:
        return BillingMonth.of_partition(run.tags.get(_PARTITION_TAG, ""))
    except ValueError:
        return None


def died(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether a failed run died without a word: none of its steps failed."""
    return not instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
