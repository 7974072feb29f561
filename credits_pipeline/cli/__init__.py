"""``credits-pipeline``: the command line. Each command loads what it needs when it runs."""

import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import rich_utils

from credits_pipeline.cli.allocation import allocation
from credits_pipeline.cli.budgets import budgets, forecast
from credits_pipeline.cli.chargeback import chargeback
from credits_pipeline.cli.check import check
from credits_pipeline.cli.clear import clear
from credits_pipeline.cli.closing import close, reopen
from credits_pipeline.cli.decide import decide
from credits_pipeline.cli.decisions import decisions
from credits_pipeline.cli.demo import demo, sandbox
from credits_pipeline.cli.dismiss import dismiss
from credits_pipeline.cli.doctor import doctor
from credits_pipeline.cli.ingest import ingest
from credits_pipeline.cli.invoices import invoices
from credits_pipeline.cli.ledger import ledger
from credits_pipeline.cli.months import months, report
from credits_pipeline.cli.output import answers, say
from credits_pipeline.cli.pages import pages
from credits_pipeline.cli.policies import policies
from credits_pipeline.cli.profile import profile
from credits_pipeline.cli.propose import propose
from credits_pipeline.cli.recommendations import recommendations
from credits_pipeline.cli.rehearse import rehearse
from credits_pipeline.cli.samples import samples
from credits_pipeline.cli.scan import scan
from credits_pipeline.cli.sources import sources
from credits_pipeline.cli.spend import spend
from credits_pipeline.cli.split import split
from credits_pipeline.cli.up import up
from credits_pipeline.cli.violations import violations
from credits_pipeline.core.overrides import of_stream
from credits_pipeline.core.settings import STREAM, SettingError
from credits_pipeline.text import Outside

app = typer.Typer(
    name="credits-pipeline",
    help="Monthly AWS credits, from a file in S3 to a verified drop in CloudZero.\n\n"
    "Answers go to standard output, in colour on a terminal, plain in a pipe, and as JSON with "
    "`--json`; everything else goes to standard error. Exit codes: 0 all is well, 1 something "
    "waits for a person or is wrong, 2 the command can't be carried out.\n\n"
    "**A first look:** `credits-pipeline demo`. **Before the first month:** `credits-pipeline "
    "doctor`, then `credits-pipeline rehearse --month 2025-01`. **Every month:** `credits-pipeline "
    "check credits-2025-01.csv`, upload it, `credits-pipeline months`.",
    epilog="Every command has examples: `credits-pipeline COMMAND --help`. "
    "`credits-pipeline --install-completion` has the shell complete commands and options.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version  # noqa: PLC0415 - when asked for

        answers().print(f"credits-pipeline {version('credits-pipeline')}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    *,
    stream: Annotated[
        str | None,
        typer.Option(
            envvar=STREAM.name,
            help="Work for the stream of a dg component: the folder of its YAML.",
            metavar="FOLDER",
        ),
    ] = None,
    version: Annotated[  # noqa: ARG001 - it is called back
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    if stream:
        from credits_pipeline.component import overrides_by  # noqa: PLC0415 - loads Dagster

        try:
            overrides = overrides_by(Path(stream))
        except SettingError as error:
            raise typer.BadParameter(str(error), param_hint="--stream") from None
        context.with_resource(of_stream(overrides))


for panel, commands in {
    "Every month": (check, split, profile, months, report, decide, dismiss, clear),
    "Setting it up": (doctor, rehearse, up),
    "Bills of clouds": (ingest, spend, budgets, forecast, pages),
    "Credits of AWS": (ledger, propose),
    "What can be saved": (scan, recommendations),
    "Chargeback": (chargeback, close, reopen),
    "Trying it": (demo, sandbox, samples),
}.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)
app.add_typer(allocation, rich_help_panel="Chargeback")
app.add_typer(sources, rich_help_panel="Bills of clouds")
app.add_typer(invoices, rich_help_panel="Bills of clouds")
app.add_typer(policies, rich_help_panel="Rules and what breaks them")
app.add_typer(violations, rich_help_panel="Rules and what breaks them")
app.add_typer(decisions, rich_help_panel="Bills of clouds")


#: What misuse of a command raises; some releases of Typer have their own copy of click.
_USAGE: Any = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")


def main() -> None:
    """Run the command line. Its final error is printed like everything else."""
    try:
        ended = app(standalone_mode=False)
    except typer.Abort:
        say("Aborted!")
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the last place: its text may hold anything
        if not isinstance(error, _USAGE):
            say(traceback.format_exc())
            sys.exit(1)
        error.args = (Outside(error.message).lines(),)
        # It is declared final: only its text changes, not its meaning.
        vars(error)["message"] = error.args[0]
        rich_utils.rich_format_error(error)
        sys.exit(error.exit_code)
    sys.exit(ended if isinstance(ended, int) else 0)
