"""``allocation``: the tables behind statements, imported as CSV: owners, metrics, rates."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from credits_pipeline.cli.output import Json, fail, print_json, print_table, say
from credits_pipeline.cli.sources import Why, whoever_runs_this

if TYPE_CHECKING:
    from credits_pipeline.finops.decisions import Body

allocation = typer.Typer(
    name="allocation",
    help="What statements follow beside the bills: who owns what in the ledger, metrics that "
    "shared pools follow, exchange rates.\n\n"
    "Allocation models themselves are edited on the page Chargeback, or kept as files by "
    "`credits-pipeline decisions`. A table is taken whole or not at all. Exit code 0 if it is "
    "kept, 1 if somebody changed it meanwhile, 2 if the command can't be carried out.\n\n"
    "**Examples**\n\n"
    "`credits-pipeline allocation owners owners.csv`\n\n"
    "`credits-pipeline allocation metric requests requests.csv`\n\n"
    "`credits-pipeline allocation rates ecb rates.csv`",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

_File = Annotated[Path, typer.Argument(help="The CSV.", metavar="FILE")]
_Name = Annotated[str, typer.Argument(help="What models call it.", metavar="NAME")]


@allocation.command("list")
def list_(*, as_json: Json = False) -> None:
    """List models, owners, metrics and rates.

    **Example**

    `credits-pipeline allocation list --json`
    """
    from credits_pipeline.finops.chargeback.opening import read_contents  # noqa: PLC0415 - when used

    contents = _told(read_contents)
    if as_json:
        print_json({kind: dict(bodies) for kind, bodies in sorted(contents.items())})
        return
    rows = [
        [kind.replace("_", " "), name]
        for kind, bodies in sorted(contents.items())
        for name in sorted(bodies)
    ]
    print_table(["kind", "name"], rows, folds=["name"])


@allocation.command()
def owners(file: _File, *, why: Why = "") -> None:
    """Store who owns what in the ledger: `kind,name,cost_centre,gl_account,addresses`.

    The kind is team or product; several addresses are separated by spaces. Owners that the table
    does not name stay as they are.

    **Example**

    `credits-pipeline allocation owners owners.csv`
    """
    from credits_pipeline.finops.chargeback import tables_in  # noqa: PLC0415 - when used
    from credits_pipeline.finops.chargeback.decided import OWNER_KIND  # noqa: PLC0415 - as above

    found = _read(file, tables_in.owners)
    _keep(OWNER_KIND, found, why)
    say(f"{len(found)} statement owners are stored.")


@allocation.command()
def metric(name: _Name, file: _File, *, why: Why = "") -> None:
    """Store a metric by which shared pools are divided: `month,owner,value`.

    **Example**

    `credits-pipeline allocation metric requests requests.csv`
    """
    from credits_pipeline.finops.chargeback import tables_in  # noqa: PLC0415 - when used
    from credits_pipeline.finops.chargeback.decided import METRIC_KIND  # noqa: PLC0415 - as above

    body = _read(file, tables_in.metric)
    _keep(METRIC_KIND, {name: body}, why)
    say(f"The metric {name!r} is stored for {', '.join(body['months'])}.")


@allocation.command()
def rates(name: _Name, file: _File, *, why: Why = "") -> None:
    """Store exchange rates by month: `month,from,to,rate`, the value of one unit of `from`.

    **Example**

    `credits-pipeline allocation rates ecb rates.csv`
    """
    from credits_pipeline.finops.chargeback import tables_in  # noqa: PLC0415 - when used
    from credits_pipeline.finops.chargeback.decided import RATES_KIND  # noqa: PLC0415 - as above

    body = _read(file, tables_in.rates)
    _keep(RATES_KIND, {name: body}, why)
    say(f"The rates {name!r} to {body['to']} are stored for {', '.join(body['months'])}.")


def _read(file: Path, read: Any) -> Any:
    from credits_pipeline.finops.chargeback.decided import DecidedError  # noqa: PLC0415 - when used
    from credits_pipeline.finops.chargeback.tables_in import TableError  # noqa: PLC0415 - as above

    try:
        return read(file.read_bytes())
    except OSError as error:
        why = f"{file} can't be read: {error.strerror}."
        fail(f"{why} What to do: check its name and permissions.", 2)
    except (DecidedError, TableError) as error:
        fail(f"{file}: {error}", 2)


def _keep(kind: str, bodies: "dict[str, Body]", why: str) -> None:
    from credits_pipeline.finops.decisions import ChangedMeanwhileError  # noqa: PLC0415 - when used
    from credits_pipeline.finops.decisions.opening import open_decisions  # noqa: PLC0415 - as above

    def keep() -> None:
        with open_decisions() as decisions:
            for id_, body in sorted(bodies.items()):
                before = decisions.item(kind, id_)
                if before is not None and before.body == body:
                    continue
                decisions.put(
                    kind,
                    id_,
                    body,
                    by=whoever_runs_this(),
                    expected=None if before is None else before.version,
                    why=why,
                )

    try:
        _told(keep)
    except ChangedMeanwhileError as error:
        fail(str(error), 1)


def _told(act: Any) -> Any:
    from credits_pipeline.core.settings import SettingError  # noqa: PLC0415 - when used
    from credits_pipeline.finops.decisions import (  # noqa: PLC0415 - as above
        ChangedMeanwhileError,
        DecisionsError,
    )

    try:
        return act()
    except ChangedMeanwhileError:
        raise
    except (DecisionsError, SettingError) as error:
        fail(str(error), 2)
