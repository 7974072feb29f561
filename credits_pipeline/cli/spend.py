"""``spend``: where the money of every cloud went, in the same words as pages and addresses."""

from typing import TYPE_CHECKING, Annotated

import typer

from credits_pipeline.cli import scope as words
from credits_pipeline.cli.output import Json, doing, fail, print_file, print_json, print_table, say

if TYPE_CHECKING:
    from rich.text import Text

    from credits_pipeline.finops.publish.published import Published
    from credits_pipeline.finops.queries.spend import Spend


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
        words.Many,
        typer.Option(help="A word to group by, day and month too. Repeatable.", metavar="WORD"),
    ] = None,
    cost: words.Cost = None,
    credits: words.InOut = None,
    tax: words.InOut = None,
    currency: words.Currency = None,
    cloud: words.Cloud = None,
    account: words.Account = None,
    team: words.Team = None,
    product: words.Product = None,
    service: words.Service = None,
    region: words.Region = None,
    category: words.Category = None,
    charge: words.Charge = None,
    source: words.Source = None,
    tag: words.Tag = None,
    as_json: Json = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print the answer as CSV, with exact amounts.")
    ] = False,
) -> None:
    """Say where the money went: the same numbers as on the pages, traced to the bills.

    It reads only the published version. Without filters every charge counts, including credits and
    tax, at amortised cost. Exit code 0 with an answer, 2 if the command can't be carried out or a
    word matches nothing in any bill.

    **Examples**

    `credits-pipeline spend --period 2026-05 --group-by cloud --cost billed`

    `credits-pipeline spend --period "Last month" --team platform --group-by service --csv`

    `credits-pipeline spend --group-by account --json | jq -r .total`
    """
    if as_json and as_csv:
        fail("--json and --csv are two answers: choose one.", 2)
    asked = words.words_of(
        tag,
        period=period,
        group=group_by,
        cost=cost,
        credits=credits,
        tax=tax,
        currency=currency,
        cloud=cloud,
        account=account,
        team=team,
        product=product,
        service=service,
        region=region,
        category=category,
        charge=charge,
        source=source,
    )
    with words.opened_version() as published, doing("Adding up"):
        answer = _answer(published, asked)
        names = _names(published)
    if as_json:
        from credits_pipeline.finops.queries.export import as_json as for_programs  # noqa: PLC0415

        print_json(for_programs(answer))
    elif as_csv:
        from credits_pipeline.finops.queries.export import as_csv as for_sheets  # noqa: PLC0415

        print_file(for_sheets(answer, names).decode())
    else:
        _print(answer, names)


def _answer(published: "Published", asked: dict[str, list[str]]) -> "Spend":
    from credits_pipeline.finops.queries.spend import spend  # noqa: PLC0415 - when used

    with words.told_scope_errors():
        return spend(published, words.read_scope(published, asked))


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
        lines.append([*keys, words.amount(row.cost, answer.currency), share, f"{row.line_items:,}"])
    if answer.groups:
        lines.append(
            [
                "total",
                *[""] * (len(answer.groups) - 1),
                words.amount(answer.total, answer.currency),
                "",
                f"{answer.line_items:,}",
            ]
        )
    if not answer.rows:
        lines = []
    period = answer.scope.period
    print_table(heads, lines, right=["cost", "share", "rows"], folds=list(answer.groups))
    say(f"{period.start} to {period.last}. {answer.scope.basis}. {_age(answer)}")


def _age(answer: "Spend") -> str:
    through: dict[str, str] = {}
    for bill in answer.sources:
        through[bill.source] = str(bill.complete_through or "no day yet")
    if not through:
        return "No bill covers it."
    told = ", ".join(f"{name} complete through {day}" for name, day in through.items())
    return f"From {told}."
