"""``profile``: say once what the columns of a shape of file mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from credits_pipeline.cli.check import print_verdict
from credits_pipeline.cli.options import Month, SheetName, limits, month_option, shelf
from credits_pipeline.cli.output import (
    Json,
    agrees,
    echo,
    fail,
    print_file,
    print_json,
    print_table,
    say,
)
from credits_pipeline.core.money import for_people
from credits_pipeline.core.settings import SettingError
from credits_pipeline.core.wording import counted

if TYPE_CHECKING:
    from credits_pipeline.core.storage.profiles import ProfileShelf
    from credits_pipeline.credits.evaluation.verdict import FileVerdict
    from credits_pipeline.credits.reading.profiles.book import Profiles
    from credits_pipeline.credits.reading.profiles.profile import Profile
    from credits_pipeline.credits.reading.profiles.proposal import Said


def profile(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="A file of that shape.", exists=True, dir_okay=False, readable=True, metavar="FILE"
        ),
    ] = None,
    *,
    name: Annotated[str | None, typer.Option(help="What to call it.", metavar="NAME")] = None,
    account: Annotated[
        str | None, typer.Option(help="The column of the account.", metavar="COLUMN")
    ] = None,
    amount: Annotated[
        str | None, typer.Option(help="The column of the amount.", metavar="COLUMN")
    ] = None,
    credit: Annotated[
        str | None,
        typer.Option(help="The sign of a credit: negative, positive or either.", metavar="SIGN"),
    ] = None,
    month_column: Annotated[
        str | None, typer.Option(help="The column of the month.", metavar="COLUMN")
    ] = None,
    no_month: Annotated[
        bool, typer.Option("--no-month", help="The file's name says the month.")
    ] = False,
    currency: Annotated[
        str | None, typer.Option(help="The column of the currency, or USD.", metavar="COLUMN")
    ] = None,
    count: Annotated[
        list[str] | None,
        typer.Option(help="Which rows count; as often as needed.", metavar="COLUMN=VALUE"),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(help="A column that can't change a dollar.", metavar="COLUMN"),
    ] = None,
    sums: Annotated[
        bool | None, typer.Option("--sum/--no-sum", help="Whether an account's rows are added up.")
    ] = None,
    decimals: Annotated[
        int | None, typer.Option(help="How many decimals count.", min=0, max=12, metavar="N")
    ] = None,
    decimal_mark: Annotated[
        str | None, typer.Option(help="The decimal mark, where none is sure.", metavar=". or ,")
    ] = None,
    sheet: SheetName = None,
    month: Month = None,
    use: Annotated[
        Path | None,
        typer.Option(
            "--profile",
            help="Store this profile, written by hand.",
            exists=True,
            dir_okay=False,
            readable=True,
            metavar="FILE.toml",
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace the profile of that name.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Store it without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show it.")] = False,
    list_all: Annotated[bool, typer.Option("--list", help="List the profiles.")] = False,
    show: Annotated[
        str | None, typer.Option(help="Print a profile.", metavar="NAME or SHA-256")
    ] = None,
    forget: Annotated[
        str | None, typer.Option(help="Stop using a stored profile.", metavar="NAME")
    ] = None,
    as_json: Json = False,
) -> None:
    """Propose a profile from a file, show what it makes of it, and store it after a yes.

    A profile says once what the columns of one header mean. Every later file with that header is
    read by it, here and in the pipeline. Exit code 0 if it was stored (or shown), 1 if it was not,
    2 if the command can't be carried out.

    **Examples**

    `credits-pipeline profile export.csv --dry-run`

    `credits-pipeline profile export.csv --name partner --count "Type=Credit" --ignore Invoice`

    `credits-pipeline profile --list`
    """
    from credits_pipeline.core.storage.store import StorageError  # noqa: PLC0415 - loads the AWS SDK
    from credits_pipeline.credits.reading.profiles.profile import (  # noqa: PLC0415 - loads polars
        ProfileError,
    )
    from credits_pipeline.credits.reading.profiles.proposal import (  # noqa: PLC0415 - as above
        Said,
    )

    try:
        kept = shelf()
        if list_all:
            _list(kept, as_json=as_json)
        elif show is not None:
            _show(kept, show)
        elif forget is not None:
            _forget(kept, forget)
        elif file is None:
            raise typer.BadParameter("name a FILE, or use --list, --show NAME or --forget NAME")
        else:
            said = Said(
                name=name,
                account=account,
                amount=amount,
                credit=_one_of(credit, ("negative", "positive", "either"), "--credit"),
                month=month_column,
                without_month=no_month,
                currency=currency,
                count=[_pair(text) for text in count or []],
                ignored=ignore or [],
                sums=sums,
                decimals=decimals,
                mark=_one_of(decimal_mark, (".", ","), "--decimal-mark"),
            )
            asked = _Asked(file, sheet, month, use, replace, yes, dry_run, as_json)
            _make(kept, said, asked)
    except (ProfileError, SettingError, StorageError) as error:
        fail(str(error), 2)


@dataclass(frozen=True)
class _Asked:
    """What to do with the profile."""

    file: Path
    sheet: str | None
    month: str | None
    use: Path | None
    replace: bool
    yes: bool
    dry_run: bool
    as_json: bool


def _make(kept: "ProfileShelf", said: "Said", asked: _Asked) -> None:
    from credits_pipeline.credits.evaluation.verdict import judge  # noqa: PLC0415 - as above
    from credits_pipeline.credits.model.decisions import Decisions  # noqa: PLC0415 - with the others
    from credits_pipeline.credits.opening import open_file  # noqa: PLC0415 - loads polars
    from credits_pipeline.credits.reading import UnreadableFile  # noqa: PLC0415 - as above
    from credits_pipeline.credits.reading.profiles.book import Profiles  # noqa: PLC0415 - as above
    from credits_pipeline.credits.reading.profiles.sample import (  # noqa: PLC0415 - as above
        UndecidedError,
    )

    allowed = limits()
    data = asked.file.read_bytes()
    at = month_option(asked.month, "--month")
    try:
        allowed.refuse_larger(len(data), name=asked.file.name)
        opened = open_file(
            data, name=asked.file.name, sheet=asked.sheet, max_bytes=allowed.max_bytes
        )
        made = _proposed(opened.data, opened.delimiter, said, asked, allowed.max_records)
    except (UnreadableFile, UndecidedError) as error:
        reason = (
            error.reason if isinstance(error, UnreadableFile) else f"{asked.file.name}: {error}."
        )
        if asked.as_json:
            print_json({"profile": None, "stored": None, "reason": reason})
        fail(reason, 1)
    verdict = judge(
        data,
        name=asked.file.name,
        month=at,
        decisions=Decisions(),
        limits=allowed,
        profiles=Profiles(stored=(made,)),
        accept_estimates=True,
        sheet_name=asked.sheet,
    )
    if not asked.as_json:
        print_file(made.text.decode() + "\n")
        print_verdict(asked.file, verdict)
        _print_beside(opened.data, opened.delimiter, made, asked, allowed.max_records)
    stored = _stored(kept, made, verdict, asked)
    if asked.as_json:
        print_json(
            {
                "profile": made.text.decode(),
                "name": made.name,
                "sha256": made.digest,
                "stored": stored,
                "reason": verdict.reason,
                "verdict": verdict.as_json(),
            }
        )
    elif stored is not None:
        say(f"Stored. Look at it: credits-pipeline profile --show {made.name}")
    if stored is None and not asked.dry_run:
        raise typer.Exit(1)


def _proposed(
    data: bytes, delimiter: str | None, said: "Said", asked: _Asked, max_records: int
) -> "Profile":
    """The profile that was written by hand, or one made from the file."""
    from credits_pipeline.credits.reading.profiles.looking import look  # noqa: PLC0415 - polars
    from credits_pipeline.credits.reading.profiles.parsing import parse  # noqa: PLC0415 - polars
    from credits_pipeline.credits.reading.profiles.proposal import propose  # noqa: PLC0415 - polars
    from credits_pipeline.credits.reading.profiles.writing import as_toml  # noqa: PLC0415 - polars

    if asked.use is not None:
        return parse(asked.use.read_bytes(), file=str(asked.use))
    found = look(data, delimiter=delimiter, max_records=max_records, name=asked.file.name)
    made = propose(found.grid, found.header, said, file=asked.file.stem)
    return parse(as_toml(made), file=f"the profile proposed for {asked.file.name}")


def _print_beside(
    data: bytes, delimiter: str | None, made: "Profile", asked: _Asked, max_records: int
) -> None:
    """The sum of the whole column, against what the profile makes of it."""
    from credits_pipeline.credits.reading.profiles.looking import (  # noqa: PLC0415 - loads polars
        look,
        sum_of,
    )

    found = look(data, delimiter=delimiter, max_records=max_records, name=asked.file.name)
    total, rows, unread = sum_of(found, made)
    more = f", {unread:,} can't be read" if unread else ""
    echo(
        f"The whole column {made.amount.column[0]!r} adds up to {for_people(total)}"
        f" ({counted(rows, 'amount')}{more})."
    )


def _stored(
    kept: "ProfileShelf", made: "Profile", verdict: "FileVerdict", asked: _Asked
) -> str | None:
    """Where the profile was stored; None if it was not."""
    if asked.dry_run:
        return None
    if verdict.profile is None:
        other = (
            f"{asked.file.name} has another header than the one that the profile {made.name} is "
            "for."
        )
        fail(f"Not stored: {verdict.reason or other}", 1)
    if verdict.verdict == "reject":
        fail(f"Not stored: {verdict.reason}", 1)
    _refuse_another(kept, made, replace=asked.replace)
    if not asked.yes and not (not asked.as_json and agrees("Store it?")):
        return None
    return kept.keep(made.name, made.text)


def _refuse_another(kept: "ProfileShelf", made: "Profile", *, replace: bool) -> None:
    """Refuse a name that is taken, and a header that already has a profile."""
    others = _all(kept)
    taken = next((one for one in others.stored if one.name == made.name), None)
    if taken is not None and taken.digest != made.digest and not replace:
        fail(f"There is a profile {made.name} already: choose --name, or --replace it.", 1)
    for one in others.stored:
        if one.name != made.name and one.header and one.fits(made.header):
            fail(
                f"The profile {one.name} is for the same header: use --name {one.name} --replace.",
                1,
            )


def _all(kept: "ProfileShelf") -> "Profiles":
    from credits_pipeline.credits.reading.profiles.book import with_stored  # noqa: PLC0415 - polars

    return with_stored(kept.texts())


def _list(kept: "ProfileShelf", *, as_json: bool) -> None:
    found = _all(kept)
    rows = [
        (one, "stored" if not one.shipped else "shipped") for one in found.stored + found.shipped
    ]
    if as_json:
        told: list[dict[str, Any]] = [
            {"name": one.name, "from": origin, "sha256": one.digest, "about": one.about}
            for one, origin in rows
        ]
        print_json({"profiles": told})
        return
    print_table(
        ["profile", "from", "sha256", "for"],
        [[one.name, origin, one.digest[:12], one.about] for one, origin in rows],
        folds=["for"],
    )


def _show(kept: "ProfileShelf", name: str) -> None:
    found = _all(kept)
    text = next((one.text for one in found.stored + found.shipped if one.name == name), None)
    text = text or kept.version(name)
    if text is None:
        fail(f"There is no profile {name}: credits-pipeline profile --list", 1)
    print_file(text.decode())


def _forget(kept: "ProfileShelf", name: str) -> None:
    if not kept.forget(name):
        fail(f"There is no stored profile {name}: credits-pipeline profile --list", 1)
    say(f"The profile {name} is no longer used; its versions stay.")


def _one_of(text: str | None, known: Sequence[str], option: str) -> Any:
    if text is not None and text not in known:
        raise typer.BadParameter(f"choose one of {', '.join(known)}", param_hint=option)
    return text


def _pair(text: str) -> tuple[str, str]:
    column, sign, value = text.rpartition("=")
    if not sign or not column:
        raise typer.BadParameter(f"{text!r}: write COLUMN=VALUE", param_hint="--count")
    return column, value
