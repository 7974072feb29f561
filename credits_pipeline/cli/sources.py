"""``sources``: which bills are read, and whether they can be."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from credits_pipeline.cli.output import Json, answers, doing, fail, print_json, print_table, say
from credits_pipeline.core.settings import SettingError

if TYPE_CHECKING:
    from credits_pipeline.finops.decisions import Author
    from credits_pipeline.finops.sources import SourceBook

sources = typer.Typer(
    name="sources",
    help="The bills that are read: add, list, try and remove them.\n\n"
    "A source is a provider's export and the place that it is delivered to. It is kept among what "
    "people decide (`FINOPS_DATABASE_URL`), with who added it and when. Credentials are never "
    "kept: each provider's own are found as its SDK finds them. Exit code 0 if all is well, 1 if "
    "something is not, 2 if the command can't be carried out.\n\n"
    "**Examples**\n\n"
    "`credits-pipeline sources add saas --provider focus --location ./saas-bills`\n\n"
    "`credits-pipeline sources test saas`",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Name = Annotated[str, typer.Argument(help="The source's name.", metavar="NAME")]
Why = Annotated[str, typer.Option("--why", help="Why, for the log of changes.", metavar="TEXT")]


@sources.command()
def add(
    name: Name,
    *,
    provider: Annotated[
        str,
        typer.Option(help="Who delivers: aws, azure, gcp or focus.", metavar="PROVIDER"),
    ],
    location: Annotated[
        str,
        typer.Option(
            help="s3://bucket/prefix, az://container/prefix, gs://bucket/prefix or a folder.",
            metavar="PLACE",
        ),
    ],
    export: Annotated[
        str, typer.Option(help="The export's name below the location.", metavar="NAME")
    ] = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace the source of this name.")
    ] = False,
    why: Why = "",
    as_json: Json = False,
) -> None:
    """Add a source of bills; `sources test` then says whether it can be read.

    The location is, for **aws**, what precedes the export's name in the bucket; for **azure**, the
    container; for **gcp**, what precedes the folders of the months; for **focus**, a folder with a
    file or a folder for each month, such as 2026-05.parquet. Exit code 0 if it is stored, 1 if it
    is not.

    **Examples**

    `credits-pipeline sources add aws --provider aws --location s3://bills/exports --export focus`

    `credits-pipeline sources add azure --provider azure --location az://bills`

    `credits-pipeline sources add saas --provider focus --location ./saas-bills`
    """
    from credits_pipeline.finops.sources import Source  # noqa: PLC0415 - when used

    with book() as kept:
        source = Source.of(name, {"provider": provider, "location": location, "export": export})
        item = kept.add(source, by=whoever_runs_this(), replace=replace, why=why)
    if as_json:
        print_json({"name": name, **item.body, "version": item.version})
    else:
        answers().print(f"{name} is stored: {source.provider} at {source.location}")
        say(f"Test it: credits-pipeline sources test {name}")


@sources.command("list")
def list_(*, as_json: Json = False) -> None:
    """Show the sources of bills.

    **Examples**

    `credits-pipeline sources list`

    `credits-pipeline sources list --json | jq -r '.sources[].name'`
    """
    with book() as kept:
        found = kept.all()
    if as_json:
        print_json({"sources": [{"name": source.name, **source.body()} for source in found]})
    elif found:
        print_table(
            ("source", "provider", "location", "export"),
            [(one.name, one.provider.value, one.location, one.export) for one in found],
            folds=("location",),
        )
    else:
        say("There is no source yet: credits-pipeline sources add --help")


@sources.command()
def remove(name: Name, *, why: Why = "", as_json: Json = False) -> None:
    """Remove a source; what was read from it stays, and so does its entry in the log.

    **Example**

    `credits-pipeline sources remove saas --why "the contract ended"`
    """
    with book() as kept:
        kept.remove(name, by=whoever_runs_this(), why=why)
    if as_json:
        print_json({"name": name, "removed": True})
    else:
        answers().print(f"{name} is no longer a source")


@sources.command("test")
def look(
    name: Name,
    *,
    whole: Annotated[
        bool, typer.Option("--whole", help="Read the newest month, however large it is.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check whether a source can be read, line by line, and say what to do if it can't.

    The place is listed, the newest month's manifest read, each of its files looked for, and up to
    64 MB of them read as a run reads them, with every check, into a temporary folder. Exit code 0
    if nothing is wrong, 1 if something is.

    **Examples**

    `credits-pipeline sources test aws`

    `credits-pipeline sources test aws --json | jq '.findings[] | select(.state != "ok")'`
    """
    from credits_pipeline.cli.doctor import print_finding  # noqa: PLC0415 - when used
    from credits_pipeline.doctor.finding import State  # noqa: PLC0415 - when used
    from credits_pipeline.doctor.sources import source_found  # noqa: PLC0415 - loads the reader

    with book() as kept:
        source = kept.get(name)
    console, found = answers(), []
    with doing(f"Looking at {source.location}", console):
        for finding in source_found(source, datetime.now(UTC), read=True, whole=whole):
            found.append(finding)
            if not as_json:
                print_finding(console, finding)
    wrong = [finding for finding in found if finding.state is State.WRONG]
    if as_json:
        findings = [asdict(finding) for finding in found]
        print_json({"source": name, "works": not wrong, "findings": findings})
    elif wrong:
        say(f"{len(wrong)} wrong", "red")
    raise typer.Exit(1 if wrong else 0)


@contextmanager
def book() -> Iterator["SourceBook"]:
    """The stored sources; an error ends the command."""
    from credits_pipeline.finops.decisions import DecisionsError  # noqa: PLC0415 - when used
    from credits_pipeline.finops.decisions.opening import open_decisions  # noqa: PLC0415 - when used
    from credits_pipeline.finops.sources import SourceBook, SourceError  # noqa: PLC0415 - when used

    try:
        with open_decisions() as decisions:
            yield SourceBook(decisions)
    except SettingError as error:
        fail(str(error), 2)
    except (SourceError, DecisionsError) as error:
        fail(str(error), 1)


def whoever_runs_this() -> "Author":
    """The person who runs the command."""
    from credits_pipeline.finops.decisions import Author  # noqa: PLC0415 - when used

    try:
        return Author(getpass.getuser(), "cli")
    except (OSError, KeyError):
        # A container's user may have no name.
        return Author(f"user {os.getuid()}", "cli")
