"""``check``: what the pipeline would make of a file, without sending anything."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from credits_pipeline.cli.options import (
    AcceptEstimates,
    AcceptRejected,
    CreditsFile,
    Duplicates,
    Month,
    ProfileFile,
    SheetName,
    Signs,
    decided,
    limits,
    month_option,
    profiles,
    usd_option,
)
from credits_pipeline.cli.output import Answers, Json, answers, doing, fail, print_json
from credits_pipeline.core.money import for_people
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import START_MONTH, SettingError
from credits_pipeline.core.wording import counted

if TYPE_CHECKING:
    from credits_pipeline.credits.evaluation.verdict import FileVerdict

_PROBLEMS_SHOWN = 5
_WARNINGS_SHOWN = 20
_WIDTH_SHOWN = 120


def check(
    file: CreditsFile,
    *,
    month: Month = None,
    expect_total: Annotated[
        str | None,
        typer.Option(help="What its credits should add up to, in dollars.", metavar="USD"),
    ] = None,
    as_json: Json = False,
    duplicates: Duplicates = None,
    signs: Signs = None,
    accept_rejected: AcceptRejected = False,
    accept_estimates: AcceptEstimates = False,
    sheet: SheetName = None,
    profile: ProfileFile = None,
) -> None:
    """Say what the pipeline would make of a credits file. Nothing is sent.

    It also says whether uploading the file under its name starts a run. Exit code 0 if the file
    would be sent, 1 if it has to be corrected or decided about first, 2 if the command can't be
    carried out.

    **Examples**

    `credits-pipeline check credits-2025-01.csv`

    `credits-pipeline check export.csv --month 2025-01 --expect-total 202487.80`

    `credits-pipeline check credits.xlsx --sheet January --month 2025-01`

    `credits-pipeline check export.csv --json | jq '.rejected_rows[]'`
    """
    from credits_pipeline.credits.evaluation.verdict import judge, refused  # noqa: PLC0415 - loads polars
    from credits_pipeline.credits.reading import UnreadableFile  # noqa: PLC0415 - loads polars

    at = month_option(month, "--month")
    expected = usd_option(expect_total, "--expect-total")
    decisions = decided(duplicates=duplicates, signs=signs, accept_rejected=accept_rejected)
    allowed = limits()
    known = profiles(profile)
    try:
        size = file.stat().st_size
        allowed.refuse_larger(size, name=file.name)
        with doing(f"Reading {file.name}, {size / 1_000_000:,.1f} MB"):
            verdict = judge(
                file.read_bytes(),
                name=file.name,
                month=at,
                expected_total=expected,
                decisions=decisions,
                limits=allowed,
                profiles=known,
                accept_estimates=accept_estimates,
                sheet_name=sheet,
            )
    except UnreadableFile as refusal:
        verdict = refused(refusal)
    no_run = None if verdict.verdict == "reject" else _why_no_run(file, size, at, verdict)
    if as_json:
        print_json(
            {
                **verdict.as_json(),
                "starts_run": verdict.verdict != "reject" and no_run is None,
                "starts_no_run_because": no_run,
            }
        )
    else:
        print_verdict(file, verdict, no_run)
    raise typer.Exit(1 if verdict.verdict == "reject" else 0)


def _why_no_run(
    file: Path, size: int, month: BillingMonth | None, verdict: "FileVerdict"
) -> str | None:
    """Why the file starts no run in the inbox, by the sensor's own rule; None if it does."""
    from credits_pipeline.credits.inbox.names import (  # noqa: PLC0415 - when used
        Months,
        UnrecognizedObject,
        file_name,
        month_of,
    )

    if len(verdict.months) > 1:
        return f"it holds {len(verdict.months)} months: credits-pipeline split makes a file of each"
    try:
        first = START_MONTH.read(BillingMonth.parse)
    except SettingError as error:
        fail(str(error), 2)
    months = Months(first, BillingMonth.at(datetime.now(UTC)))
    if month is not None and file.name != file_name(month):
        found = month_of(file_name(month), size, prefix="", months=months)
        if isinstance(found, BillingMonth):
            return f"it is called {file.name}: upload it as {file_name(month)}"
    else:
        found = month_of(file.name, size, prefix="", months=months)
    return found.reason if isinstance(found, UnrecognizedObject) else None


def print_verdict(file: Path, verdict: "FileVerdict", no_run: str | None = None) -> None:
    """Print a verdict for people.

    Args:
        file: its name as given.
        verdict: the verdict on it.
        no_run: why it starts no run under its present name.
    """
    console = answers()
    style = {"accept": "green", "warn": "yellow", "reject": "red"}[verdict.verdict]
    meaning = {
        "accept": "can be split and sent" if len(verdict.months) > 1 else "would be sent",
        "warn": "would be sent, with warnings",
        "reject": "would not be sent",
    }[verdict.verdict]
    if no_run is not None and len(verdict.months) <= 1:
        meaning = meaning.replace("would be sent", "can be read, but starts no run as it is")
    console.print((f"{file}: {meaning} ({verdict.verdict})", f"bold {style}"))
    _print_months(console, verdict)
    _print_problems(console, verdict)
    for warning in verdict.warnings[:_WARNINGS_SHOWN]:
        console.print((f"Warning: {warning}", "yellow"))
    if len(verdict.warnings) > _WARNINGS_SHOWN:
        console.print((f"and {len(verdict.warnings) - _WARNINGS_SHOWN} more warnings", "yellow"))
    if no_run is not None:
        console.print((f"No run: {no_run}.", "yellow"))
    for note in verdict.notes:
        console.print(f"Note: {note}")
    if verdict.why is not None:
        console.print((f"Why: {verdict.why}", "red"))


def _print_months(console: Answers, verdict: "FileVerdict") -> None:
    for index, (month, reading) in enumerate(verdict.months.items()):
        found = reading.findings
        if index == 0:
            console.print(
                f"Layout {found.layout}, {found.encoding}, cells separated by"
                f" {found.delimiter!r}, decimal mark {found.decimal_mark!r}"
            )
            if found.profile:
                console.print(f"Profile {found.profile}")
            if found.ignored_columns:
                console.print(f"Columns not used: {', '.join(found.ignored_columns)}")
        classes = ", ".join(
            f"{entry.rows:,} {'would be sent' if name == 'sent' else name.replace('_', ' ')}"
            for name, entry in found.ledger.entries.items()
        )
        console.print(
            f"{month}: {counted(found.rows, 'account')}, {for_people(found.total_usd)}"
            f" ({counted(found.ledger.file_rows, 'record')}: {classes})"
        )
        for total in found.control_totals:
            stated, counted_now = (
                for_people(n) if total.unit == "usd" else f"{n:,f}"
                for n in (total.stated, total.counted)
            )
            agrees = "agrees" if total.agrees else f"but counted {counted_now}"
            console.print(f"  {total.source}: {stated}, {agrees}")


def _print_problems(console: Answers, verdict: "FileVerdict") -> None:
    """The first rows that can't be read, with the lines around them."""
    rejected = verdict.rejected
    if verdict.sheet is None or not len(rejected):
        return
    width = len(str(rejected["line"].max())) + 1
    for line, text, reason in rejected.head(_PROBLEMS_SHOWN).iter_rows():
        console.print()
        last = line + text.count("\n")
        for number, content in verdict.sheet.lines(line - 1, last + 1):
            concerned = line <= number <= last
            console.print(
                (
                    f"{'>' if concerned else ' '} {number:>{width}} | {content[:_WIDTH_SHOWN]}",
                    "bold" if concerned else "dim",
                )
            )
            if number == last:
                console.print((f"  {'':>{width}} | {reason}", "red"))
    console.print()
    if len(rejected) > _PROBLEMS_SHOWN:
        console.print(f"and {len(rejected) - _PROBLEMS_SHOWN:,} more rows that can't be read")
