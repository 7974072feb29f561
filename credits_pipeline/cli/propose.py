"""``propose``: makes the month's credits file from AWS's credit ledger by a rule."""

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from credits_pipeline.cli.decide import agree
from credits_pipeline.cli.options import Who, choice_option, month_option, who_option
from credits_pipeline.cli.output import Json, doing, echo, fail, print_json, print_table, say
from credits_pipeline.core.disk import write_whole
from credits_pipeline.core.money import for_people, from_text, to_text
from credits_pipeline.core.wording import counted

if TYPE_CHECKING:
    from credits_pipeline.core.month import BillingMonth
    from credits_pipeline.finops.ledger.proposal import Proposal

_RULES = ("as_ledger", "proportional", "fixed", "even", "owner_first", "earned_by_tag")
_BOOKED = ("offset", "ignore")
#: S3 accepts two kilobytes of metadata, names included.
_MOST_INPUTS = 1200
#: Enough of a digest to tell two proposals apart.
_SHORTEST = 8


def propose(
    *,
    month: Annotated[str, typer.Option(help="The billing month.", metavar="YYYY-MM")],
    rule: Annotated[str, typer.Option(help=f"Who gets credits: {', '.join(_RULES)}.")],
    booked: Annotated[
        str,
        typer.Option(
            help=(
                "What happens to the credits on AWS's own bill: offset takes them back where AWS "
                "gave them, if CloudZero counts them; ignore is for one that leaves them out."
            ),
        ),
    ],
    pool: Annotated[
        list[str] | None,
        typer.Option(help="The id of a credit to distribute; default: all. Repeatable."),
    ] = None,
    share: Annotated[
        list[str] | None,
        typer.Option(
            help="For the rule fixed: an account and its percentage. Repeatable.",
            metavar="ACCOUNT=PERCENT",
        ),
    ] = None,
    estimate: Annotated[
        bool,
        typer.Option(
            "--estimate", help=("Propose although the ledger of the month may still change.")
        ),
    ] = False,
    to: Annotated[
        Path | None, typer.Option(help="Folder for the file; default: here.", file_okay=False)
    ] = None,
    upload: Annotated[
        bool,
        typer.Option("--upload", help="Show it, ask, and upload it to the inbox in S3."),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
    yes: Annotated[
        bool,
        typer.Option("--yes", help="Do not ask; --digest names the proposal that was reviewed."),
    ] = False,
    digest: Annotated[
        str | None,
        typer.Option(help="The digest of the reviewed proposal, as shown.", metavar="DIGEST"),
    ] = None,
    who: Who = None,
    as_json: Json = False,
) -> None:
    """Make a month's credits file from AWS's ledger: the same bytes each time, exact to the cent.

    The rule distributes each credit of the ledger; no account gets more than its usage that the
    credit applies to, and what no account can use is a separate line. With `offset` the file takes
    back what AWS gave elsewhere, so that nothing counts twice. The metadata of an uploaded file
    says how it was made, and the receipt repeats it. Exit code 0 if the file was written or
    uploaded, 1 if it can't be made or nobody agreed, 2 if the command can't be carried out.

    **Examples**

    `credits-pipeline propose --month 2026-05 --rule proportional --booked ignore`

    `credits-pipeline propose --month 2026-05 --rule earned_by_tag --booked offset --upload`

    `credits-pipeline propose --month 2026-05 --rule fixed --booked ignore --share 111122223333=60 --share 444455556666=40`
    """  # noqa: E501 - an example is one line
    at = month_option(month, "--month")
    assert at is not None  # noqa: S101 - it was given
    choice_option(rule, "--rule", _RULES)
    choice_option(booked, "--booked", _BOOKED)
    if to is not None and upload:
        raise typer.BadParameter("choose one of --to DIR and --upload")
    if (yes or digest) and not (upload and yes and digest):
        raise typer.BadParameter(
            "--upload, --yes and --digest go together: the digest names what was reviewed"
        )
    if upload and as_json and not yes:
        raise typer.BadParameter("--json asks nothing: add --yes and --digest")
    person = who_option(who) if upload else ""
    with doing(f"Proposing {at}"):
        made = _made(at, rule, booked, tuple(pool or ()), _percents(share or []), estimate=estimate)
    if digest and (len(digest) < _SHORTEST or not made.digest.startswith(digest)):
        fail(
            f"What you looked at has the digest {digest}, and the proposal now has "
            f"{made.digest[:12]}: the ledger, a bill or the question changed. Nothing was "
            "uploaded. What to do: look at it again.",
            1,
        )
    if not as_json:
        _show(made)
    if upload:
        where = _upload(made, person, force=force, yes=yes)
    else:
        where = _write(made, to or Path(), force=force)
    if as_json:
        print_json(_as_json(made, where))
    else:
        echo(where)


def _percents(given: list[str]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for one in given:
        account, _, percent = map(str.strip, one.partition("="))
        if account in found:
            raise typer.BadParameter(f"{account} is there twice", param_hint="--share")
        try:
            found[account] = from_text(percent.removesuffix("%"))
        except ValueError:
            raise typer.BadParameter(
                f"{one!r} is not an account and its percentage, such as 111122223333=40",
                param_hint="--share",
            ) from None
    return found


def _made(
    at: "BillingMonth",
    rule: str,
    booked: str,
    pools: tuple[str, ...],
    percent: dict[str, Decimal],
    *,
    estimate: bool,
) -> "Proposal":
    from credits_pipeline.core.settings import SettingError  # noqa: PLC0415 - as above
    from credits_pipeline.finops.errors import BillError  # noqa: PLC0415 - when used
    from credits_pipeline.finops.ledger.making import proposal_of  # noqa: PLC0415 - as above
    from credits_pipeline.finops.ledger.question import Asked, Booked  # noqa: PLC0415 - as above
    from credits_pipeline.finops.ledger.rules import Rule  # noqa: PLC0415 - as above
    from credits_pipeline.finops.settings import storage_root  # noqa: PLC0415 - as above

    asked = Asked(at, Rule(rule), Booked(booked), pools, percent, estimates=estimate)
    try:
        return proposal_of(storage_root(), asked)
    except SettingError as error:
        fail(str(error), 2)
    except BillError as error:
        fail(str(error), 1)


def _show(made: "Proposal") -> None:
    print_table(
        ["credit", "name", "gave", "placed", "unallocated"],
        [
            [
                pool.credit,
                pool.name,
                for_people(pool.amount),
                for_people(pool.amount - pool.unallocated),
                for_people(pool.unallocated),
            ]
            for pool in made.pools
        ],
        right=["gave", "placed", "unallocated"],
        folds=["name"],
    )
    rows = [
        [row.account, row.name, *map(for_people, (row.credit, row.taken, row.amount))]
        for row in made.rows
    ]
    stays = " (stays where AWS gave it)" if made.asked.booked == "offset" else ""
    rows.append([f"unallocated{stays}", "", for_people(made.unallocated), "", ""])
    print_table(
        ["account", "name", "gets", "taken back", "in the file"],
        [[*row] for row in rows],
        right=["gets", "taken back", "in the file"],
        folds=["name"],
    )
    for note in made.notes:
        say(note, "yellow")
    say(
        f"{made.asked.month}, {made.asked.rule}: {counted(len(made.in_file), 'account')}, digest "
        f"{made.digest[:12]}, from {', '.join(f'{what} {at}' for what, at in made.inputs)}."
    )


def _write(made: "Proposal", folder: Path, *, force: bool) -> str:
    path = folder / f"credits-{made.asked.month}.csv"
    if path.exists() and not force:
        fail(f"{path} is there already. Overwrite with --force.", 1)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, made.data)
    except OSError as error:
        fail(f"{path} can't be written: {error.strerror}. Choose another folder with --to.", 2)
    return str(path)


def _upload(made: "Proposal", person: str, *, force: bool, yes: bool) -> str:
    """Upload it to the inbox, and decide that its signs are intended if a row takes money back."""
    from credits_pipeline.core.settings import BUCKET, PREFIX, SettingError  # noqa: PLC0415 - as above
    from credits_pipeline.core.storage.store import StorageError  # noqa: PLC0415 - as above
    from credits_pipeline.credits.delivery.proposals import put_into_inbox  # noqa: PLC0415 - as above
    from credits_pipeline.credits.inbox.bucket import Inbox, InboxError  # noqa: PLC0415 - when used

    month = made.asked.month
    try:
        inbox = Inbox(BUCKET.text(), PREFIX.text())
        where = inbox.uri(inbox.key(month))
        if inbox.current(inbox.key(month)) is not None and not force:
            fail(f"{where} is there already. Overwrite with --force.", 1)
        agree(f"Upload this to {where}?", yes=yes)
        put_into_inbox(
            inbox, month, made.data, _metadata(made), who=person, signs_meant=made.takes_back
        )
    except SettingError as error:
        raise typer.BadParameter(str(error)) from None
    except (InboxError, StorageError) as error:
        fail(str(error), 2)
    return where


def _metadata(made: "Proposal") -> dict[str, str]:
    inputs = ", ".join(f"{what} {at}" for what, at in made.inputs)
    if len(inputs) > _MOST_INPUTS:
        inputs = f"{inputs[:_MOST_INPUTS]} and more"
    return {
        "rule": made.asked.rule.value,
        "booked": made.asked.booked.value,
        "inputs": inputs,
        "digest": made.digest,
        **({"pools": ", ".join(made.asked.pools)} if made.asked.pools else {}),
    }


def _as_json(made: "Proposal", where: str) -> dict[str, Any]:
    return {
        "month": str(made.asked.month),
        "rule": made.asked.rule.value,
        "booked": made.asked.booked.value,
        "file": where,
        "digest": made.digest,
        "inputs": dict(made.inputs),
        "total": to_text(made.total),
        "unallocated": to_text(made.unallocated),
        "pools": [
            {
                "credit": pool.credit,
                "name": pool.name,
                "payer": pool.payer,
                "amount": to_text(pool.amount),
                "unallocated": to_text(pool.unallocated),
            }
            for pool in made.pools
        ],
        "rows": [
            {
                "account": row.account,
                "name": row.name,
                "credit": to_text(row.credit),
                "taken": to_text(row.taken),
                "amount": to_text(row.amount),
            }
            for row in made.rows
        ],
        "notes": list(made.notes),
    }
