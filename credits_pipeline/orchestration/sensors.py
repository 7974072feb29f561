"""The sensors: one looks into the inbox, the others write down runs that died.

Concept: https://docs.dagster.io/guides/automate/sensors. An error is never turned into a skip: a
tick that could not look must be red.
"""

from dataclasses import replace
from datetime import UTC
from typing import Any

import dagster as dg

from credits_pipeline.orchestration.attempts import Recorder, failed, interrupted
from credits_pipeline.orchestration.costs import costs_day
from credits_pipeline.orchestration.files_sensor import files_sensor
from credits_pipeline.orchestration.known_accounts import kept_accounts
from credits_pipeline.orchestration.resources import (
    CloudZeroResource,
    InboxResource,
    StorageResource,
)
from credits_pipeline.orchestration.runs import is_ours, month_of_run
from credits_pipeline.reporting.attempt import Verdict
from credits_pipeline.settings import Schedule

#: Between two looks at what earlier runs left in the storage.
_LOOK_INTO_STORAGE_SECONDS = 300


def credits_sensors(schedule: Schedule, job: Any) -> list[dg.SensorDefinition]:
    """All sensors, running from the start where automation is on."""
    status = (
        dg.DefaultSensorStatus.RUNNING if schedule.automation else dg.DefaultSensorStatus.STOPPED
    )

    @dg.run_failure_sensor(
        name="credits_failed_runs",
        default_status=status,
        description="Writes the attempt of a run that failed before it could write its own.",
    )
    def credits_failed_runs(context: dg.RunFailureSensorContext, storage: StorageResource) -> None:
        write_missing_attempt(context, storage, context.failure_event.message or "the run failed")

    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.CANCELED,
        name="credits_canceled_runs",
        default_status=status,
        description="Writes the attempt of a run that was cancelled before it could write its own.",
    )
    def credits_canceled_runs(context: dg.RunStatusSensorContext, storage: StorageResource) -> None:
        write_missing_attempt(context, storage, "the run was cancelled")

    @dg.sensor(
        job=job,
        name="credits_accounts_known",
        minimum_interval_seconds=_LOOK_INTO_STORAGE_SECONDS,
        default_status=status,
        description="Starts a run of each month that left out accounts which CloudZero knows now.",
    )
    def credits_accounts_known(
        inbox: InboxResource, storage: StorageResource, cloudzero: CloudZeroResource
    ) -> dg.SensorResult:
        not_set = cloudzero.why_not_set()
        if not_set is not None:
            return dg.SensorResult(skip_reason=not_set)
        return _to_send_again(inbox, storage, cloudzero)

    return [
        files_sensor(schedule, job, status),
        credits_failed_runs,
        credits_canceled_runs,
        credits_accounts_known,
    ]


def _to_send_again(
    inbox: InboxResource, storage: StorageResource, cloudzero: CloudZeroResource
) -> dg.SensorResult:
    """Runs of the months with accounts that CloudZero knows by today's answer.

    A month whose file went, or was uploaded again, is left to its own run.
    """
    journal, box, day = storage.journal(), inbox.open(), costs_day(storage)
    requests, waiting = [], 0
    for month, receipt in journal.receipts_with_unknown():
        waiting += 1
        known = kept_accounts(month, day, cloudzero) or frozenset()
        now_known = sorted(known.intersection(journal.unknown_accounts(receipt)))
        current = box.current(box.key(month)) if now_known else None
        if current is not None and current.token == receipt.file_version:
            requests.append(
                dg.RunRequest(
                    run_key=f"{month} {day.day} {receipt.run_id} {len(now_known)}",
                    partition_key=month.partition_key,
                    tags={
                        "credits/file": receipt.file,
                        "credits/file_version": receipt.file_version,
                        "credits/because": f"CloudZero knows {', '.join(now_known[:3])} now",
                    },
                )
            )
    skip = f"{waiting} months left out accounts, none of which CloudZero is known to know"
    return dg.SensorResult(run_requests=requests, skip_reason=None if requests else skip)


def write_missing_attempt(
    context: dg.RunStatusSensorContext, storage: StorageResource, why: str
) -> None:
    """Write down a run that ended without saying how (design decision 14)."""
    run = context.dagster_run
    month = month_of_run(run)
    if month is None or not is_ours(run):
        return
    recorder = Recorder(storage, run.run_id, month)
    found = storage.journal().attempt(month, run.run_id)
    if found is None:
        record = context.instance.get_run_record_by_id(run.run_id)
        about: dict[str, Any] = {
            "file": run.tags.get("credits/file", ""),
            "file_version": run.tags.get("credits/file_version", ""),
        }
        if record is not None:
            # The run after it may have ended before this is written.
            begun = record.create_timestamp.replace(tzinfo=UTC)
            about["started_at"] = begun.isoformat(timespec="milliseconds")
        attempt = failed(recorder.new(Verdict.FAILED, **about), RuntimeError(why))
        if run.status is dg.DagsterRunStatus.CANCELED:
            # A person ended it; what a person wants is not asked for again.
            attempt = replace(attempt, permanent=True)
        recorder.close(attempt)
    elif found.verdict is Verdict.SENDING:
        recorder.close(interrupted(found, why), sent=True)
