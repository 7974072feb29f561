"""``violations``: which policies are broken, what it costs, and who accepts it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from credits_pipeline.cli import scope as words
from credits_pipeline.cli.output import (
    Json,
    answers,
    doing,
    fail,
    print_file,
    print_json,
    print_table,
    say,
)
from credits_pipeline.cli.sources import whoever_runs_this
from credits_pipeline.core.settings import SettingError

if TYPE_CHECKING:
    from credits_pipeline.finops.decisions.opening import Decisions
    from credits_pipeline.finops.governance.judging import By
    from credits_pipeline.finops.governance.violations import Seen

violations = typer.Typer(
    name="violations",
    help="The policies that are broken: by what, since when, what it costs, and who accepts it.\n\n"
    "Without a command they are listed as the newest evaluation and people have left them. A "
    "violation is open, acknowledged (with a reason, until a day) or fixed (a look has seen it "
    "gone); what could not be looked at stays as it was. Exit code 0 with an answer, 1 if an act "
    "was refused, 2 if the command can't be carried out.\n\n"
    "**Examples**\n\n"
    "`credits-pipeline violations --severity high`\n\n"
    "`credits-pipeline violations --state all --json | jq '.violations[].says'`\n\n"
    "`credits-pipeline violations acknowledge 1c1171d53e85e5c9 --reason 'will be fixed' --until "
    "2026-12-31`",
    rich_markup_mode="markdown",
    invoke_without_command=True,
)

_Id = Annotated[str, typer.Argument(help="The violation's id.", metavar="ID")]
_Many = list[str] | None


@violations.callback()
def list_(
    context: typer.Context,
    *,
    policy: Annotated[_Many, typer.Option(help="A policy's id. Repeatable.", metavar="ID")] = None,
    account: Annotated[
        _Many, typer.Option(help="An account's id. Repeatable.", metavar="ACCOUNT")
    ] = None,
    severity: Annotated[
        _Many, typer.Option(help="low, medium or high. Repeatable.", metavar="WORD")
    ] = None,
    state: Annotated[
        _Many,
        typer.Option(
            help="open, acknowledged, fixed or all. Repeatable. Default: open.", metavar="WORD"
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="First seen on this day or later.", metavar="YYYY-MM-DD")
    ] = None,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print them as CSV.")] = False,
) -> None:
    """List violations."""
    if context.invoked_subcommand:
        return
    if as_json and as_csv:
        fail("--json and --csv are two answers: choose one.", 2)
    from credits_pipeline.finops.governance import listing  # noqa: PLC0415 - when used

    try:
        wanted = listing.Wanted.of(
            policy=policy, account=account, severity=severity, state=state or ["open"], since=since
        )
    except listing.WantedError as error:
        fail(str(error), 2)
    record, seen = _seen()
    found = [one for one in seen if wanted.holds(one)]
    if as_json:
        print_json(
            {"evaluated_at": record, "violations": [listing.for_programs(one) for one in found]}
        )
    elif as_csv:
        print_file(listing.as_csv(found).decode())
    else:
        _print(found, record)


@violations.command()
def acknowledge(
    violation: _Id,
    *,
    reason: Annotated[
        str,
        typer.Option(
            help="accepted risk, needed as it is, will be fixed, false alarm or other.",
            metavar="WORDS",
        ),
    ],
    note: Annotated[str, typer.Option(help="In your words.", metavar="TEXT")] = "",
    until: Annotated[
        str | None,
        typer.Option(help="The last day on which it is accepted.", metavar="YYYY-MM-DD"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Accept a violation, until a day or for good; it comes back the day after.

    Anyone who can run commands here may do everything, so it counts as an approver's decision.

    **Example**

    `credits-pipeline violations acknowledge 1c1171d53e85e5c9 --reason "will be fixed" --until
    2026-12-31`
    """
    from credits_pipeline.finops.governance import judging  # noqa: PLC0415 - when used

    day = None if until is None else _day(until)
    with _acting(violation) as (decisions, seen, by):
        judging.acknowledge(decisions.states, seen, by=by, reason=reason, note=note, until=day)
    _told(violation, "acknowledged", as_json=as_json)


@violations.command()
def reopen(
    violation: _Id,
    *,
    note: Annotated[str, typer.Option(help="In your words.", metavar="TEXT")] = "",
    as_json: Json = False,
) -> None:
    """Withdraw an acknowledgement.

    **Example**

    `credits-pipeline violations reopen 1c1171d53e85e5c9`
    """
    from credits_pipeline.finops.governance import judging  # noqa: PLC0415 - when used

    with _acting(violation) as (decisions, seen, by):
        judging.open_again(decisions.states, seen, by=by, note=note)
    _told(violation, "open", as_json=as_json)


@violations.command()
def assign(
    violation: _Id,
    owner: Annotated[str, typer.Argument(help="Who has to act.", metavar="WHO")],
    *,
    as_json: Json = False,
) -> None:
    """Say who has to act, regardless of the owner tag.

    **Example**

    `credits-pipeline violations assign 1c1171d53e85e5c9 platform@example.com`
    """
    from credits_pipeline.finops.governance import judging  # noqa: PLC0415 - when used

    with _acting(violation) as (decisions, seen, by):
        judging.assign(decisions.states, seen, owner, by=by)
    _told(violation, f"assigned to {owner}", as_json=as_json)


@violations.command("import")
def import_(
    folder: Annotated[
        Path, typer.Argument(help="The output folder of custodian run.", metavar="FOLDER")
    ],
    *,
    as_json: Json = False,
) -> None:
    """Import Cloud Custodian's findings, as violations beside those of the policies here.

    Findings that a policy no longer lists are fixed; those of policies that did not run stay as
    they were.

    **Example**

    `credits-pipeline violations import ./custodian-output`
    """
    from credits_pipeline.finops.depot import Depot  # noqa: PLC0415 - when used
    from credits_pipeline.finops.governance import custodian, governing  # noqa: PLC0415 - as above
    from credits_pipeline.finops.governance.ledger import GovernanceError  # noqa: PLC0415
    from credits_pipeline.finops.settings import storage_root, tag_keys  # noqa: PLC0415 - as above

    with words.opened_version() as version, doing("Reading the output"):
        depot = Depot(storage_root())
        try:
            with governing.table(depot, version, tag_keys()) as made:
                output = custodian.read(folder, governing.costs(made.resources))
            governing.take_in(depot, output.found, output.looked, custodian.ORIGIN, output.at)
        except (custodian.CustodianError, GovernanceError) as error:
            fail(str(error), 1)
    policies = sorted({policy for policy, _, _ in output.ran})
    if as_json:
        print_json({"policies": policies, "violations": len(output.found)})
    else:
        found, of = len(output.found), len(policies)
        answers().print(
            f"Imported: {found} violation{'' if found == 1 else 's'} of {of} "
            f"polic{'y' if of == 1 else 'ies'}"
        )


def _seen() -> "tuple[str, list[Seen]]":
    from credits_pipeline.finops.decisions import DecisionsError  # noqa: PLC0415 - when used
    from credits_pipeline.finops.depot import Depot  # noqa: PLC0415 - as above
    from credits_pipeline.finops.errors import BillError  # noqa: PLC0415 - as above
    from credits_pipeline.finops.governance.ledger import Ledger  # noqa: PLC0415 - as above
    from credits_pipeline.finops.governance.opening import decided  # noqa: PLC0415 - as above
    from credits_pipeline.finops.governance.violations import seen_now  # noqa: PLC0415 - as above
    from credits_pipeline.finops.settings import storage_root  # noqa: PLC0415 - as above

    try:
        ledger = Ledger(Depot(storage_root()))
        record = ledger.current()
        if record is None:
            fail(
                (
                    "No policy has been evaluated yet. What to do: credits-pipeline policies "
                    "evaluate."
                ),
                2,
            )
        return record.at, seen_now(ledger.violations(record.version), decided().said)
    except (SettingError, DecisionsError, BillError) as error:
        fail(str(error), 2)


@contextmanager
def _acting(violation: str) -> "Iterator[tuple[Decisions, Seen, By]]":
    from credits_pipeline.finops.decisions import DecisionsError  # noqa: PLC0415 - when used
    from credits_pipeline.finops.decisions.opening import open_decisions  # noqa: PLC0415 - as above
    from credits_pipeline.finops.governance.judging import By, JudgingError  # noqa: PLC0415 - as above

    _, found = _seen()
    seen = next((one for one in found if one.violation.id == violation), None)
    if seen is None:
        fail(
            f"There is no violation {violation!r}. What to do: credits-pipeline violations --state "
            "all.",
            2,
        )
    try:
        with open_decisions() as decisions:
            yield decisions, seen, By(whoever_runs_this(), is_approver=True)
    except (JudgingError, DecisionsError) as error:
        fail(str(error), 1)


def _told(violation: str, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"violation": violation, "state": what})
    else:
        answers().print(f"{violation} is {what}")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"{text!r} is not a day: write it as 2026-12-31.", 2)


def _print(found: "Sequence[Seen]", at: str) -> None:
    rows: list[list[Any]] = []
    for one in found:
        each = one.violation
        cost = "" if each.cost_month is None else f"{each.cost_month:,.2f} {each.currency}"
        rows.append(
            [
                each.id,
                each.severity.value,
                each.policy,
                each.account,
                each.resource_id,
                f"{each.since:%Y-%m-%d}",
                cost,
                one.owner,
                one.status.value,
                each.says,
            ]
        )
    heads = ["id", "severity", "policy", "account", "resource", "since", "a month", "owner",
             "state", "says"]  # fmt: skip
    print_table(heads, rows, right=["a month"], folds=["resource", "says", "owner", "policy"])
    age = datetime.now(UTC) - datetime.fromisoformat(at)
    plural, days = "" if len(found) == 1 else "s", "" if age.days == 1 else "s"
    say(
        f"{len(found)} violation{plural}, as evaluated on {at[:16]} UTC ({age.days} day{days} ago)."
    )
