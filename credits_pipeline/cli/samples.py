"""``samples``: bills of three clouds to try things with, made here."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from credits_pipeline.cli.output import Json, doing, fail, print_json, print_table, say
from credits_pipeline.cli.sources import book, whoever_runs_this

if TYPE_CHECKING:
    from credits_pipeline.finops.samples import Written


def samples(
    folder: Annotated[
        Path,
        typer.Argument(help="The folder for them; it is created.", metavar="DIR", file_okay=False),
    ],
    *,
    as_of: Annotated[
        str | None,
        typer.Option(
            help="The day on which they are viewed. Default: today.", metavar="YYYY-MM-DD"
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Another number makes other bills.")] = 7,
    months: Annotated[
        int, typer.Option(help=("How many months, including this one."), min=1, max=36)
    ] = 14,
    size: Annotated[
        int, typer.Option(help="This many times the sample's resources.", min=1, max=1000)
    ] = 1,
    add: Annotated[
        bool,
        typer.Option(
            "--add", help="Add them to the sources of bills, so that they are read, with budgets."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Make sample bills of AWS, Azure and Google Cloud, each as its provider delivers it.

    Fourteen months with what happens in real bills: growth, a step, spikes, spend without tags,
    idle machines, commitments, credits that run out, tax, a refund, a month that is delivered
    again. The same day and seed give the same bytes. `totals.json` has the totals of each month,
    `planted.json` what is hidden in them. Exit code 0 if they are written, 2 if they can't be.

    **Examples**

    `credits-pipeline samples ./bills --add`

    `credits-pipeline samples ./bills --as-of 2026-06-15 --months 3`
    """
    from credits_pipeline.finops.samples import generate  # noqa: PLC0415 - when used

    try:
        day = datetime.now(UTC).date() if as_of is None else date.fromisoformat(as_of)
    except ValueError:
        raise typer.BadParameter(f"{as_of!r} is not a day", param_hint="--as-of") from None
    with doing("Making sample bills"):
        try:
            written = generate(folder, as_of=day, seed=seed, months=months, size=size)
        except OSError as error:
            fail(f"{folder} can't be written: {error.strerror}.", 2)
    if add:
        with book() as kept:
            for source in written.sources:
                kept.add(source, by=whoever_runs_this(), why="sample bills")
        _add_budgets(day, size)
    if as_json:
        print_json(
            {
                "folder": str(written.folder),
                "sources": [{"name": one.name, **one.body()} for one in written.sources],
                "rows": sum(total.rows for total in written.totals),
            }
        )
        return
    _print(written)
    if not add:
        say("To read them, add the four sources; --add does it.")


def _add_budgets(day: date, size: int) -> None:
    """Add the sample organisation's budgets; existing ones stay."""
    from credits_pipeline.cli.decisions import opened  # noqa: PLC0415 - when used
    from credits_pipeline.finops.budgets.budget import KIND  # noqa: PLC0415 - as above
    from credits_pipeline.finops.samples.decided import sample_budgets  # noqa: PLC0415 - as above

    with opened() as decisions:
        there = {item.id for item in decisions.items(KIND)}
        for id_, body in sample_budgets(day, size).items():
            if id_ not in there:
                decisions.put(
                    KIND, id_, body, by=whoever_runs_this(), expected=None, why="sample budgets"
                )


def _print(written: "Written") -> None:
    from credits_pipeline.core.money import for_people  # noqa: PLC0415 - when used

    rows = []
    for source in written.sources:
        totals = [total for total in written.totals if total.source == source.name]
        billed = sum((total.billed for total in totals), Decimal(0))
        months = f"{totals[0].month} to {totals[-1].month}" if totals else "none"
        rows.append(
            (
                source.name,
                months,
                f"{sum(total.rows for total in totals):,}",
                for_people(billed.quantize(Decimal("0.01"))),
                source.location,
            )
        )
    print_table(
        ("source", "months", "rows", "billed", "location"),
        rows,
        right=("rows", "billed"),
        folds=("location",),
    )
