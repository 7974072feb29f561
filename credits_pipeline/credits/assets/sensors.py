"""The sensors: one checks the inbox, others record runs that died, one sends alerts.

Concept: https://docs.dagster.io/guides/automate/sensors. An error is never turned into a skip: a
tick that could not check must be red.
"""

from dataclasses import replace
from datetime import UTC
from typing import Any

import dagster as dg

from credits_pipeline.core.settings import Schedule
from credits_pipeline.credits.assets.alert_sensor import alert_sensor
from credits_pipeline.credits.assets.attempts import Recorder, failed, interrupted, log
from credits_pipeline.credits.assets.files_sensor import files_sensor
from credits_pipeline.credits.assets.names import Names
from credits_pipeline.credits.assets.resources import StorageResource
from credits_pipeline.credits.assets.retry_sensors import again_sensors
from credits_pipeline.credits.assets.runs import died, is_ours, is_to_send, month_of_run
from credits_pipeline.credits.assets.schedules import SCHEDULES
from credits_pipeline.credits.state.attempt import Verdict

_ONLY = Names()


def credits_sensors(schedule: Schedule, job: Any, names: Names) -> list[dg.SensorDefinition]:
    """All sensors, running from the start if automation is on."""
    status = (
        dg.DefaultSensorStatus.RUNNING if schedule.automation else dg.DefaultSensorStatus.STOPPED
    )

    @dg.run_failure_sensor(
        name=names.called("credits_failed_runs"),
        default_status=status,
        description="Writes the attempt of a run that failed before it could write its own.",
    )
    @names.bound
    def credits_failed_runs(
        context: dg.RunFailureSensorContext, storage: StorageResource
    ) -> dg.SkipReason | None:
        why = context.failure_event.message or "the run failed"
        return write_missing_attempt(context, storage, why, names)

    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.CANCELED,
        name=names.called("credits_canceled_runs"),
        default_status=status,
        description="Writes the attempt of a run that was cancelled before it could write its own.",
    )
    @names.bound
    def credits_canceled_runs(
        context: dg.RunStatusSensorContext, storage: StorageResource
    ) -> dg.SkipReason | None:
        return write_missing_attempt(context, storage, "the run was cancelled", names)

    sensors = [
        files_sensor(schedule, job, status, names),
        credits_failed_runs,
        credits_canceled_runs,
        *again_sensors(job, status, names),
    ]
    looked_after = [*(sensor.name for sensor in sensors), *map(names.called, SCHEDULES)]
    return [*sensors, alert_sensor(schedule, status, looked_after, names)]


def write_missing_attempt(
    context: dg.RunStatusSensorContext,
    storage: StorageResource,
    why: str,
    names: Names = _ONLY,
) -> dg.SkipReason | None:
    """Record a run that ended without leaving an attempt (design decision 14).

    Returns:
        Why nothing was done: otherwise Dagster would show somebody else's run as acted on.
    """
    run = context.dagster_run
    month = month_of_run(run)
    if month is None or not is_ours(run, names):
        return dg.SkipReason(f"Run {run.run_id} works on none of our months.")
    recorder = Recorder(
        storage, run.run_id, month, is_to_send(run, names), instance=context.instance
    )
    found = storage.journal().attempt(month, run.run_id)
    if found is None:
        record = context.instance.get_run_record_by_id(run.run_id)
        about: dict[str, Any] = {
            "file": run.tags.get("credits/file", ""),
            "file_version": run.tags.get("credits/file_version", ""),
        }
        if record is not None:
            # The next run may have ended before this is written.
            begun = record.create_timestamp.replace(tzinfo=UTC)
            about["started_at"] = begun.isoformat(timespec="milliseconds")
        attempt = failed(recorder.new(Verdict.FAILED, **about), RuntimeError(why))
        if run.status is dg.DagsterRunStatus.CANCELED:
            # A person ended it, so it is not retried.
            attempt = replace(attempt, permanent=True)
        recorder.close(attempt)
    elif found.verdict is Verdict.SENDING:
        recorder.close(interrupted(found, why), sent=True)
    elif died(context.instance, run.run_id):
        # Perhaps between its attempt and its line; a repeated line does less harm than none.
        log(found)
    return None
