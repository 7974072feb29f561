"""What is wrong now: in the journal, in the inbox, and in Dagster's own runs and ticks.

The journal is the source of truth for months: every run leaves an attempt there, killed or not.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from credits_pipeline.alerts.alert import Alert, Health, cause_of
from credits_pipeline.alerts.months import (
    of_attempt,
    of_finding,
    of_missing_file,
    of_unexpected_file,
)
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.assets.reconcile import NOT_ASKED
from credits_pipeline.credits.state.finding import STILL_HELD, Finding

if TYPE_CHECKING:
    from credits_pipeline.credits.inbox.bucket import Inbox
    from credits_pipeline.credits.state.journal import Journal

#: A sensor that ticks every few seconds may fail once; a schedule's next tick may be a day away.
_TICKS = {"SENSOR": 3, "SCHEDULE": 1}
#: A run that a person cancelled says neither that it could check nor that it could not.
_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]


def months(journal: "Journal") -> Health:
    """Months by their last attempts, and by the findings of the later checks."""
    view = Health()
    for last in journal.lasts():
        receipt = dismissed = None
        if last.verdict.is_red:
            month = BillingMonth.parse(last.billing_month)
            receipt, dismissed = journal.receipt(month), journal.dismissals.of(month, last)
        view += of_attempt(last, receipt, dismissed)
    for finding in journal.findings():
        view += of_finding(finding, _about(finding, journal))
    return view


def missing_files(
    journal: "Journal",
    inbox: "Inbox",
    *,
    day: int | None,
    first: BillingMonth,
    now: datetime,
    missed: Iterable[BillingMonth],
) -> Health:
    """Whether last month's file has come by its due day, and the files that were missing before.

    Args:
        journal: what was sent.
        inbox: where files arrive.
        day: of the following month, from which a file is missing; None for never.
        first: the first month that has a partition.
        now: an aware moment.
        missed: months whose files were reported missing.
    """
    view, asked = Health(), set(missed)
    last = BillingMonth.at(now).shift(-1)
    if day is not None and now.astimezone(UTC).day >= day and last >= first:
        asked.add(last)
    for month in sorted(asked):
        key = inbox.key(month)
        came = journal.receipt(month) is not None or inbox.current(key) is not None
        dismissed = None if came else journal.dismissals.of(month, None)
        if dismissed is not None:
            view += of_unexpected_file(dismissed)
            continue
        view += of_missing_file(
            month,
            inbox.uri(key),
            month.shift(1).start.replace(day=day or 1),
            None if came else journal.last_verified_before(month),
            came=came,
        )
    return view


def looks(instance: dg.DagsterInstance, jobs: Iterable[str]) -> Health:
    """Whether the last run of each of these jobs could check; its findings belong to the months."""
    view = Health()
    for job in jobs:
        records = instance.get_run_records(
            dg.RunsFilter(job_name=job, statuses=_ENDED), limit=1, order_by="update_timestamp"
        )
        for run in (record.dagster_run for record in records):
            subject, why = f"job {job}", _why_not_looked(instance, run)
            if not why:
                view += Health(fine={subject: "Its last run checked everything."})
                continue
            view += Health(
                (
                    Alert(
                        subject=subject,
                        cause=cause_of(why),
                        about=job,
                        state="could not look at CloudZero",
                        what=why,
                        to_do=(
                            "Look at what it names; the job runs again on its schedule. Months "
                            "that were sent stay as they are."
                        ),
                        run_id=run.run_id,
                    ),
                )
            )
    return view


def ticks(instance: dg.DagsterInstance, names: Collection[str], location: str | None) -> Health:
    """Whether the last ticks of these sensors and schedules failed.

    Args:
        instance: Dagster's.
        names: of sensors and schedules.
        location: the code location that they are in; None for any.
    """
    view = Health()
    for state in instance.all_instigator_state():
        if not _is_ours(state, names, location):
            continue
        enough = _TICKS[state.instigator_type.value]
        # One more, because the newest may be running.
        found = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=enough + 1)
        last = [tick for tick in found if tick.status.value != "STARTED"][:enough]
        kind = state.instigator_type.value.lower()
        subject = f"{kind} {state.name}"
        if any(tick.status.value != "FAILURE" for tick in last):
            view += Health(fine={subject: "One of its last ticks succeeded."})
        elif len(last) == enough:
            why = _root(last[0].error) or "It does not say why."
            view += Health(
                (
                    Alert(
                        subject=subject,
                        cause=cause_of(why),
                        about=f"The {kind} {state.name}",
                        state="its ticks fail",
                        what=why,
                        to_do="Until this is settled, what it starts does not start. Its page in "
                        "Dagster shows every tick with its error.",
                    ),
                )
            )
    return view


def _about(finding: Finding, journal: "Journal") -> str:
    """The run whose drop a check would be about now."""
    if finding.holds:
        return finding.about
    month = BillingMonth.parse(finding.billing_month)
    found = journal.receipt(month) if finding.check == STILL_HELD else journal.last_sent(month)
    return "" if found is None else found.run_id


def _why_not_looked(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    """What kept a run from checking; empty if nothing did, whatever it found."""
    if run.status is not dg.DagsterRunStatus.FAILURE:
        return ""
    for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        event = entry.dagster_event
        data = event.step_failure_data if event is not None else None
        if data is None:
            continue
        if data.user_failure_data is not None and NOT_ASKED in data.user_failure_data.metadata:
            return str(data.user_failure_data.metadata[NOT_ASKED].value)
        return _root(data.error) or "A step failed."
    return "Its process ended."


def _is_ours(state: Any, names: Collection[str], location: str | None) -> bool:
    here = location is None or state.selector.location_name == location
    watched = state.instigator_type.value in _TICKS and state.name in names
    return here and watched and state.status.value != "STOPPED"


def _root(error: Any) -> str:
    """What a stored Dagster error says, without Dagster's words around it and without its trace."""
    while error is not None and error.cause is not None:
        error = error.cause
    return "" if error is None else str(error.message).strip()
