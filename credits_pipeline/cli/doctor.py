"""``doctor``: checks that everything a month needs is in place."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from credits_pipeline.cli.output import Answers, Json, answers, doing, print_json, say
from credits_pipeline.core.month import BillingMonth

if TYPE_CHECKING:
    from credits_pipeline.doctor.finding import Finding

_STYLES = {"ok": "green", "note": "yellow", "wrong": "bold red", "skipped": "dim"}
_MARKS = {"ok": "✓", "note": "!", "wrong": "✗", "skipped": "-"}


def doctor(
    *,
    try_alerts: Annotated[
        bool, typer.Option("--try-alerts", help="Send a message by each channel of alerts.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check everything that a month needs, and say what to do.

    Settings, versions, the inbox in S3 with its permissions and clock, the storage, Dagster, the
    stream's lock, CloudZero's key, connection and scopes. Where bills are read, also their storage,
    decisions, sources, what is published, tags, engine, pages, fonts and scans. Nothing is sent to
    the stream; it costs one of CloudZero's 60 costs calls a day. `rehearse` tries a whole drop in a
    separate namespace.
    Exit code 0 if nothing is wrong, 1 if something is.

    **Examples**

    `credits-pipeline doctor`

    `credits-pipeline doctor --try-alerts`

    `credits-pipeline doctor --json | jq '.findings[] | select(.state != "ok")'`
    """
    from credits_pipeline.doctor.examination import examine  # noqa: PLC0415 - loads all rooms
    from credits_pipeline.doctor.finding import State  # noqa: PLC0415 - as above

    month = BillingMonth.at(datetime.now(UTC))
    console = answers()
    found: list[Finding] = []
    with doing("Looking around", console) as now:
        for finding in examine(month, now, try_alerts=try_alerts):
            found.append(finding)
            if not as_json:
                print_finding(console, finding)
    wrong = [finding for finding in found if finding.state is State.WRONG]
    if as_json:
        print_json({"works": not wrong, "findings": [asdict(finding) for finding in found]})
    elif wrong:
        say(f"{len(wrong)} wrong", "red")
    raise typer.Exit(1 if wrong else 0)


def print_finding(console: Answers, finding: "Finding") -> None:
    """Print what was found about one thing, and below it what to do."""
    state = finding.state.value
    mark = _MARKS[state] if console.is_terminal else f"{state:<7}"
    to_do = f"\n{' ' * (len(mark) + 2)}What to do: {finding.to_do}" if finding.to_do else ""
    console.print(
        (mark, _STYLES[state]),
        "  ",
        (finding.name, "bold"),
        f": {finding.says}",
        (to_do, "italic"),
    )
