"""The sensor that sends alerts, each once, through every channel that is set.

Concept: https://docs.dagster.io/guides/automate/sensors. It starts nothing and stops nothing: a
channel that fails makes its own ticks red, and no month waits for it.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from functools import partial

import dagster as dg

from credits_pipeline.alerts.alert import Alert, Health, cause_of
from credits_pipeline.alerts.channel import Channel
from credits_pipeline.alerts.delivery import deliver
from credits_pipeline.alerts.months import missed_files
from credits_pipeline.alerts.state import AlertState
from credits_pipeline.core import settings
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import Schedule
from credits_pipeline.credits.assets import alert_sources, finops_alerts, showing
from credits_pipeline.credits.assets.credit_alerts import credits_of_the_ledger
from credits_pipeline.credits.assets.names import Names
from credits_pipeline.credits.assets.reconcile import ON_THE_BILL_JOB, STILL_HELD_JOB
from credits_pipeline.credits.assets.resources import InboxResource, StorageResource
from credits_pipeline.credits.assets.wings import finops_is_in_use
from credits_pipeline.text import Outside

NAME = "credits_alerts"
#: The most between two checks; with events the inbox may be listed only once an hour.
_SECONDS = 60
_NO_CHANNEL = "No channel is set. docs/alerts.md lists the settings, such as CREDITS_ALERT_SLACK."


class AlertError(Exception):
    """Something could not be checked or not be sent; the text names each."""


def alert_sensor(
    schedule: Schedule, status: dg.DefaultSensorStatus, others: Collection[str], names: Names
) -> dg.SensorDefinition:
    """The sensor ``credits_alerts``.

    Args:
        schedule: what must be known at load.
        status: whether it runs from the start.
        others: the names of the sensors and schedules that it watches, besides itself.
        names: of the stream.
    """
    name = names.called(NAME)

    @dg.sensor(
        name=name,
        minimum_interval_seconds=min(_SECONDS, 2 * schedule.sensor_seconds),
        default_status=status,
        description=(
            "Reports what is wrong, by every channel that is set up: months, files that have not "
            "come, drops that differ from what was sent, ticks that fail; if bills are read, "
            "budgets that are crossed, anomalies, and policies of high severity that are broken. "
            "Each is reported once."
        ),
    )
    @names.bound
    def credits_alerts(
        context: dg.SensorEvaluationContext, inbox: InboxResource, storage: StorageResource
    ) -> dg.SensorResult:
        from credits_pipeline.alerts.channels import configured  # noqa: PLC0415 - as it ticks
        from credits_pipeline.core.storage.store import StorageError  # noqa: PLC0415 - as above

        channels, failures = configured()
        if not channels and not failures:
            return dg.SensorResult(skip_reason=_NO_CHANNEL)
        ui = ""
        try:
            ui = settings.UI_URL.read(settings.web_address)
        except settings.SettingError as error:
            failures.append(str(error))
        look = partial(_look, context, inbox, storage, schedule, [name, *others], names)
        down: Exception | None = None
        try:
            said, more = _tell(storage, look, channels, ui)
        except (StorageError, settings.SettingError) as error:
            down, said, more = error, "", [str(error)]
        before = AlertState.from_json(context.cursor.encode()) if context.cursor else AlertState()
        book, untold = _of_the_storage(before, down, channels, ui)
        failures += [*more, *untold]
        if book != before:
            # A red tick would lose the cursor, and repeat what was sent. The next one may be red.
            cursor = book.to_json().decode()
            return dg.SensorResult(
                cursor=cursor, skip_reason=showing.plain(Outside(" ".join(failures) or said))
            )
        if failures:
            raise AlertError(showing.plain(Outside(" ".join(failures))))
        return dg.SensorResult(skip_reason=showing.plain(Outside(said)))

    return credits_alerts


def _tell(
    storage: StorageResource,
    look: Callable[[AlertState], tuple[Health, list[str]]],
    channels: Sequence[Channel],
    ui: str,
) -> tuple[str, list[str]]:
    """Check everything, and send what is new; returns a summary, and what went wrong.

    Raises:
        StorageError: the state of the alerts can't be read or stored.
    """
    store = storage.store()
    before = AlertState.load(store)
    view, failures = look(before)
    book = before.seen(view, datetime.now(UTC))
    book, untold = deliver(book, channels, lambda kept: kept.keep(store), ui=ui)
    book = book.without_what_is_over(channel.name for channel in channels)
    if book != before:
        book.keep(store)
    wrong = sum(not episode.over for episode in book.episodes)
    return f"{wrong} things are wrong" if wrong else "Nothing is wrong", [*failures, *untold]


def _look(
    context: dg.SensorEvaluationContext,
    inbox: InboxResource,
    storage: StorageResource,
    schedule: Schedule,
    watched: Collection[str],
    names: Names,
    book: AlertState,
) -> tuple[Health, list[str]]:
    """What is wrong and what is right, and what could not be checked.

    Raises:
        StorageError: the storage can't be read.
    """
    from credits_pipeline.core.storage.store import StorageError  # noqa: PLC0415 - as above

    origin = context.code_location_origin
    journal = storage.journal()
    sources: dict[str, Callable[[], Health]] = {
        "the months": lambda: alert_sources.months(journal),
        "the inbox": lambda: alert_sources.missing_files(
            journal,
            inbox.open(),
            day=settings.DUE_DAY.read(settings.day_of_month),
            first=schedule.start_month,
            now=datetime.now(UTC),
            missed=map(BillingMonth.parse, missed_files(book)),
        ),
        "the later looks": lambda: alert_sources.looks(
            context.instance, map(names.called, (STILL_HELD_JOB, ON_THE_BILL_JOB))
        ),
        "the ticks": lambda: alert_sources.ticks(
            context.instance, watched, None if origin is None else origin.location_name
        ),
        "the credits": lambda: credits_of_the_ledger(book),
    }
    if finops_is_in_use():
        sources["the budgets and anomalies"] = lambda: finops_alerts.money(book)
        sources["the violations of policies"] = lambda: finops_alerts.rules(book)
    view, failures = Health(), []
    for name, source in sources.items():
        try:
            view += source()
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - one must not silence the others; told as red
            failures.append(f"Could not look at {name}: {type(error).__name__}: {error}")
    return view, failures


def _of_the_storage(
    book: AlertState, down: Exception | None, channels: Sequence[Channel], ui: str
) -> tuple[AlertState, list[str]]:
    """Report that the storage can't be used, or can be used again: its state then, and failures.

    The state of all other alerts lies in the storage, so the storage's own is in the cursor; it is
    empty while all is well.
    """
    if down is None:
        view = Health(fine={"storage": "The storage can be read and written again."})
    else:
        what, _, to_do = str(down).partition(" What to do: ")
        alert = Alert(
            subject="storage",
            cause=cause_of(what),
            about="The pipeline's storage",
            state="it can't be used, and no month is sent",
            what=what,
            to_do=to_do,
        )
        view = Health((alert,))
    book = book.seen(view, datetime.now(UTC))
    book, failures = deliver(book, channels, lambda _: None, ui=ui)
    book = book.without_what_is_over(channel.name for channel in channels)
    return book, failures
