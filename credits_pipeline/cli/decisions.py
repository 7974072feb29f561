"""``decisions``: what people decided about money, as files, and its log."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from credits_pipeline.cli.output import Json, answers, fail, print_json, print_table, say
from credits_pipeline.cli.sources import Why, whoever_runs_this

if TYPE_CHECKING:
    from credits_pipeline.finops.decisions.exchange import Difference
    from credits_pipeline.finops.decisions.opening import Decisions
    from credits_pipeline.finops.decisions.store import DecisionStore

decisions = typer.Typer(
    name="decisions",
    help="What people decide about money: as files, and who changed what.\n\n"
    "Sources, budgets, saved views and every other kind are one YAML file a thing, "
    "`DIR/<kind>/<id>.yaml`; what was said of findings is `DIR/states/<kind>/<id>.yaml`. Whoever "
    "keeps them in git sets `FINOPS_DECISIONS=files:DIR`, and everything else only reads them. "
    "Exit code 0 if all is well, 1 if something is not, 2 if the command can't be carried out.\n\n"
    "**Examples**\n\n"
    "`credits-pipeline decisions export ./decisions`\n\n"
    "`credits-pipeline decisions diff ./decisions`",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Folder = Annotated[Path, typer.Argument(help="The folder of the files.", metavar="DIR")]


@decisions.command("export")
def export_(folder: Folder, *, as_json: Json = False) -> None:
    """Write every decision as a file; other files in the folder stay.

    Fields stand in the order of their names, so that the same decisions are the same bytes. Closed
    months are written as a record, `closed_months/<month> <model>.yaml`, which no import takes in.

    **Example**

    `credits-pipeline decisions export ./decisions`
    """
    from credits_pipeline.finops.decisions.files import write_contents  # noqa: PLC0415 - when used
    from credits_pipeline.finops.decisions.opening import closed_months  # noqa: PLC0415 - as above
    from credits_pipeline.finops.decisions.record import record_of  # noqa: PLC0415 - as above

    with opened() as kept:
        contents = {**kept.contents(), **record_of(closed_months())}
    try:
        written = write_contents(folder, contents)
    except OSError as error:
        fail(f"The files can't be written: {error}. What to do: check the permissions there.", 2)
    if as_json:
        print_json({"files": [path.relative_to(folder).as_posix() for path in written]})
    else:
        answers().print(f"{len(written)} decisions are written to {folder}")


@decisions.command("import")
def import_(
    folder: Folder,
    *,
    prune: Annotated[bool, typer.Option("--prune", help="Remove what is in no file.")] = False,
    why: Why = "",
    as_json: Json = False,
) -> None:
    """Make the store equal to the files, completely or not at all.

    Each change is written to the log with who took it in. Exit code 0 if it is done, 1 if a file
    says what can't be. The record of closed months is passed over: a month is closed by `close`.

    **Example**

    `credits-pipeline decisions import ./decisions --why "budgets of 2027"`
    """
    from credits_pipeline.finops.decisions.files import FileDecisions  # noqa: PLC0415 - when used

    with written() as store:
        wanted = FileDecisions(folder).contents()
        changed = store.take_in(wanted, by=whoever_runs_this(), why=why, prune=prune)
    _tell(changed, as_json=as_json, same=f"The stored decisions already equal {folder}")


@decisions.command("diff")
def diff_(folder: Folder, *, as_json: Json = False) -> None:
    """Show what an import with --prune would change; nothing is written.

    Exit code 0 if nothing differs, 1 if something does. The record of closed months is passed over.

    **Example**

    `credits-pipeline decisions diff ./decisions`
    """
    from credits_pipeline.finops.decisions.exchange import differences  # noqa: PLC0415 - when used
    from credits_pipeline.finops.decisions.files import FileDecisions  # noqa: PLC0415 - as above

    with opened() as kept:
        found = differences(kept.contents(), FileDecisions(folder).contents())
    _tell(found, as_json=as_json, same=f"The stored decisions already equal {folder}")
    raise typer.Exit(1 if found else 0)


@decisions.command("log")
def log_(
    *,
    kind: Annotated[
        str | None, typer.Option(help="Only one kind, such as budget.", metavar="KIND")
    ] = None,
    limit: Annotated[int, typer.Option(help="How many lines, the newest first.", min=1)] = 50,
    as_json: Json = False,
) -> None:
    """Show who changed what, when, through what and why; the newest first.

    **Example**

    `credits-pipeline decisions log --kind budget`
    """
    with written() as store:
        found = store.changes(kind, limit=limit)
    if as_json:
        told = [{**vars(change), "at": change.at.isoformat()} for change in found]
        print_json({"changes": told})
    elif found:
        print_table(
            ("when", "who", "through", "what", "which", "version", "why"),
            [
                (
                    f"{change.at:%Y-%m-%d %H:%M} UTC",
                    change.who,
                    change.via,
                    change.kind,
                    change.key,
                    str(change.version),
                    change.why,
                )
                for change in found
            ],
            folds=("which", "why"),
        )
    else:
        say("Nothing was changed yet.")


@contextmanager
def opened() -> Iterator["Decisions"]:
    """The decisions, in a database or in files; an error ends the command."""
    from credits_pipeline.core.settings import SettingError  # noqa: PLC0415 - when used
    from credits_pipeline.finops.decisions import (  # noqa: PLC0415 - as above
        DecisionsError,
    )
    from credits_pipeline.finops.decisions.opening import open_decisions  # noqa: PLC0415 - as above

    try:
        with open_decisions() as kept:
            yield kept
    except SettingError as error:
        fail(str(error), 2)
    except DecisionsError as error:
        fail(str(error), 1)


@contextmanager
def written() -> Iterator["DecisionStore"]:
    """The decisions in a database, which has a log and can be written."""
    from credits_pipeline.finops.decisions.store import DecisionStore  # noqa: PLC0415 - when used

    with opened() as kept:
        if not isinstance(kept, DecisionStore):
            fail(
                "FINOPS_DECISIONS says that decisions are kept in files, so that git has their "
                "log and nothing is imported. What to do: change the files.",
                2,
            )
        yield kept


def _tell(found: Sequence["Difference"], *, as_json: bool, same: str) -> None:
    if as_json:
        print_json({"differences": [_line(one) for one in found]})
        return
    if not found:
        answers().print(same)
        return
    lines = [
        (one.what, one.folder, one.id, name, _shown(before), _shown(after))
        for one in found
        for name, (before, after) in one.fields().items()
    ]
    print_table(
        ("", "kind", "id", "field", "before", "after"), lines, folds=("id", "before", "after")
    )


def _line(one: "Difference") -> dict[str, Any]:
    return {
        "what": one.what,
        "kind": one.folder,
        "id": one.id,
        "before": one.before,
        "after": one.after,
    }


def _shown(value: Any) -> str:
    import json  # noqa: PLC0415 - when used

    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
