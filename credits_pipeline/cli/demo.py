"""``demo`` and ``sandbox``: the product, or only the servers around it, on this machine."""

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from credits_pipeline.cli.output import answers, echo, print_markdown, say

Port = Annotated[int | None, typer.Option(help="Port of the UI; default 3000 if it is free.")]
Home = Annotated[Path, typer.Option(help="Folder for the demo's state; emptied at the start.")]


def demo(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="End after the sample month: exit 0 if it is verified.")
    ] = False,
    port: Port = None,
    home: Home = Path(".demo"),
) -> None:
    """Run the whole product on this machine, with a sample month.

    Brings an S3 server, CloudZero's stand-in and Dagster. Needs no account and no network. Ends
    with Ctrl-C and leaves no process behind. Exit code 0 if the sample month is verified, 1 if it
    is not or the demo can't run.

    **Examples**

    `credits-pipeline demo`

    `credits-pipeline demo --once --port 8080`
    """
    from credits_pipeline.reporting.attempt import Verdict  # noqa: PLC0415 - as above
    from credits_pipeline.reporting.report import markdown  # noqa: PLC0415 - as above
    from credits_pipeline.sandbox import demo as running  # noqa: PLC0415 - as above
    from credits_pipeline.sandbox import servers  # noqa: PLC0415 - as above
    from credits_pipeline.sandbox.dagster_dev import DagsterDevError  # noqa: PLC0415 - as above
    from credits_pipeline.sandbox.s3 import SandboxMissingError  # noqa: PLC0415 - as above

    shown = answers()
    began = time.monotonic()

    def tell(text: str) -> None:
        shown.print((f"{time.monotonic() - began:6.1f} s", "dim"), f"  {text}")

    verdict = None
    try:
        with ended_by_signals():
            tell("starting an S3 server, CloudZero's stand-in and Dagster from an empty state")
            with running.demo(home, port=port) as started:
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
                if not once:
                    shown.print(_next_steps(started.dagster.url, started.servers.s3_url))
                    while True:
                        time.sleep(1)
                        started.dagster.check_alive()
    except KeyboardInterrupt:
        shown.print("\nended; nothing is left running")
        raise typer.Exit(0 if verdict is Verdict.VERIFIED else 130) from None
    except (DagsterDevError, SandboxMissingError) as error:
        shown.print(f"The demo could not run: {error}")
        raise typer.Exit(1) from None
    raise typer.Exit(0 if receipt is not None and receipt.verdict is Verdict.VERIFIED else 1)


def sandbox(
    *,
    s3_port: Annotated[int, typer.Option(help="Port of the S3 server; 0 for a free one.")] = 0,
    cloudzero_port: Annotated[
        int, typer.Option(help="Port of the stand-in; 0 for a free one.")
    ] = 0,
) -> None:
    """Run only an S3 server and CloudZero's stand-in.

    Prints the environment to export. Paste the printed lines into another terminal and run
    `dagster dev` at the project's root. Exit code 0 when Ctrl-C ends it, 1 if it can't run.

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
                    "# careful: `dagster dev` reads .env in this folder, and what that says wins "
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
    """End the block as Ctrl-C does when a terminal closes or a supervisor says so."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {sign: signal.signal(sign, interrupt) for sign in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


def _next_steps(ui: str, s3: str) -> str:
    return (
        f"\nLook at {ui}/locations/credits_pipeline/asset-groups/credits/lineage\n"
        "Drop another month:\n"
        "  curl --aws-sigv4 aws:amz:us-east-1:s3 --user sandbox:sandbox \\\n"
        f"    -T my-file.csv {s3}/credits-inbox/credits-2025-02.csv\n"
        "End with Ctrl-C.\n"
    )
