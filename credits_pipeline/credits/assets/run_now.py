"""A month's run in this process, with a decision about it.

It is a run of the stream that the settings name: its job, its asset keys, its connections.
"""

import dagster as dg

from credits_pipeline.core.settings import STREAM_NAME, key_prefix
from credits_pipeline.credits.assets.build import build_definitions
from credits_pipeline.credits.assets.names import Names
from credits_pipeline.credits.delivery.commands import Decision
from credits_pipeline.credits.delivery.connections import StorageConnection
from credits_pipeline.credits.model.names import CREDITS, MONTH_JOB
from credits_pipeline.credits.state.attempt import Attempt


def run_with(decision: Decision, instance: dg.DagsterInstance) -> Attempt | None:
    """Run a month with a decision about it; its attempt, if it left one."""
    month, names = decision.month, Names(key_prefix(), stream=STREAM_NAME.text())
    config = {
        **decision.decided,
        "for_version": decision.version,
        "who": decision.who,
        "why": decision.why,
    }
    result = (
        build_definitions()
        .resolve_job_def(names.called(MONTH_JOB))
        .execute_in_process(
            partition_key=month.partition_key,
            instance=instance,
            raise_on_error=False,
            tags={"user": decision.who, "credits/because": "credits-pipeline decide"},
            run_config={
                "ops": {names.op(CREDITS): {"config": config}},
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            },
        )
    )
    return StorageConnection().journal().attempt(month, result.run_id)
