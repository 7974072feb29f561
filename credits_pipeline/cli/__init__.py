"""``credits-pipeline``: the command line. Each command loads what it needs when it runs."""

import typer

from credits_pipeline.cli.check import check
from credits_pipeline.cli.clear import clear
from credits_pipeline.cli.demo import demo, sandbox
from credits_pipeline.cli.rehearse import rehearse
from credits_pipeline.cli.split import split

app = typer.Typer(
    name="credits-pipeline",
    help="Monthly AWS credits, from a file in S3 to a verified drop in CloudZero.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
)
app.command()(demo)
app.command()(sandbox)
app.command()(check)
app.command()(split)
app.command()(rehearse)
app.command()(clear)


def main() -> None:
    """Run the command line."""
    app()
