"""The sensor of the inbox: starts a run for each new version, and again after a temporary failure.

Concept: https://docs.dagster.io/guides/automate/sensors. `credits_pipeline.credits.inbox.tick`
decides what a tick starts; this module gives it what it needs to know.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import dagster as dg

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import Schedule
from credits_pipeline.credits.assets import showing
from credits_pipeline.credits.assets.attempts import Recorder, interrupted, log
from credits_pipeline.credits.assets.names import Names
from credits_pipeline.credits.assets.partitions import months_at
from credits_pipeline.credits.assets.resources import (
    CloudZeroResource,
    InboxResource,
    StorageResource,
)
from credits_pipeline.credits.assets.runs import is_ours, month_of_run
from credits_pipeline.credits.inbox.bucket import Inbox
from credits_pipeline.credits.inbox.cursor import Cursor
from credits_pipeline.credits.inbox.listening import listen
from credits_pipeline.credits.inbox.queue import EventsQueue
from credits_pipeline.credits.inbox.retry_schedule import End, Outcome
from credits_pipeline.credits.inbox.slices import looked
from credits_pipeline.credits.inbox.tick import InboxView, Rules, RunsSeen, Start, Tick, plan_runs
from credits_pipeline.credits.model.names import INBOX
from credits_pipeline.credits.state import unstarted
from credits_pipeline.credits.state.attempt import Attempt, Verdict
from credits_pipeline.credits.state.unstarted import Unstarted
from credits_pipeline.reporting import tables
from credits_pipeline.text import Markdown, Outside

if TYPE_CHECKING:
    from credits_pipeline.credits.state.journal import Journal

#: Failed runs that one tick processes; the others wait for the next.
_RUNS = 200
_OVERLAP = timedelta(seconds=1)


def files_sensor(
    schedule: Schedule, job: Any, status: dg.DefaultSensorStatus, names: Names
) -> dg.SensorDefinition:
    """The sensor ``credits_files``, which considers only runs of its own assets."""
    queue = schedule.events_queue

    @dg.sensor(
        job=job,
        name=names.called("credits_files"),
        minimum_interval_seconds=1 if queue else schedule.sensor_seconds,
        default_status=status,
        description="Checks the inbox and starts a run for each new version of a month's file. "
        "A month that failed for a temporary reason is retried after 15 minutes, 1 hour and "
        "4 hours, then every 12 hours for three days.",
    )
    @names.bound
    def credits_files(
        context: dg.SensorEvaluationContext,
        inbox: InboxResource,
        storage: StorageResource,
    ) -> dg.SensorResult:
        box, cursor, now = inbox.open(), Cursor.parse(context.cursor), datetime.now(UTC)
        if queue and cursor is not None and not _is_due(cursor, schedule, now, box):
            starts, cursor = _listen(queue, box, cursor, schedule, context.log)
            return _result(starts, cursor, "no event tells of a new file")
        origin = context.code_location_origin
        is_one_of_ours = partial(
            is_ours, names=names, location=None if origin is None else origin.location_name
        )
        tick = _look(context.instance, cursor, box, storage, schedule, now, is_one_of_ours)
        starts, after = tick.starts, tick.cursor
        if queue and cursor is not None and not starts:
            starts, after = _listen(queue, box, after, schedule, context.log)
        shown = [_observation(tick.view, box.uri(box.prefix), names)] if tick.view_changed else []
        if tick.view_changed:
            unstarted.keep(storage.store(), _unstarted(tick.view))
        return _result(starts, after, _nothing_new(tick), shown)

    return credits_files


def _result(
    starts: tuple[Start, ...],
    cursor: Cursor,
    nothing_new: str,
    shown: list[dg.AssetObservation] | None = None,
) -> dg.SensorResult:
    return dg.SensorResult(
        run_requests=[_request(start) for start in starts],
        skip_reason=None if starts else showing.plain(Outside(nothing_new)),
        cursor=str(cursor),
        asset_events=shown or [],
    )


def _is_due(cursor: Cursor, schedule: Schedule, now: datetime, box: Inbox) -> bool:
    """Whether the inbox is due to be listed, if events report its files in between."""
    if cursor.inbox != _told_apart(box):
        return True
    every = timedelta(seconds=schedule.sensor_seconds)
    return cursor.listed is None or now - cursor.listed >= every


def _told_apart(box: Inbox) -> str:
    """An id that differs between inboxes, short enough for a cursor."""
    return hashlib.sha256(box.uri(box.prefix).encode()).hexdigest()[:8]


def _look(
    instance: dg.DagsterInstance,
    cursor: Cursor | None,
    box: Inbox,
    storage: StorageResource,
    schedule: Schedule,
    now: datetime,
    is_one_of_ours: Callable[[dg.DagsterRun], bool],
) -> Tick:
    """One check of the whole inbox, and what it starts."""
    journal = storage.journal()
    seen = looked(box, cursor.sweep if cursor else None, now)
    runs_until = cursor.runs_until if cursor else None
    failed_runs, runs_until = _failed_since(instance, runs_until, now, is_one_of_ours)
    watched = failed_runs.keys() | (cursor.watched if cursor else frozenset())
    adopted = cursor is None or any(month.adopted for month in cursor.months.values())
    return plan_runs(
        cursor,
        seen.versions,
        rules=Rules(
            prefix=box.prefix,
            months=months_at(schedule.start_month, now),
            adopt=schedule.adopt,
            inbox=_told_apart(box),
        ),
        runs=RunsSeen(
            outcomes=_outcomes(instance, watched, storage), failed=failed_runs, until=runs_until
        ),
        now=now,
        receipted=journal.receipted() if adopted else frozenset(),
        sweep=seen.sweep,
        listed=now if schedule.events_queue else None,
    )


def _listen(
    queue: str, box: Inbox, cursor: Cursor, schedule: Schedule, log: logging.Logger
) -> tuple[tuple[Start, ...], Cursor]:
    """Wait for events of the inbox, and what they start."""
    months = months_at(schedule.start_month, datetime.now(UTC))
    return listen(
        EventsQueue(queue), box, cursor, months=months, say=showing.saying(log, logging.WARNING)
    )


def _request(start: Start) -> dg.RunRequest:
    tags = {
        "credits/file": showing.plain(Outside(start.version.key)),
        "credits/file_version": start.version.token,
    }
    if start.asked_again:
        tags["credits/because"] = (
            f"its last run failed for a temporary reason; retry {start.asked_again}"
        )
    return dg.RunRequest(run_key=start.run_key, partition_key=start.month.partition_key, tags=tags)


def _failed_since(
    instance: dg.DagsterInstance,
    known_until: datetime | None,
    now: datetime,
    is_one_of_ours: Callable[[dg.DagsterRun], bool],
) -> tuple[dict[BillingMonth, datetime], datetime]:
    """Months with a run that failed since then, and when it was requested, by whomever."""
    if known_until is None:
        return {}, now
    records = instance.get_run_records(
        dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=known_until - _OVERLAP),
        limit=_RUNS,
        order_by="update_timestamp",
        ascending=True,
    )
    ours = [record for record in records if is_one_of_ours(record.dagster_run)]
    # In the order in which they ended: the last run of a month counts.
    failed = {
        month: record.create_timestamp.replace(tzinfo=UTC)
        for record in ours
        if (month := month_of_run(record.dagster_run)) is not None
    }
    ends = [record.update_timestamp.replace(tzinfo=UTC) for record in records]
    return failed, max([known_until, *ends])


def _outcomes(
    instance: dg.DagsterInstance,
    months: Iterable[BillingMonth],
    storage: StorageResource,
) -> dict[BillingMonth, Outcome]:
    """The last attempt of each month, after dead runs were told apart from running ones."""
    journal = storage.journal()
    last = {month: found for month in months if (found := journal.last(month)) is not None}
    sending = {m: a for m, a in last.items() if a.verdict is Verdict.SENDING}
    settled = _settle(instance, sending, storage)
    return {
        month: _outcome(attempt, dismissed=journal.dismissals.of(month, attempt) is not None)
        for month, attempt in {**last, **settled}.items()
    }


def _outcome(attempt: Attempt, *, dismissed: bool) -> Outcome:
    if attempt.verdict is Verdict.SENDING:
        end = End.SENDING
    elif dismissed:
        end = End.SETTLED
    elif attempt.verdict in {Verdict.FAILED, Verdict.INCOMPLETE} and not attempt.permanent:
        end = End.TRANSIENT
    else:
        end = End.SETTLED
    at = datetime.fromisoformat(attempt.ended_at or attempt.started_at)
    return Outcome(end, at, attempt.file_version.rpartition("-")[2])


def _settle(
    instance: dg.DagsterInstance,
    sending: Mapping[BillingMonth, Attempt],
    storage: StorageResource,
) -> dict[BillingMonth, Attempt]:
    """Close attempts still marked ``sending`` whose run is dead.

    A sender holds the stream's lock, which is released when its process ends: if the lock is
    free, nobody is sending any more, whatever Dagster still shows after a power cut.
    """
    settled = {}
    journal = storage.journal()
    for month, attempt in sending.items():
        stream = CloudZeroResource(base_url=attempt.base_url, connection_id=attempt.connection_id)
        with _if_free(stream, instance) as free:
            if free:
                # It may have ended by itself since it was listed, with its line.
                last = journal.last(month) or attempt
                if last.verdict is Verdict.SENDING:
                    last = _said_of(journal, month, last, storage, instance)
                settled[month] = last
    return settled


def _said_of(
    journal: "Journal",
    month: BillingMonth,
    attempt: Attempt,
    storage: StorageResource,
    instance: dg.DagsterInstance,
) -> Attempt:
    recorder = Recorder(storage, attempt.run_id, month, instance=instance)
    found = journal.attempt(month, attempt.run_id) or attempt
    if found.verdict is Verdict.SENDING:
        return recorder.close(interrupted(found, "its process ended"), sent=True)
    # It was killed after writing its result and before the pointers, so perhaps before its log
    # line.
    stored = journal.close(found, sent=True)
    log(stored)
    return stored


class _BusyError(Exception):
    """Another process holds the stream's lock."""


@contextmanager
def _if_free(cloudzero: CloudZeroResource, instance: dg.DagsterInstance) -> Iterator[bool]:
    """Hold the stream's lock if it is free, without waiting for it."""

    def refuse_to_wait(why: str) -> None:
        raise _BusyError(why)

    with ExitStack() as stack:
        try:
            stack.enter_context(cloudzero.lock(instance).hold(refuse_to_wait))
        except _BusyError:
            free = False
        else:
            free = True
        yield free


def _unstarted(view: InboxView) -> Unstarted:
    return Unstarted(
        tuple((stray.key, stray.reason) for stray in view.strays),
        view.more_strays,
        tuple(map(str, view.not_sent)),
    )


def _observation(view: InboxView, uri: str, names: Names) -> dg.AssetObservation:
    strays = [{"object": stray.key, "reason": stray.reason} for stray in view.strays]
    others = len(view.strays) + view.more_strays
    problems = others + len(view.not_sent) + len(view.gone)
    metadata: dict[str, dg.MetadataValue] = {
        "dagster/uri": showing.text(Outside(uri)),
        "objects_that_start_no_run": dg.MetadataValue.int(others),
    }
    if strays:
        told = tables.of_rows(strays, at_most=50)
        if view.more_strays:
            told = Markdown.of(
                "{}\n\n… and {} more objects that are not credits files.", told, view.more_strays
            )
        metadata["what_to_do"] = showing.md(told)
    if view.not_sent:
        metadata["found_not_sent"] = _months(
            "These months' files were here before the pipeline. Backfill the months to send them: ",
            view.not_sent,
        )
    if view.gone:
        metadata["removed_files"] = _months(
            "The files of these months were removed; the months stay as they were sent: ",
            view.gone,
        )
    return dg.AssetObservation(
        asset_key=names.asset(INBOX),
        description=f"{problems} to look at" if problems else "every object is a credits file",
        metadata=metadata,
    )


def _months(said: str, months: Iterable[BillingMonth]) -> dg.MetadataValue:
    return showing.md(tables.sentence(said + ", ".join(map(str, months))))


def _nothing_new(tick: Tick) -> str:
    view = tick.view
    told = [f"{view.files} credits files, none of them new"]
    if tick.cursor.watched:
        told.append(f"{len(tick.cursor.watched)} whose last run has not succeeded yet")
    if view.not_sent:
        told.append(f"{len(view.not_sent)} found and not sent: backfill these months to send them")
    if view.strays:
        first = view.strays[0]
        others = len(view.strays) + view.more_strays
        told.append(f"{others} other objects, such as {first.key}: {first.reason}")
    if view.gone:
        told.append(f"{len(view.gone)} removed")
    return "; ".join(told)
