"""``spend``: where the money of every cloud went, in the words that pages and addresses use."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from credits_pipeline.cli.output import Json, doing, fail, print_file, print_json, print_table, say

if TYPE_CHECKING:
    from decimal import Decimal

    from rich.text import Text

    from credits_pipeline.finops.publish.published import Published
    from credits_pipeline.finops.queries.scope import Scope
    from credits_pipeline.finops.queries.spend import Spend

_Many = list[str] | None
_SCOPE = "Which charges"


def _word(help_text: str, metavar: str) -> typer.models.OptionInfo:
    found: typer.models.OptionInfo = typer.Option(
        help=f"{help_text} Repeatable.", metavar=metavar, rich_help_panel=_SCOPE
    )
    return found


def spend(
    *,
    period: Annotated[
        str | None,
        typer.Option(
            help="This month, Last month, Last 30 days, Last 90 days, Last 12 months, a month, or "
            "a range such as 2026-05-03..2026-05-09. Default: this month.",
            metavar="WORDS",
        ),
    ] = None,
    group_by: Annotated[
        _Many,
        typer.Option(help="A word to group by, day and month too. Repeatable.", metavar="WORD"),
    ] = None,
    cost: Annotated[
        str | None,
        typer.Option(
            help="amortised (the default), billed as on the invoice, list, or net of the credits "
            "that were handed out.",
            metavar="VIEW",
        ),
    ] = None,
    credits: Annotated[str | None, typer.Option(help="in or out.", metavar="in|out")] = None,
    tax: Annotated[str | None, typer.Option(help="in or out.", metavar="in|out")] = None,
    currency: Annotated[
        str | None,
        typer.Option(help="Which one, where there are several: they are never added."),
    ] = None,
    cloud: Annotated[_Many, _word("aws, azure, gcp or another's code.", "CODE")] = None,
    account: Annotated[_Many, _word("An account, by id or name.", "ACCOUNT")] = None,
    team: Annotated[_Many, _word("A team; (untagged) for none.", "TEAM")] = None,
    product: Annotated[_Many, _word("A product; (untagged) for none.", "PRODUCT")] = None,
    service: Annotated[_Many, _word("A service's name.", "SERVICE")] = None,
    region: Annotated[_Many, _word("A region's id.", "REGION")] = None,
    category: Annotated[_Many, _word("A category of services.", "CATEGORY")] = None,
    charge: Annotated[
        _Many, _word("Usage, Purchase, Tax, Credit or Adjustment.", "CATEGORY")
    ] = None,
    source: Annotated[_Many, _word("A source of bills.", "NAME")] = None,
    tag: Annotated[_Many, _word("Another tag that is a column.", "KEY=VALUE")] = None,
    as_json: Json = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print the answer as CSV, with exact amounts.")
    ] = False,
) -> None:
    """Say where the money went: the same numbers as on the pages, traced to the bills.

    Reads the published version and asks nobody. Without a word every charge counts, credits and
    tax too, at amortised cost. Exit code 0 with an answer, 2 if the command can't be carried out
    or a word names nothing that occurs in a bill.

    **Examples**

    `credits-pipeline spend --period 2026-05 --group-by cloud --cost billed`

    `credits-pipeline spend --period "Last month" --team platform --group-by service --csv`

    `credits-pipeline spend --group-by account --json | jq -r .total`
    """
    if as_json and as_csv:
        fail("--json and --csv are two answers: ask for one.", 2)
    words: dict[str, list[str]] = {
        "period": _one(period),
        "group": group_by or [],
        "cost": _one(cost),
        "credits": _one(credits),
        "tax": _one(tax),
        "currency": _one(currency),
        "cloud": cloud or [],
        "account": account or [],
        "team": team or [],
        "product": product or [],
        "service": service or [],
        "region": region or [],
        "category": category or [],
        "charge": charge or [],
        "source": source or [],
    }
    for given in tag or []:
        key, equals, value = given.partition("=")
        if not equals:
            fail(f"--tag {given!r} has no value: write --tag {key}=VALUE.", 2)
        words.setdefault(key, []).append(value)
    with published() as found, doing("Adding up"):
        answer = _answer(found, words)
        names = _names(found)
    if as_json:
        from credits_pipeline.finops.queries.export import as_json as for_programs  # noqa: PLC0415

        print_json(for_programs(answer))
    elif as_csv:
        from credits_pipeline.finops.queries.export import as_csv as for_sheets  # noqa: PLC0415

        print_file(for_sheets(answer, names).decode())
    else:
        _print(answer, names)


def _one(value: str | None) -> list[str]:
    return [] if value is None else [value]


@contextmanager
def published() -> Iterator["Published"]:
    """The version that counts; the command ends with the reason where there is none."""
    from credits_pipeline.core.settings import SettingError  # noqa: PLC0415 - as above
    from credits_pipeline.finops.errors import BillError  # noqa: PLC0415 - as above
    from credits_pipeline.finops.publish.form import PublishError  # noqa: PLC0415 - when used
    from credits_pipeline.finops.publish.published import open_current  # noqa: PLC0415 - as above
    from credits_pipeline.finops.settings import storage_root  # noqa: PLC0415 - as above

    try:
        root = storage_root()
        current = open_current(root)
        if current is None:
            fail(
                f"Nothing is published in {root} yet. What to do: credits-pipeline sources add …, "
                "then credits-pipeline ingest.",
                2,
            )
        yield current
    except (PublishError, SettingError, BillError) as error:
        fail(str(error), 2)


def _answer(published: "Published", words: dict[str, list[str]]) -> "Spend":
    from credits_pipeline.finops.queries.scope import Scope, ScopeError  # noqa: PLC0415 - when used
    from credits_pipeline.finops.queries.spend import (  # noqa: PLC0415 - as above
        SeveralCurrenciesError,
        spend,
    )

    try:
        scope: Scope = Scope.parse(words, today=datetime.now(UTC).date(), tags=published.tags)
        _refuse_unknown(published, scope)
        return spend(published, scope)
    except SeveralCurrenciesError as error:
        choice = " or ".join(f"--currency {currency}" for currency in error.currencies)
        fail(f"{' and '.join(error.currencies)} are never added: choose {choice}.", 2)
    except ScopeError as error:
        fail(str(error), 2)


def _refuse_unknown(published: "Published", scope: "Scope") -> None:
    from credits_pipeline.finops.queries.values import unknown  # noqa: PLC0415 - when used

    found = unknown(published, scope)
    if found:
        fail("\n".join(one.sentence for one in found), 2)


def _names(published: "Published") -> dict[str, str]:
    from credits_pipeline.finops.queries.values import account_names  # noqa: PLC0415 - when used

    return account_names(published)


def _print(answer: "Spend", names: dict[str, str]) -> None:
    from credits_pipeline.finops.queries.words import spelled  # noqa: PLC0415 - when used

    heads = [*answer.groups, "cost", "share", "rows"]
    lines: list[list[str | Text]] = []
    for row in answer.rows:
        keys: list[str | Text] = []
        for word, key in zip(answer.groups, row.keys, strict=True):
            named = names.get(key or "") if word == "account" else None
            keys.append(f"{named} ({key})" if named and named != key else spelled(word, key))
        share = "" if row.share is None else f"{row.share} %"
        lines.append([*keys, _amount(row.cost, answer.currency), share, f"{row.line_items:,}"])
    if answer.groups:
        lines.append(
            [
                "total",
                *[""] * (len(answer.groups) - 1),
                _amount(answer.total, answer.currency),
                "",
                f"{answer.line_items:,}",
            ]
        )
    if not answer.rows:
        lines = []
    period = answer.scope.period
    print_table(heads, lines, right=["cost", "share", "rows"], folds=list(answer.groups))
    say(f"{period.start} to {period.last}. {answer.scope.basis}. {_age(answer)}")


def _amount(cost: "Decimal", currency: str | None) -> str:
    """An amount to the cent, as tables have it; CSV and JSON have every digit."""
    from decimal import ROUND_HALF_UP, Context, Decimal  # noqa: PLC0415 - when used

    cents = cost.quantize(Decimal("0.01"), context=Context(prec=60, rounding=ROUND_HALF_UP))
    sign = "-" if cents < 0 else ""
    mark = "$" if currency == "USD" else f"{currency} "
    return f"{sign}{mark}{abs(cents):,.2f}"


def _age(answer: "Spend") -> str:
    through: dict[str, str] = {}
    for bill in answer.sources:
        through[bill.source] = str(bill.complete_through or "no day yet")
    if not through:
        return "No bill covers it."
    told = ", ".join(f"{name} complete through {day}" for name, day in through.items())
    return f"From {told}."
