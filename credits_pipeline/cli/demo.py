"""``demo`` and ``sandbox``: the product, or only its servers, on this machine."""

import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from credits_pipeline.cli.output import answers, echo, print_markdown, say

if TYPE_CHECKING:
    from credits_pipeline.sandbox.bills import SampleBills
    from credits_pipeline.sandbox.demo import Demo

_PAGES_SECONDS = 120
#: The sample month's partition in Dagster.
_PARTITION = "2025-01-01"

Port = Annotated[int | None, typer.Option(help="Port of the UI; default 3000 if it is free.")]
Home = Annotated[Path, typer.Option(help="Folder for the demo's state; emptied at the start.")]


def demo(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="End after the sample month: exit 0 if it is verified.")
    ] = False,
    port: Port = None,
    home: Home = Path(".demo"),
    months: Annotated[
        int, typer.Option(help="Months of sample bills; fewer are read sooner.", min=1, max=36)
    ] = 14,
) -> None:
    """Run the whole product on this machine, with a sample month of credits and sample bills.

    It starts an S3 server, CloudZero's stand-in, Dagster, fourteen months of bills of three clouds,
    a made-up organisation in AWS that is scanned, and the pages that show them. It needs no account
    and no network. Ctrl-C ends it and leaves no process behind. Exit code 0 if the sample month is
    verified and every bill adds up to its known total, 1 if not or if the demo can't run.

    **Examples**

    `credits-pipeline demo`

    `credits-pipeline demo --once --port 8080`
    """
    from credits_pipeline.credits.state.attempt import Verdict  # noqa: PLC0415 - as above
    from credits_pipeline.reporting.report import markdown  # noqa: PLC0415 - as above
    from credits_pipeline.sandbox import demo as running  # noqa: PLC0415 - as above
    from credits_pipeline.sandbox import servers  # noqa: PLC0415 - as above
    from credits_pipeline.sandbox.bills import BillsError  # noqa: PLC0415 - as above
    from credits_pipeline.sandbox.dagster_dev import DagsterDevError  # noqa: PLC0415 - as above
    from credits_pipeline.sandbox.estate.serving import EstateError  # noqa: PLC0415 - as above
    from credits_pipeline.sandbox.s3 import SandboxMissingError  # noqa: PLC0415 - as above

    shown = answers()
    began = time.monotonic()

    def tell(text: str) -> None:
        shown.print((f"{time.monotonic() - began:6.1f} s", "dim"), f"  {text}")

    verdict, holds = None, False
    try:
        with ended_by_signals():
            tell("starting an S3 server, CloudZero's stand-in and Dagster from an empty state")
            with running.demo(home, port=port, months_of_bills=months) as started:
                tell(
                    f"S3 answers at {started.servers.s3_url}, CloudZero's stand-in at "
                    f"{started.servers.cloudzero.base_url}"
                )
                tell(f"Dagster answers at {started.dagster.url}")
                tell(f"uploading credits-{running.MONTH}.csv to s3://{servers.BUCKET}")
                started.upload_sample()
                attempt = started.follow(tell)
                verdict = attempt.verdict if attempt is not None else None
                if attempt is not None:
                    shown.print()
                    print_markdown(markdown(attempt, started.journal.rows(attempt)), laid_out=True)
                    shown.print()
                receipt = started.journal.receipt(running.MONTH)
                tell(f"the receipt says: {receipt.verdict if receipt else 'there is none'}")
                holds = receipt is not None and receipt.verdict is Verdict.VERIFIED
                if started.bills is not None:
                    holds = _show_bills(started.bills, started.dagster.check_alive, tell) and holds
                if not once:
                    _keep_environment(home, started.environment)
                    shown.print(_next_steps(started, home))
                    while True:
                        time.sleep(1)
                        started.dagster.check_alive()
    except KeyboardInterrupt:
        shown.print("\nended; nothing is left running")
        raise typer.Exit(0 if verdict is Verdict.VERIFIED else 130) from None
    except (DagsterDevError, SandboxMissingError, BillsError, EstateError) as error:
        shown.print(f"The demo could not run: {error}")
        raise typer.Exit(1) from None
    raise typer.Exit(0 if holds else 1)


def _show_bills(
    bills: "SampleBills", check_alive: Callable[[], None], tell: Callable[[str], None]
) -> bool:
    """Read the sample bills and serve their pages; whether every total is correct."""
    tell(bills.read(check_alive, tell))
    if bills.scanned:
        tell(f"the organisation was scanned: {bills.scanned}")
    wrong = bills.differing()
    for line in wrong:
        tell(line)
    if not wrong:
        tell("every bill adds up to the total that its generator wrote down, to the last digit")
    bills.wait_for_pages(check_alive, _PAGES_SECONDS)
    tell(f"the pages answer at {bills.url}")
    return not wrong


def _keep_environment(home: Path, environment: Mapping[str, str]) -> None:
    """Write the environment that another terminal needs to work on the demo."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    (home / "env").write_text("\n".join(lines) + "\n")


def sandbox(
    *,
    s3_port: Annotated[int, typer.Option(help="Port of the S3 server; 0 for a free one.")] = 0,
    cloudzero_port: Annotated[
        int, typer.Option(help="Port of the stand-in; 0 for a free one.")
    ] = 0,
) -> None:
    """Run only an S3 server and CloudZero's stand-in.

    It prints the environment to export. Paste the printed lines into another terminal and run
    `dg dev` at the project's root. Exit code 0 when Ctrl-C ends it, 1 if it can't run.

    **Examples**

    `credits-pipeline sandbox`

    `credits-pipeline sandbox --s3-port 9000 --cloudzero-port 9001`
    """
    from credits_pipeline.sandbox import servers  # noqa: PLC0415 - loads when the command runs
    from credits_pipeline.sandbox.s3 import SandboxMissingError  # noqa: PLC0415 - as above

    try:
        with (
            ended_by_signals(),
            servers.sandbox(s3_port=s3_port, cloudzero_port=cloudzero_port) as running,
        ):
            for name, value in running.environment.items():
                echo(f"export {name}={value}")
            sys.stdout.flush()
            if Path(".env").exists():
                say(
                    "# careful: `dg dev` reads .env in this folder, and what that says wins "
                    "over the lines above: move it away first"
                )
            say("# running until Ctrl-C")
            threading.Event().wait()
    except KeyboardInterrupt:
        say("# ended")
    except SandboxMissingError as error:
        say(str(error))
        raise typer.Exit(1) from None


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """End the block, as Ctrl-C does, when a terminal closes or a supervisor stops it."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {sign: signal.signal(sign, interrupt) for sign in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


def _next_steps(started: "Demo", home: Path) -> str:
    from credits_pipeline.sandbox.demo import NEXT_KEY  # noqa: PLC0415 - as above

    environment, upload = (shlex.quote(str(home / name)) for name in ("env", NEXT_KEY))
    ui, pages = started.dagster.url, started.bills.url if started.bills else ""
    idle = started.bills.idle if started.bills else ""
    receipt = f"{ui}/assets/cloudzero_drop?view=events&partition={_PARTITION}"
    graph = f"{ui}/locations/credits_pipeline/asset-groups/credits/lineage"
    told = [
        "",
        f"The receipt of the month     {receipt}",
        f"The way that the file took   {graph}",
    ]
    if pages:
        told += [
            f"Where the money went         {pages}/",
            "",
            "Six clicks into the bills:",
            f"  1. A spike, explained      {pages}/spend?period=Last%20month",
            f"  2. A budget that is over   {pages}/budgets",
            f"  3. A machine that is idle  {pages}/optimization?finding={idle}",
            f"  4. A team without tags     {pages}/governance?policy=required-tags",
            f"  5. What each team owes     {pages}/chargeback",
            f"  6. When credits run out    {pages}/spend?tab=credits",
        ]
    told += [
        "",
        "In another terminal every command works on the demo:",
        f"  . {environment}",
        "  credits-pipeline months",
        *(["  credits-pipeline spend --group-by cloud"] if pages else []),
        "",
        "Upload another month (CloudZero's stand-in knows the accounts of this file; a file with",
        "others waits for a person):",
        "  curl --aws-sigv4 aws:amz:us-east-1:s3 --user sandbox:sandbox \\",
        f"    -T {upload} {started.servers.s3_url}/credits-inbox/{NEXT_KEY}",
        "",
        "End with Ctrl-C.",
        "",
    ]
    return "\n".join(told)
