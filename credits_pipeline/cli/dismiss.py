"""``dismiss``: say that a month is not to be sent as it is, so that it no longer waits."""

from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from credits_pipeline.cli.decide import agree
from credits_pipeline.cli.ending import told_if_impossible
from credits_pipeline.cli.options import MonthNamed, MonthOption, Who, Why, one_month, who_option
from credits_pipeline.cli.output import Json, print_json, say
from credits_pipeline.core.money import for_people
from credits_pipeline.core.month import BillingMonth

if TYPE_CHECKING:
    from credits_pipeline.reporting.overview import MonthState


def dismiss(
    named: MonthNamed = None,
    *,
    month: MonthOption = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Take it back: the month waits for a person again.")
    ] = False,
    who: Who = None,
    why: Why = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Dismiss a month: it is not to be sent as it is, and nobody has to look at it.

    For a month that is blocked, held or failed, such as one that never had a file. Nothing is sent
    or withdrawn: CloudZero keeps what it holds. The month counts as waiting no more, alerts about
    it end, and it is not tried again by itself. A new upload starts afresh. Dismissed without any
    file, a month is not reported as missing one. Exit code 0 if it is dismissed, 1 if nobody
    agreed, 2 if the command can't be carried out.

    **Examples**

    `credits-pipeline dismiss 2025-01 --why "no credits before February"`

    `credits-pipeline dismiss --month 2025-01 --undo`
    """
    from credits_pipeline.core.settings import storage_root  # noqa: PLC0415 - when used
    from credits_pipeline.core.storage.store import open_store  # noqa: PLC0415 - loads the AWS SDK
    from credits_pipeline.credits.state.dismissal import Dismissal  # noqa: PLC0415 - as above
    from credits_pipeline.credits.state.journal import Journal  # noqa: PLC0415 - as above
    from credits_pipeline.reporting.overview import state_of  # noqa: PLC0415 - as above

    at = one_month(named, month, "dismiss")
    person = who_option(who)
    with told_if_impossible():
        journal = Journal(open_store(storage_root()))
        state = state_of(journal, at)
        _refuse(state, undo=undo)
        say(_shown(state))
        agree(f"Take the dismissal of {at} back?" if undo else f"Dismiss {at}?", yes=yes)
        last = state.last
        made = Dismissal(
            billing_month=str(at),
            verdict=last.verdict.value if last else "",
            file_version=last.file_version if last else "",
            who=person,
            why=why or "",
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            in_force=not undo,
        )
        journal.dismissals.put(made)
    if as_json:
        print_json(asdict(made))
    again = "waits for a person again" if last else "is expected again"
    say(f"{at} {again}." if undo else f"{at} is dismissed. Nothing was sent.", "green")


def _refuse(state: "MonthState", *, undo: bool) -> None:
    """Refuse what can't be dismissed, or is not.

    Raises:
        BadParameter: saying why, and what to do.
    """
    from credits_pipeline.credits.state.dismissal import DISMISSABLE  # noqa: PLC0415 - when used

    month, last = state.month, state.last
    why = ""
    if undo:
        why = "" if state.dismissed else f"{month} is not dismissed"
    elif last is None and state.receipt is None:
        # It need not be over: people know before its end that there will be no credits.
        if month > BillingMonth.at(datetime.now(UTC)):
            why = f"{month} has not begun"
    elif last is None or last.verdict.has_receipt:
        why = (
            f"nothing waits for a person in {month}. To withdraw it: credits-pipeline clear {month}"
        )
    elif last.verdict not in DISMISSABLE:
        why = (
            f"CloudZero may hold a part of {month}, as sending it has not ended well. Materialise "
            "it again: that sends the whole month"
        )
    if why:
        raise typer.BadParameter(why)


def _shown(state: "MonthState") -> str:
    """How the month stands, in two sentences."""
    last, receipt = state.last, state.receipt
    ended = f"{last.verdict.value}: {last.reason}" if last else "no run has tried to send it."
    held = (
        f"CloudZero keeps {for_people(Decimal(receipt.total_credit_usd or 0))}."
        if receipt
        else "CloudZero was sent nothing for it."
    )
    return f"{state.month} {ended} {held}"
