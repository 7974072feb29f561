"""The sensors that read what earlier runs stored, and start the runs that follow from it.

Concept: https://docs.dagster.io/guides/automate/sensors. Neither asks CloudZero itself: a tick has
a minute, and an answer may take longer.
"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg

from credits_pipeline.core.wording import counted
from credits_pipeline.credits.assets import showing
from credits_pipeline.credits.assets.names import Names
from credits_pipeline.credits.assets.reconcile import STILL_HELD_JOB, STREAM_OP
from credits_pipeline.credits.assets.resources import (
    CloudZeroResource,
    InboxResource,
    StorageResource,
)
from credits_pipeline.credits.delivery.costs import costs_day
from credits_pipeline.credits.delivery.known_accounts import kept_accounts
from credits_pipeline.text import Outside

if TYPE_CHECKING:
    from credits_pipeline.credits.state.journal import Journal

#: How long after an unanswered request its month is checked again.
_LATE_REQUESTS_NEED = timedelta(minutes=15)
_UNCERTAIN_FOR = timedelta(days=1)
#: Between two checks.
_SECONDS = 300


def again_sensors(
    job: Any, status: dg.DefaultSensorStatus, names: Names
) -> list[dg.SensorDefinition]:
    """The sensors for months to send again, and for months to check again."""

    @dg.sensor(
        job=job,
        name=names.called("credits_accounts_known"),
        minimum_interval_seconds=_SECONDS,
        default_status=status,
        description="Starts a run of each month that left out accounts which CloudZero knows now, "
        "or was blocked for them.",
    )
    @names.bound
    def credits_accounts_known(
        inbox: InboxResource, storage: StorageResource, cloudzero: CloudZeroResource
    ) -> dg.SensorResult:
        not_set = cloudzero.why_not_set()
        if not_set is not None:
            return dg.SensorResult(skip_reason=showing.plain(Outside(not_set)))
        return _to_send_again(inbox, storage, cloudzero)

    @dg.sensor(
        job_name=names.called(STILL_HELD_JOB),
        name=names.called("credits_look_again"),
        minimum_interval_seconds=_SECONDS,
        default_status=status,
        description="Checks a month again 15 minutes after CloudZero did not answer a request, in "
        "case it was applied late.",
    )
    @names.bound
    def credits_look_again(
        storage: StorageResource, cloudzero: CloudZeroResource
    ) -> dg.SensorResult:
        not_set = cloudzero.why_not_set()
        if not_set is not None:
            return dg.SensorResult(skip_reason=showing.plain(Outside(not_set)))
        return to_look_at_again(storage.journal(), datetime.now(UTC), names.called(STREAM_OP))

    return [credits_accounts_known, credits_look_again]


def _to_send_again(
    inbox: InboxResource, storage: StorageResource, cloudzero: CloudZeroResource
) -> dg.SensorResult:
    """Runs of the months whose accounts CloudZero knows by today's answer.

    A month whose file was removed or uploaded again is left to its own run.
    """
    journal, box, day = storage.journal(), inbox.open(), costs_day(storage)
    requests, waiting = [], 0
    for month, attempt in journal.waiting_for_accounts():
        waiting += 1
        known = kept_accounts(month, day, cloudzero) or frozenset()
        now_known = sorted(known.intersection(journal.unknown_accounts(attempt)))
        current = box.current(box.key(month)) if now_known else None
        if current is not None and current.token == attempt.file_version:
            requests.append(
                dg.RunRequest(
                    run_key=f"{month} {day.day} {attempt.run_id} {len(now_known)}",
                    partition_key=month.partition_key,
                    tags={
                        "credits/file": attempt.file,
                        "credits/file_version": attempt.file_version,
                        "credits/because": f"CloudZero knows {', '.join(now_known[:3])} now",
                    },
                )
            )
    wait = f"{counted(waiting, 'month')} wait{'s' if waiting == 1 else ''} for accounts"
    return _result(requests, f"{wait} that CloudZero is not known to know")


def to_look_at_again(journal: "Journal", now: datetime, op: str = STREAM_OP) -> dg.SensorResult:
    """Checks of the months of attempts with a request that may have been applied late."""
    requests, waiting = [], 0
    for attempt in journal.uncertain():
        age = now - datetime.fromisoformat(attempt.ended_at)
        waiting += age < _LATE_REQUESTS_NEED
        # Older ones have been checked; the daily check covers them too.
        if _LATE_REQUESTS_NEED <= age < _UNCERTAIN_FOR:
            months = {"config": {"months": [attempt.billing_month]}}
            requests.append(
                dg.RunRequest(
                    run_key=f"{attempt.billing_month} {attempt.run_id}",
                    run_config={"ops": {op: months}},
                    tags={"credits/because": f"a request of run {attempt.run_id} got no answer"},
                )
            )
    return _result(requests, f"{waiting or 'No'} unanswered requests to check again")


def _result(requests: list[dg.RunRequest], skip: str) -> dg.SensorResult:
    reason = None if requests else showing.plain(Outside(skip))
    return dg.SensorResult(run_requests=requests, skip_reason=reason)
