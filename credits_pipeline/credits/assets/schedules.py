"""When the later checks run, all in UTC.

Concept: https://docs.dagster.io/guides/automate/schedules. If CloudZero is not set up yet, or
nothing was sent yet, a tick says so and starts nothing.
"""

import dagster as dg

from credits_pipeline.core.settings import Schedule
from credits_pipeline.credits.assets import showing
from credits_pipeline.credits.assets.names import Names
from credits_pipeline.credits.assets.reconcile import ON_THE_BILL_JOB, STILL_HELD_JOB
from credits_pipeline.credits.assets.resources import CloudZeroResource, StorageResource
from credits_pipeline.text import Outside

STILL_HELD_DAILY = "credits_still_held_daily"
ON_THE_BILL_SCHEDULE = "credits_on_the_bill_schedule"
SCHEDULES = (STILL_HELD_DAILY, ON_THE_BILL_SCHEDULE)
#: Once a day for the stream, off the full hour, when everybody asks.
_STILL_HELD_AT = "40 5 * * *"
#: CloudZero ingests streams every 12 to 24 hours; four checks a day cost at most eight calls.
_ON_THE_BILL_AT = "20 */6 * * *"


def credits_schedules(schedule: Schedule, names: Names) -> list[dg.ScheduleDefinition]:
    """All schedules, running from the start if automation is on."""
    status = (
        dg.DefaultScheduleStatus.RUNNING
        if schedule.automation
        else dg.DefaultScheduleStatus.STOPPED
    )

    @dg.schedule(
        job_name=names.called(STILL_HELD_JOB),
        name=names.called(STILL_HELD_DAILY),
        cron_schedule=_STILL_HELD_AT,
        default_status=status,
        description="Once a day: does CloudZero still hold what the receipts say?",
    )
    @names.bound
    def credits_still_held_daily(
        storage: StorageResource, cloudzero: CloudZeroResource
    ) -> dg.RunRequest | dg.SkipReason:
        return _request(storage, cloudzero)

    @dg.schedule(
        job_name=names.called(ON_THE_BILL_JOB),
        name=names.called(ON_THE_BILL_SCHEDULE),
        cron_schedule=_ON_THE_BILL_AT,
        default_status=status,
        description="Every six hours: does CloudZero's billed cost show what was sent?",
    )
    @names.bound
    def credits_on_the_bill_schedule(
        storage: StorageResource, cloudzero: CloudZeroResource
    ) -> dg.RunRequest | dg.SkipReason:
        return _request(storage, cloudzero)

    return [credits_still_held_daily, credits_on_the_bill_schedule]


def _request(
    storage: StorageResource, cloudzero: CloudZeroResource
) -> dg.RunRequest | dg.SkipReason:
    not_set = cloudzero.why_not_set()
    if not_set is not None:
        return dg.SkipReason(showing.plain(Outside(not_set)))
    journal = storage.journal()
    if not journal.sent_to() and next(journal.waiting_for_accounts(), None) is None:
        return dg.SkipReason("No month has been sent yet.")
    return dg.RunRequest()
