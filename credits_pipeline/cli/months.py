"""``months`` and ``report``: the state of every month, and one month in full."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

import typer

from credits_pipeline.cli.options import MonthNamed, MonthOption, one_month
from credits_pipeline.cli.output import (
    Json,
    doing,
    echo,
    fail,
    print_json,
    print_markdown,
    print_table,
    say,
)
from credits_pipeline.core.money import for_people
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.wording import counted
from credits_pipeline.text import Markdown, Outside

if TYPE_CHECKING:
    from rich.text import Text

    from credits_pipeline.core.storage.store import Store
    from credits_pipeline.credits.state.attempt import Attempt
    from credits_pipeline.credits.state.dismissal import Dismissal
    from credits_pipeline.credits.state.journal import Journal
    from credits_pipeline.credits.state.unstarted import Unstarted
    from credits_pipeline.reporting.overview import MonthState

_VERSION_SHOWN = len("20250203T101112Z")
#: From this many consecutive unknown months on, they share a line.
_EMPTY_SHOWN = 3
#: More uploads that start no run are counted.
_UPLOADS_SHOWN = 3


def months(*, as_json: Json = False) -> None:
    """Show the state of every month.

    For each: its last verdict, what CloudZero holds, what was left out, the file, decisions and
    age. It reads only the pipeline's storage. Exit code 0 if no month waits for a person, 1 if one
    does, 2 if the command can't be carried out. Uploads that start no run
    are listed below, as the sensor last saw them.

    **Examples**

    `credits-pipeline months`

    `credits-pipeline months --json | jq '.months[] | select(.verdict == "blocked")'`
    """
    from credits_pipeline.core.settings import START_MONTH  # noqa: PLC0415 - as above
    from credits_pipeline.credits.state.journal import Journal  # noqa: PLC0415 - when used
    from credits_pipeline.credits.state.unstarted import kept  # noqa: PLC0415 - as above
    from credits_pipeline.reporting.overview import states  # noqa: PLC0415 - as above

    now = datetime.now(UTC)
    with _storage() as store, doing("Reading the storage"):
        first = START_MONTH.read(BillingMonth.parse)
        found = list(states(Journal(store), first, BillingMonth.at(now)))
        uploads = kept(store)
    waiting = [state for state in found if state.needs_a_person]
    if as_json:
        print_json(
            {
                "waiting": len(waiting),
                "months": [state.as_json(now) for state in found],
                "uploads_that_start_no_run": uploads.as_json(),
            }
        )
    else:
        print_table(
            ["month", "last run", "at CloudZero", "left out", "file", "decisions", "age"],
            list(_lines(found, now)),
            right=["at CloudZero", "left out", "age"],
            folds=["decisions"],
        )
        if waiting:
            say(
                f"{len(waiting)} waiting for a person: credits-pipeline report --month "
                f"{waiting[0].month}",
                "red",
            )
        _say_what_starts_no_run(uploads)
        if all(state.shown is None and state.dismissed is None for state in found):
            _say_where()
    raise typer.Exit(1 if waiting else 0)


def report(
    named: MonthNamed = None,
    *,
    month: MonthOption = None,
    as_json: Json = False,
) -> None:
    """Show one month in full: its last run, and what CloudZero holds.

    It reads only the pipeline's storage. In a pipe the report is Markdown. Exit code 0 if CloudZero
    holds the month and no later run went wrong, 1 if not, 2 if the command can't be carried out.

    **Examples**

    `credits-pipeline report 2025-01`

    `credits-pipeline report --month 2025-01 > receipt.md`

    `credits-pipeline report --month 2025-01 --json | jq -r .receipt.total_credit_usd`
    """
    from credits_pipeline.reporting.overview import (  # noqa: PLC0415 - when used
        report_json,
        state_of,
    )

    at = one_month(named, month, "report")
    with _journal() as journal:
        state = state_of(journal, at)
        if as_json:
            print_json(report_json(journal, state))
        else:
            _print_reports(journal, state)
    raise typer.Exit(0 if state.in_order else 1)


def _say_where() -> None:
    """Name the storage in which nothing was found: the pipeline may keep it elsewhere."""
    from credits_pipeline.core.settings import storage_root  # noqa: PLC0415 - as above

    say(
        f"Looked in {storage_root()}. If the pipeline keeps its months elsewhere, set "
        "CREDITS_STORAGE."
    )


def _say_what_starts_no_run(uploads: "Unstarted") -> None:
    for key, reason in uploads.objects[:_UPLOADS_SHOWN]:
        say(f"{key} starts no run: {reason}", "yellow")
    more = uploads.count - min(len(uploads.objects), _UPLOADS_SHOWN)
    if more:
        start = "starts" if more == 1 else "start"
        told = f"{counted(more, 'more upload')} {start} no run: see the asset credits_inbox."
        say(told, "yellow")
    if uploads.not_sent:
        say(
            f"{', '.join(uploads.not_sent)}: the file was there before the pipeline and was not "
            "sent. Backfill the month to send it.",
            "yellow",
        )


@contextmanager
def _journal() -> Iterator["Journal"]:
    """The storage's journal; see `_storage`."""
    from credits_pipeline.credits.state.journal import Journal  # noqa: PLC0415 - when used

    with _storage() as store:
        yield Journal(store)


@contextmanager
def _storage() -> Iterator["Store"]:
    """Where the pipeline keeps what it made.

    Raises:
        Exit: with 2, if the storage or a setting can't be used.
    """
    from credits_pipeline.core.settings import SettingError, storage_root  # noqa: PLC0415 - as above
    from credits_pipeline.core.storage.store import (  # noqa: PLC0415 - loads the AWS SDK
        StorageError,
        open_store,
    )

    try:
        yield open_store(storage_root())
    except (SettingError, StorageError) as error:
        fail(str(error), 2)


def _print_reports(journal: "Journal", state: "MonthState") -> None:
    from credits_pipeline.credits.state.dismissal import DISMISSABLE  # noqa: PLC0415 - as above
    from credits_pipeline.reporting import deciding  # noqa: PLC0415 - as above

    shown, receipt = state.shown, state.receipt
    if state.dismissed is not None:
        _print_dismissed(state.dismissed)
    if shown is None:
        echo(f"No run has tried to send {state.month} yet.")
        _say_where()
        return
    _print_report(journal, shown)
    if state.needs_a_person and shown.verdict in DISMISSABLE:
        say(f"If it is not to be sent at all: {deciding.dismissing(str(state.month))}")
    if receipt is not None and receipt.run_id != shown.run_id:
        said = "\n---\n\nWhat CloudZero holds of {}, from an earlier run:\n"
        print_markdown(Markdown.of(said, Outside(str(state.month))))
        _print_report(journal, receipt)


def _print_dismissed(dismissed: "Dismissal") -> None:
    from credits_pipeline.reporting.report import moment  # noqa: PLC0415 - when used

    because = Outside(dismissed.because)
    who, when = Outside(dismissed.who), Outside(moment(dismissed.at))
    print_markdown(Markdown.of("**Dismissed** by {} at {}{}\n", who, when, because))


def _print_report(journal: "Journal", attempt: "Attempt") -> None:
    from credits_pipeline.core.settings import UI_URL, web_address  # noqa: PLC0415 - as above
    from credits_pipeline.reporting.links import Places  # noqa: PLC0415 - when used
    from credits_pipeline.reporting.report import markdown  # noqa: PLC0415 - as above

    ui = UI_URL.read(web_address)
    places = Places(ui=ui, stored_at=journal.uri(attempt)) if ui else None
    print_markdown(markdown(attempt, journal.rows(attempt), places=places))


def _lines(found: "list[MonthState]", now: datetime) -> "Iterator[list[str | Text]]":
    from rich.text import Text

    for empty, together in groupby(
        found, lambda state: state.shown is None and state.dismissed is None
    ):
        states = list(together)
        if empty and len(states) > _EMPTY_SHOWN:
            ends = f"{states[-1].month} to {states[0].month}"
            yield [ends, Text("none yet", "dim"), "", "", "", "", ""]
        else:
            yield from (_line(state, now) for state in states)


def _line(state: "MonthState", now: datetime) -> "list[str | Text]":
    from rich.text import Text

    last, receipt = state.last or state.looked, state.receipt
    if last is None:
        style, verdict = "dim", "none expected" if state.dismissed else "none yet"
    elif state.dismissed:
        style, verdict = "dim", f"{last.verdict.value}, dismissed"
    else:
        style = "red" if last.verdict.is_red else "green" if last.verdict.has_receipt else ""
        withdrawn = last.withdrawn and last.verdict.has_receipt
        verdict = "withdrawn" if withdrawn else last.verdict.value.replace("_", " ")
    age = state.age(now)
    return [
        str(state.month),
        Text(verdict, style),
        _dollars(receipt.total_credit_usd if receipt else None),
        _left_out(last),
        last.file_version[:_VERSION_SHOWN] if last else "",
        ", ".join(
            name if value is True else f"{name}={str(value).lower()}"
            for name, value in state.decided.items()
        ),
        "" if age is None else _spelled(age),
    ]


def _left_out(last: "Attempt | None") -> str:
    # If a month was not sent, all of it is left out.
    if last is None or not last.verdict.has_receipt:
        return ""
    return _dollars(last.left_out_usd)


def _dollars(text: str | None) -> str:
    return "" if text is None else for_people(Decimal(text))


def _spelled(age: timedelta) -> str:
    """An age, in the largest meaningful unit: ``5 min``, ``7 h``, ``12 d``."""
    for unit, name in ((timedelta(days=1), "d"), (timedelta(hours=1), "h")):
        if age >= 2 * unit:
            return f"{age // unit} {name}"
    return f"{age // timedelta(minutes=1)} min"
