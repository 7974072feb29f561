"""The words of a scope as options of commands, the same as in addresses, and what they ask of."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from credits_pipeline.cli.output import fail
from credits_pipeline.core.money import for_people

if TYPE_CHECKING:
    from credits_pipeline.finops.publish.published import Published
    from credits_pipeline.finops.queries.scope import Scope

Many = list[str] | None
_SCOPE = "Which charges"
_CENT = Decimal("0.01")


def _word(help_text: str, metavar: str) -> typer.models.OptionInfo:
    found: typer.models.OptionInfo = typer.Option(
        help=f"{help_text} Repeatable.", metavar=metavar, rich_help_panel=_SCOPE
    )
    return found


Cost = Annotated[
    str | None,
    typer.Option(
        help=(
            "amortised (the default), billed as on the invoice, list, or net of the distributed "
            "credits."
        ),
        metavar="VIEW",
    ),
]
InOut = Annotated[str | None, typer.Option(help="in or out.", metavar="in|out")]
Currency = Annotated[
    str | None, typer.Option(help="Which one, if there are several: they are never added up.")
]
Cloud = Annotated[Many, _word("aws, azure, gcp or another's code.", "CODE")]
Account = Annotated[Many, _word("An account, by id or name.", "ACCOUNT")]
Team = Annotated[Many, _word("A team; (untagged) for none.", "TEAM")]
Product = Annotated[Many, _word("A product; (untagged) for none.", "PRODUCT")]
Service = Annotated[Many, _word("A service's name.", "SERVICE")]
Region = Annotated[Many, _word("A region's id.", "REGION")]
Category = Annotated[Many, _word("A category of services.", "CATEGORY")]
Charge = Annotated[Many, _word("Usage, Purchase, Tax, Credit or Adjustment.", "CATEGORY")]
Source = Annotated[Many, _word("A source of bills.", "NAME")]
Tag = Annotated[Many, _word("Another tag that is a column.", "KEY=VALUE")]


def words_of(tags: Many = None, **given: str | Many) -> dict[str, list[str]]:
    """Options as words of a scope.

    Args:
        tags: ``KEY=VALUE`` of further tags.
        given: each word with what was said of it.
    """
    words = {
        word: [] if value is None else [value] if isinstance(value, str) else list(value)
        for word, value in given.items()
    }
    for one in tags or []:
        key, equals, value = one.partition("=")
        if not equals:
            fail(f"--tag {one!r} has no value: write --tag {key}=VALUE.", 2)
        words.setdefault(key, []).append(value)
    return words


def today() -> date:
    """In UTC, as bills count days."""
    return datetime.now(UTC).date()


@contextmanager
def opened_version() -> Iterator["Published"]:
    """The published version; what goes wrong with it ends the command."""
    from credits_pipeline.core.settings import SettingError  # noqa: PLC0415 - when used
    from credits_pipeline.finops.errors import BillError  # noqa: PLC0415 - as above
    from credits_pipeline.finops.publish.form import PublishError  # noqa: PLC0415 - as above
    from credits_pipeline.finops.publish.published import open_current  # noqa: PLC0415 - as above
    from credits_pipeline.finops.settings import storage_root  # noqa: PLC0415 - as above

    try:
        root = storage_root()
        published = open_current(root)
        if published is None:
            fail(
                f"Nothing is published in {root} yet. What to do: credits-pipeline sources add …, "
                "then credits-pipeline ingest.",
                2,
            )
        yield published
    except (PublishError, SettingError, BillError) as error:
        fail(str(error), 2)


@contextmanager
def told_scope_errors() -> Iterator[None]:
    """What is wrong with a scope ends the command, in its words."""
    from credits_pipeline.finops.queries.scope import ScopeError  # noqa: PLC0415 - when used
    from credits_pipeline.finops.queries.selection import (  # noqa: PLC0415 - as above
        SeveralCurrenciesError,
    )

    try:
        yield
    except SeveralCurrenciesError as error:
        choice = " or ".join(f"--currency {currency}" for currency in error.currencies)
        fail(f"{' and '.join(error.currencies)} are never added up: choose {choice}.", 2)
    except ScopeError as error:
        fail(str(error), 2)


def read_scope(published: "Published", words: dict[str, list[str]]) -> "Scope":
    """The scope of some words; one that names nothing in any bill ends the command.

    Raises:
        ScopeError: a word is none of a scope.
    """
    from credits_pipeline.finops.queries.scope import Scope  # noqa: PLC0415 - when used
    from credits_pipeline.finops.queries.values import unknown  # noqa: PLC0415 - as above

    scope = Scope.parse(words, today=today(), tags=published.tags)
    found = unknown(published, scope)
    if found:
        fail("\n".join(one.sentence for one in found), 2)
    return scope


def amount(cost: Decimal, currency: str | None) -> str:
    """An amount to the cent, as tables have it; CSV and JSON have every digit."""
    cents = cost.quantize(_CENT, context=Context(prec=60, rounding=ROUND_HALF_UP))
    return for_people(cents, currency or "")
