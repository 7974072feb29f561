"""Options that commands share, and how they become values."""

import getpass
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from credits_pipeline.cli.output import fail
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import (
    DUPLICATES,
    MAX_BYTES,
    MAX_RECORDS,
    SIGNS,
    SettingError,
    at_least,
    one_of,
    storage_root,
)
from credits_pipeline.credits.model.decisions import Decisions

if TYPE_CHECKING:
    from credits_pipeline.core.storage.profiles import ProfileShelf
    from credits_pipeline.credits.reading import Limits
    from credits_pipeline.credits.reading.profiles.book import Profiles

CreditsFile = Annotated[
    Path,
    typer.Argument(
        help="The credits file.", exists=True, dir_okay=False, readable=True, metavar="FILE"
    ),
]
Month = Annotated[
    str | None,
    typer.Option(help="The month it is for, if its name does not say it.", metavar="YYYY-MM"),
]
#: One month, given as an argument or by the option; see `one_month`.
MonthNamed = Annotated[
    str | None, typer.Argument(help="The month.", metavar="YYYY-MM", show_default=False)
]
MonthOption = Annotated[str | None, typer.Option(help="The same as an option.", metavar="YYYY-MM")]
Duplicates = Annotated[
    str | None,
    typer.Option(help="A second row of an account: first, sum or reject.", metavar="RULE"),
]
Signs = Annotated[
    str | None, typer.Option(help="How signs are read: auto, as_is or flipped.", metavar="RULE")
]
AcceptRejected = Annotated[
    bool, typer.Option("--accept-rejected", help="Leave out the rows that can't be read.")
]
AcceptEstimates = Annotated[
    bool,
    typer.Option("--accept-estimates", help="Count rows that a profile calls estimates."),
]
SheetName = Annotated[
    str | None,
    typer.Option("--sheet", help="The sheet, where a spreadsheet has several.", metavar="NAME"),
]
ProfileFile = Annotated[
    Path | None,
    typer.Option(
        "--profile",
        help="Read it by this profile instead of the stored ones.",
        exists=True,
        dir_okay=False,
        readable=True,
        metavar="FILE.toml",
    ),
]


Who = Annotated[
    str | None,
    typer.Option(help="Who decides, for the receipt; your login name if left out.", metavar="NAME"),
]
Why = Annotated[str | None, typer.Option(help="The reason, for the receipt.", metavar="TEXT")]


def who_option(text: str | None) -> str:
    """The person who decides.

    Raises:
        BadParameter: nobody is named, and the machine knows no login name.
    """
    if text is None:
        try:
            text = getpass.getuser()
        except (OSError, KeyError):
            text = ""
    if not text.strip():
        raise typer.BadParameter("say who decides", param_hint="--who")
    return text.strip()


def choice_option(text: str | None, option: str, choices: Sequence[str]) -> str | None:
    """One of a few words, or None if the option is not given.

    Raises:
        BadParameter: it is not one of them.
    """
    if text is None or text in choices:
        return text
    raise typer.BadParameter(f"{text!r} is not one of {', '.join(choices)}", param_hint=option)


def month_option(text: str | None, option: str) -> BillingMonth | None:
    """A month given as ``YYYY-MM``.

    Raises:
        BadParameter: it is not one.
    """
    if text is None:
        return None
    try:
        return BillingMonth.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def one_month(named: str | None, option: str | None, command: str) -> BillingMonth:
    """The month that a command is about, which is given once.

    Args:
        named: as an argument.
        option: with ``--month``.
        command: the command's name.

    Raises:
        BadParameter: it is given twice or not at all, or is not a month.
    """
    month = month_option(named or option, "--month")
    if month is None or (named is not None and option is not None):
        raise typer.BadParameter(f"name one month: credits-pipeline {command} 2025-01")
    return month


def usd_option(text: str | None, option: str) -> str | None:
    """An amount of dollars, as plain digits.

    Raises:
        BadParameter: it is not one.
    """
    if text is None:
        return None
    from credits_pipeline.credits.reading.amounts import parse_amount  # noqa: PLC0415 - loads polars

    amount = parse_amount(text).point if text.strip() else None
    if amount is None:
        raise typer.BadParameter(
            f"{text!r} is not an amount: write dollars such as 116319.27", param_hint=option
        )
    return format(Decimal(amount), "f")


def decided(*, duplicates: str | None, signs: str | None, accept_rejected: bool) -> Decisions:
    """The decisions to read under: the options, otherwise the environment's defaults.

    Raises:
        BadParameter: one is not known.
    """
    rules = one_of("first", "sum", "reject"), one_of("auto", "as_is", "flipped")
    choice_option(duplicates, "--duplicates", ("first", "sum", "reject"))
    choice_option(signs, "--signs", ("auto", "as_is", "flipped"))
    try:
        return Decisions().amended(
            duplicates=DUPLICATES.read(rules[0]) if duplicates is None else rules[0](duplicates),
            signs=SIGNS.read(rules[1]) if signs is None else rules[1](signs),
            accept_rejected=accept_rejected,
        )
    except (SettingError, ValueError) as error:
        raise typer.BadParameter(str(error)) from None


def profiles(tried: Path | None) -> "Profiles":
    """The product's profiles, and the stored ones or the one to try.

    Raises:
        BadParameter: the place of the stored ones can't be used.
        Exit: a profile can't be used, or the storage can't be read.
    """
    from credits_pipeline.core.storage.store import StorageError  # noqa: PLC0415 - as above
    from credits_pipeline.credits.reading.profiles import book, parsing  # noqa: PLC0415 - polars
    from credits_pipeline.credits.reading.profiles.profile import (  # noqa: PLC0415 - as above
        ProfileError,
    )

    try:
        if tried is not None:
            given = parsing.parse(tried.read_bytes(), file=str(tried))
            return book.with_stored({}, tried=[given])
        return book.with_stored(shelf().texts())
    except SettingError as error:
        raise typer.BadParameter(str(error)) from None
    except (ProfileError, StorageError) as error:
        fail(str(error), 2)


def shelf() -> "ProfileShelf":
    """The stored profiles, where the pipeline keeps what it made.

    Raises:
        SettingError: the place can't be used.
    """
    from credits_pipeline.core.storage.profiles import ProfileShelf  # noqa: PLC0415 - loads the AWS SDK
    from credits_pipeline.core.storage.store import open_store  # noqa: PLC0415 - as above

    return ProfileShelf(open_store(storage_root()))


def limits() -> "Limits":
    """How large a file may be, from the environment.

    Raises:
        BadParameter: a limit can't be used.
    """
    from credits_pipeline.credits.reading import Limits  # noqa: PLC0415 - loads polars

    try:
        return Limits(
            max_bytes=MAX_BYTES.read(at_least(1)), max_records=MAX_RECORDS.read(at_least(1))
        )
    except SettingError as error:
        raise typer.BadParameter(str(error)) from None
