"""The sensors: one looks into the inbox, the others write down runs that died.

Concept: https://docs.dagster.io/guides/automate/sensors. An error is never turned into a skip: a
tick that could not look must be red.
"""

from datetime import UTC, datetime
from typing import Any

import dagster as dg

from credits_pipeline.billing.month import BillingMonth
from credits_pipeline.inbox.tick import Cursor, InboxView, Tick, look
from credits_pipeline.orchestration.assets import INBOX
from credits_pipeline.orchestration.attempts import Recorder, failed, interrupted
from credits_pipeline.orchestration.costs import costs_day
from credits_pipeline.orchestration.known_accounts import kept_accounts
from credits_pipeline.orchestration.partitions import months_at
from credits_pipeline.orchestration.resources import (
    CloudZeroResource,
    InboxResource,
    StorageResource,
)
from credits_pipeline.reporting import tables
from credits_pipeline.reporting.attempt import Verdict
from credits_pipeline.settings import Schedule

_PARTITION_TAG = "dagster/partition"
#: Between two looks at what earlier runs left in the storage.
_LOOK_INTO_STORAGE_SECONDS = 300


def credits_sensors(schedule: Schedule, job: Any) -> list[dg.SensorDefinition]:
    """All sensors, running from the start where automation is on."""
    status = (
        dg.DefaultSensorStatus.RUNNING if schedule.automation else dg.DefaultSensorStatus.STOPPED
    )

    @dg.sensor(
        job=job,
        name="credits_files",
        minimum_interval_seconds=schedule.sensor_seconds,
        default_status=status,
        description="Looks into the inbox and starts a run for each new version of a month's file.",
    )
    def credits_files(
        context: dg.SensorEvaluationContext, inbox: InboxResource, storage: StorageResource
    ) -> dg.SensorResult:
        box = inbox.open()
        now = datetime.now(UTC)
        cursor = Cursor.parse(context.cursor)
        tick = look(
            cursor,
            box.listing().versions,
            prefix=box.prefix,
            months=months_at(schedule.start_month, now),
            now=now,
            adopt=schedule.adopt,
            receipted=storage.journal().receipted(),
        )
        events = [_observation(tick.view, box.uri(box.prefix))] if tick.view_changed else []
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(
                    run_key=start.run_key,
                    partition_key=start.month.partition_key,
                    tags={
                        "credits/file": start.version.key,
                        "credits/file_version": start.version.token,
                    },
                )
                for start in tick.starts
            ],
            skip_reason=None if tick.starts else _nothing_new(tick),
            cursor=str(tick.cursor),
            asset_events=events,
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

    return [credits_files, credits_failed_runs, credits_canceled_runs, credits_accounts_known]


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
    key = run.tags.get(_PARTITION_TAG)
    if key is None or not _is_ours(run):
        return
    recorder = Recorder(storage, run.run_id, BillingMonth.of_partition(key))
    found = storage.journal().attempt(recorder.month, run.run_id)
    if found is None:
        about = {
            "file": run.tags.get("credits/file", ""),
            "file_version": run.tags.get("credits/file_version", ""),
        }
        recorder.close(failed(recorder.new(Verdict.FAILED, **about), RuntimeError(why)))
    elif found.verdict is Verdict.SENDING:
        recorder.close(interrupted(found, why), sent=True)


def _is_ours(run: dg.DagsterRun) -> bool:
    selected = run.asset_selection
    names = {"raw_credits_csv", "credits", "cbf_payload", "cloudzero_drop"}
    return run.job_name == "credits_month" or bool(
        selected and names & {key.path[-1] for key in selected}
    )


def _observation(view: InboxView, uri: str) -> dg.AssetObservation:
    strays = [{"object": stray.key, "reason": stray.reason} for stray in view.strays]
    problems = len(view.strays) + len(view.not_sent) + len(view.gone)
    metadata: dict[str, dg.MetadataValue] = {
        "dagster/uri": dg.MetadataValue.text(uri),
        "credits_files": dg.MetadataValue.int(view.files),
        "objects_that_start_no_run": dg.MetadataValue.int(len(view.strays)),
    }
    if strays:
        metadata["what_to_do"] = dg.MetadataValue.md(tables.of_rows(strays, at_most=50))
    if view.not_sent:
        metadata["found_not_sent"] = dg.MetadataValue.md(
            "These months' files were here before the pipeline. Backfill the months to send them: "
            + ", ".join(map(str, view.not_sent))
        )
    if view.gone:
        metadata["removed_files"] = dg.MetadataValue.md(
            "The files of these months were removed; the months stand as they were sent: "
            + ", ".join(map(str, view.gone))
        )
    return dg.AssetObservation(
        asset_key=INBOX,
        description=f"{problems} to look at" if problems else "every object is a credits file",
        metadata=metadata,
    )


def _nothing_new(tick: Tick) -> str:
    view = tick.view
    told = [f"{view.files} credits files, none of them new"]
    if view.not_sent:
        told.append(f"{len(view.not_sent)} found and not sent: backfill these months to send them")
    if view.strays:
        first = view.strays[0]
        told.append(f"{len(view.strays)} other objects, such as {first.key}: {first.reason}")
    if view.gone:
        told.append(f"{len(view.gone)} removed")
    return "; ".join(told)
