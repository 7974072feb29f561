"""``ledger``: AWS's credit ledger, refreshed and shown."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from credits_pipeline.cli.options import month_option
from credits_pipeline.cli.output import Json, doing, fail, print_json, print_table, say
from credits_pipeline.core.money import for_people, to_text

if TYPE_CHECKING:
    from rich.text import Text

    from credits_pipeline.core.month import BillingMonth
    from credits_pipeline.finops.ledger.book import LedgerBook
    from credits_pipeline.finops.ledger.credit import LedgerMonth
    from credits_pipeline.finops.ledger.outlook import Outlook
    from credits_pipeline.finops.ledger.refreshing import Refreshed

_SHOWN = 13


def ledger(
    *,
    month: Annotated[
        str | None,
        typer.Option(
            help="One billing month; default: the newest, and all that may still change.",
            metavar="YYYY-MM",
        ),
    ] = None,
    kept: Annotated[
        bool, typer.Option("--kept", help="Show what is stored, without asking AWS.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Read AWS's credit ledger: what is left of each credit, when it runs out, what a month gave.

    It asks AWS's billing service for the accounts of `FINOPS_LEDGER`, which needs two read
    permissions and no write permission. A month is complete or not known, never partial. Exit code
    0 if everything was answered completely, 1 if something is not known, 2 if the command can't be
    carried out.

    **Examples**

    `credits-pipeline ledger`

    `credits-pipeline ledger --month 2026-05`

    `credits-pipeline ledger --kept --json | jq -r '.credits[].runs_out'`
    """
    from credits_pipeline.core.settings import SettingError  # noqa: PLC0415 - as above
    from credits_pipeline.finops.errors import BillError  # noqa: PLC0415 - when used

    at = month_option(month, "--month")
    try:
        book = _book()
        refreshed = None if kept else _refreshed(book, at)
        months = sorted(book.months(), key=lambda one: (one.month, one.payer))
        found = _outlooks(book, months)
    except SettingError as error:
        fail(str(error), 2)
    except BillError as error:
        fail(str(error), 1)
    failed = refreshed.failed if refreshed else ()
    unknown = [one for one in (refreshed.months if refreshed else months) if not one.complete]
    shown = [one for one in months if at in (None, one.month)]
    if as_json:
        print_json(_as_json(found, shown, failed))
    else:
        _print(found, shown)
        for told in failed:
            say(told, "red")
        for one in unknown:
            say(
                f"{one.payer} {one.month} is not known: {one.why}. The next read asks again.", "red"
            )
    raise typer.Exit(1 if failed or unknown else 0)


def _book() -> "LedgerBook":
    from credits_pipeline.finops.depot import Depot  # noqa: PLC0415 - when used
    from credits_pipeline.finops.ledger.book import LedgerBook  # noqa: PLC0415 - as above
    from credits_pipeline.finops.settings import storage_root  # noqa: PLC0415 - as above

    return LedgerBook(Depot(storage_root()))


def _refreshed(book: "LedgerBook", at: "BillingMonth | None") -> "Refreshed":
    from credits_pipeline.finops.ledger.refreshing import refresh  # noqa: PLC0415 - as above
    from credits_pipeline.finops.settings import ledger_payers  # noqa: PLC0415 - as above

    payers = ledger_payers()
    if not payers:
        fail(
            "FINOPS_LEDGER names no account whose ledger is to be read. What to do: set it to the "
            "id of the payer, such as FINOPS_LEDGER=111122223333, or show what is stored: --kept.",
            2,
        )
    with doing("Asking AWS") as now:
        return refresh(payers, book, months=() if at is None else (at,), say=now)


def _outlooks(book: "LedgerBook", months: list["LedgerMonth"]) -> "tuple[Outlook, ...]":
    from credits_pipeline.finops.ledger.outlook import outlooks  # noqa: PLC0415 - as above

    as_of = book.asked_at() or datetime.now(UTC).date()
    return outlooks(list(book.credits().values()), months, as_of)


def _print(found: "tuple[Outlook, ...]", months: list["LedgerMonth"]) -> None:
    lines: list[list[str | Text]] = [
        [
            one.credit.id,
            one.credit.name,
            one.credit.owner,
            for_people(one.credit.left),
            for_people(one.credit.initial),
            str(one.credit.expiry or "never"),
            _end(one),
        ]
        for one in found
    ]
    print_table(
        ["credit", "name", "owner", "left", "of", "expires", "how it ends"],
        lines,
        right=["left", "of"],
        folds=["name", "how it ends"],
    )
    newest: list[list[str | Text]] = [
        [
            str(one.month),
            one.payer,
            "not known" if one.total is None else for_people(one.total),
            "estimate" if one.estimated else "final" if one.complete else one.why,
        ]
        for one in months[-_SHOWN:]
    ]
    print_table(["month", "payer", "credits", "state"], newest, right=["credits"])


def _end(one: "Outlook") -> str:
    from credits_pipeline.finops.ledger.outlook import State  # noqa: PLC0415 - as above

    if one.state is State.RUNS_OUT:
        latest = one.latest or one.credit.expiry or "never"
        return f"runs out on {one.runs_out}, between {one.earliest} and {latest}"
    if one.state is State.EXPIRES:
        return f"expires with {for_people(one.lost)} left at its pace"
    return one.state.value


def _as_json(
    found: "tuple[Outlook, ...]", months: list["LedgerMonth"], failed: tuple[str, ...]
) -> dict[str, Any]:
    return {
        "credits": [
            {
                **one.credit.to_data(),
                "left": to_text(one.credit.left),
                "as_of": str(one.as_of),
                "state": one.state.value,
                "a_month": None if one.a_month is None else to_text(one.a_month),
                "runs_out": None if one.runs_out is None else str(one.runs_out),
                "runs_out_earliest": None if one.earliest is None else str(one.earliest),
                "runs_out_latest": None if one.latest is None else str(one.latest),
                "lost_at_expiry": to_text(one.lost),
                "lost_at_most": to_text(one.lost_at_most),
            }
            for one in found
        ],
        "months": [
            {
                "payer": one.payer,
                "month": str(one.month),
                "complete": one.complete,
                "estimated": one.estimated,
                "total": None if one.total is None else to_text(one.total),
                "accounts": {name: to_text(usd) for name, usd in sorted(one.by_account().items())},
                "why": one.why,
                "asked_at": one.asked_at,
            }
            for one in months
        ],
        "failed": list(failed),
    }
