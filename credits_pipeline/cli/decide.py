"""``decide``: show what a decision about a month covers, ask, and run the month with it."""

import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from io import StringIO
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from credits_pipeline.cli.ending import CANT_BE_DONE, told_if_impossible
from credits_pipeline.cli.instance import dagster_instance
from credits_pipeline.cli.options import (
    MonthNamed,
    MonthOption,
    Who,
    Why,
    choice_option,
    one_month,
    who_option,
)
from credits_pipeline.cli.output import Json, agrees, doing, fail, print_json, say

if TYPE_CHECKING:
    import dagster as dg

    from credits_pipeline.core.month import BillingMonth
    from credits_pipeline.credits.delivery.commands import Decision
    from credits_pipeline.credits.state.attempt import Attempt

_SIGNS = ("auto", "as_is", "flipped")
_DUPLICATES = ("first", "sum", "reject")
_NOBODY = (
    "Nobody answered, so nothing was changed. What to do: run the command in a terminal, where it "
    "shows the decision and asks, or use --yes."
)


def decide(
    named: MonthNamed = None,
    *,
    month: MonthOption = None,
    accept_rejected: Annotated[
        bool | None,
        typer.Option(
            "--accept-rejected/--no-accept-rejected",
            help="Send the rows that could be read, and leave the others out.",
        ),
    ] = None,
    accept_change: Annotated[
        bool | None,
        typer.Option(
            "--accept-change/--no-accept-change",
            help="Send although the month changes more than the limits for holding allow.",
        ),
    ] = None,
    clear_month: Annotated[
        bool | None,
        typer.Option(
            "--clear-month/--no-clear-month", help="Withdraw the month, or bring it back."
        ),
    ] = None,
    signs: Annotated[
        str | None,
        typer.Option(help="How signs are read: auto, as_is or flipped.", metavar="RULE"),
    ] = None,
    duplicates: Annotated[
        str | None,
        typer.Option(help="A second row of an account: first, sum or reject.", metavar="RULE"),
    ] = None,
    for_version: Annotated[
        str | None,
        typer.Option(help="The version that is decided about, from the report.", metavar="TOKEN"),
    ] = None,
    who: Who = None,
    why: Why = None,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", help="Do not ask; --for-version names the version that was reviewed."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Decide about a month: show the rows and dollars concerned, ask, and run the month.

    The decision is about one version of the file and stays with it; a new upload starts without it.
    The report of a month that waits for a decision has the command ready to paste. Exit code 0 if
    CloudZero holds the month afterwards, 1 if not, 2 if the command can't be carried out. With
    `--json` the answer is the run's attempt.

    **Examples**

    `credits-pipeline decide --month 2025-01 --accept-rejected`

    `credits-pipeline decide 2025-01 --accept-rejected --signs as_is --why "ticket FIN-12"`
    """
    from credits_pipeline.credits.delivery.commands import Decision  # noqa: PLC0415 - loads Dagster

    of = one_month(named, month, "decide")
    given: dict[str, Any] = {
        "accept_rejected": accept_rejected,
        "accept_change": accept_change,
        "clear_month": clear_month,
        "signs": choice_option(signs, "--signs", _SIGNS),
        "duplicates": choice_option(duplicates, "--duplicates", _DUPLICATES),
    }
    decided = {name: value for name, value in given.items() if value is not None}
    if not decided:
        raise typer.BadParameter(
            f"say what you decide, such as --accept-rejected; credits-pipeline report --month {of} "
            "says what can be decided"
        )
    if yes and not for_version:
        raise typer.BadParameter(
            f"--yes needs --for-version: credits-pipeline report --month {of} names the version, "
            "and without --yes this command shows what the decision is about"
        )
    person = who_option(who)
    with told_if_impossible(), dagster_instance() as instance:
        decision = Decision(of, decided, _version(of, decided, for_version), person, why or "")
        _show(decision, instance)
        agree(f"Decide this about {decision.month}?", yes=yes)
        attempt = carried_out(decision, instance, loud=as_json)
    end(decision.month, attempt, as_json=as_json)


def agree(question: str, *, yes: bool) -> None:
    """Ask, and end the command unless a person agrees.

    Raises:
        Exit: with 1 if a person does not agree, with 2 if there is nobody to ask.
    """
    if yes:
        return
    # A pipe is not a person: its answer was written before anything was shown.
    if not sys.stdin.isatty():
        fail(_NOBODY, CANT_BE_DONE)
    try:
        agreed = agrees(question)
    except typer.Abort:
        fail(_NOBODY, CANT_BE_DONE)
    if not agreed:
        say("Nothing was changed.")
        raise typer.Exit(1)


def carried_out(
    decision: "Decision", instance: "dg.DagsterInstance", *, loud: bool
) -> "Attempt | None":
    """Run the month with a decision; its attempt, if it left one.

    Args:
        decision: what was decided.
        instance: Dagster's.
        loud: whether the run's own line of JSON goes to standard error, for machines.
    """
    from credits_pipeline.credits.assets.run_now import run_with  # noqa: PLC0415 - loads Dagster

    log = sys.stderr if loud else StringIO()
    with doing(f"Running {decision.month}"), redirect_stdout(log):
        return run_with(decision, instance)


def end(month: "BillingMonth", attempt: "Attempt | None", *, as_json: bool) -> NoReturn:
    """Print how the run ended, and end the command.

    Raises:
        Exit: with 0 if CloudZero holds the month, with 1 if not.
    """
    from credits_pipeline.credits.assets.attempts import told  # noqa: PLC0415 - loads Dagster

    if attempt is None:
        fail(f"{month}: the run left no attempt; look at its log.", 1)
    holds = attempt.verdict.has_receipt
    if as_json:
        print_json(asdict(attempt))
    say(told(attempt), "green" if holds else "red")
    raise typer.Exit(0 if holds else 1)


def _version(month: "BillingMonth", decided: dict[str, Any], asked: str | None) -> str:
    """The current version, which is the one that is decided about.

    Raises:
        Exit: with 2, if the month has no partition, or another version was shown.
    """
    from credits_pipeline.credits.delivery.commands import (  # noqa: PLC0415 - loads Dagster
        NoPartitionError,
        refuse_without_partition,
        version_now,
    )
    from credits_pipeline.reporting.deciding import command, spelled  # noqa: PLC0415 - when used

    try:
        refuse_without_partition(month)
    except NoPartitionError as error:
        raise typer.BadParameter(str(error), param_hint="--month") from None
    now = version_now(month)
    if asked and asked != now:
        fail(
            f"{spelled(decided)} was decided about version {asked} of {month}, and the version now "
            f"is {now}. Nothing was changed. What to do: look at the new version, and decide about "
            f"that: {command(str(month), decided)}",
            CANT_BE_DONE,
        )
    return now


def _show(decision: "Decision", instance: "dg.DagsterInstance") -> None:
    """Show the rows and dollars that a decision covers.

    Raises:
        Exit: with 2, if no run has read the version yet.
    """
    from credits_pipeline.credits.delivery.commands import about  # noqa: PLC0415 - loads Dagster

    with doing(f"Looking at {decision.month}"):
        lines = about(decision, instance, say)
    if not lines:
        fail(
            f"No run has looked at version {decision.version} of {decision.month} yet, so there is "
            "nothing to decide about. Nothing was changed. What to do: wait for its run, or "
            "materialise the month.",
            CANT_BE_DONE,
        )
    for line in lines:
        say(line)
