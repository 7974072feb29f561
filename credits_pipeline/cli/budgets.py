"""``budgets`` and ``forecast``: what is planned to be spent, and what a period will cost."""

from typing import TYPE_CHECKING, Annotated

import typer

from credits_pipeline.cli import scope as words
from credits_pipeline.cli.output import Json, doing, fail, print_json, print_table, say

if TYPE_CHECKING:
    from decimal import Decimal

    from credits_pipeline.finops.budgets.book import Standings
    from credits_pipeline.finops.budgets.standing import Standing
    from credits_pipeline.finops.forecast.asking import Outlook


def budgets(*, as_json: Json = False) -> None:
    """Show every budget: what is used, what is expected, when it will be crossed.

    What is used is the spend of its scope, by the same query as `credits-pipeline spend`. What is
    expected is an estimate. Budgets are among the decisions: edit them on the page Budgets &
    Forecast, or as files with `credits-pipeline decisions import`. Exit code 0 if none is over and
    each can be computed, 1 if one is over or can't be, 2 if the command can't be carried out.

    **Examples**

    `credits-pipeline budgets`

    `credits-pipeline budgets --json | jq '.budgets[] | select(.status != "on track") | .name'`
    """
    from credits_pipeline.cli.decisions import opened  # noqa: PLC0415 - when used
    from credits_pipeline.finops.budgets.book import standings  # noqa: PLC0415 - as above
    from credits_pipeline.finops.budgets.budget import KIND  # noqa: PLC0415 - as above
    from credits_pipeline.finops.budgets.standing import RULE, Status  # noqa: PLC0415 - as above
    from credits_pipeline.finops.budgets.telling import standings_json  # noqa: PLC0415 - as above

    with opened() as decisions:
        bodies = {item.id: item.body for item in decisions.items(KIND)}
    with words.opened_version() as published, doing("Adding up"):
        found = standings(published, bodies, words.today())
    if as_json:
        print_json(standings_json(found))
    else:
        _print(found, RULE)
    is_red = bool(found.wrong) or any(one.status is Status.OVER for one in found.found)
    raise typer.Exit(1 if is_red else 0)


def forecast(
    *,
    period: Annotated[
        str | None,
        typer.Option(
            help="A month, or months such as 2026-01..2026-12. Default: this month.",
            metavar="WORDS",
        ),
    ] = None,
    cost: words.Cost = None,
    credits: words.InOut = "out",
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
) -> None:
    """Say what a period will cost, how certain that is, and how good past forecasts were.

    Spend so far, plus for each day left the level of the last 14 days times what is usual for its
    weekday; monthly charges count separately, and credits don't count unless asked for. Everything
    but the spend so far is an estimate. With under 14 days of history there is only a run rate.
    Exit code 0 with an answer, 2 if the command can't be carried out.

    **Examples**

    `credits-pipeline forecast`

    `credits-pipeline forecast --team search --json | jq -r .estimates.expected`
    """
    asked = words.words_of(
        tag,
        period=period,
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
    from credits_pipeline.finops.forecast.asking import outlook  # noqa: PLC0415 - when used
    from credits_pipeline.finops.forecast.telling import (  # noqa: PLC0415 - as above
        forecast_json,
        quality_json,
    )

    with (
        words.opened_version() as published,
        words.told_scope_errors(),
        doing("Looking ahead"),
    ):
        scope = words.read_scope(published, asked)
        if not scope.period.by_month:
            fail(
                f"{scope.period.word} is days. What to do: ask for whole months, such as "
                f"{scope.period.months[-1]}.",
                2,
            )
        found = outlook(published, scope, words.today())
    if as_json:
        print_json(
            {
                "scope": found.scope.words(),
                "currency": found.scope.currency,
                **forecast_json(found.forecast),
                "quality": quality_json(found.quality),
            }
        )
    else:
        _print_outlook(found)


def _print(found: "Standings", rule: str) -> None:
    lines = [_line(one) for one in found.found]
    heads = ("budget", "period", "amount", "used", "", "expected", "status", "", "owner")
    if lines:
        print_table(heads, lines, right=("amount", "used", "expected"), folds=("budget", "owner"))
        say(rule)
    elif not found.wrong:
        say(
            "No budget applies today. What to do: add one on the page Budgets & "
            "Forecast, or credits-pipeline decisions import DIR."
        )
    for name in found.not_now:
        say(f"{name} applies only at another time.")
    for _, why in found.wrong:
        say(why, "red")


def _line(one: "Standing") -> tuple[str, ...]:
    from credits_pipeline.finops.budgets.telling import crosses  # noqa: PLC0415 - when used

    period = one.period
    return (
        one.budget.name,
        f"{period.start} to {period.last}",
        words.amount(one.amount, one.currency),
        words.amount(one.used, one.currency),
        "" if one.used_percent is None else f"{one.used_percent} %",
        _estimate(one.forecast.expected, one.currency),
        one.status.value,
        crosses(one) or one.because,
        one.budget.owner,
    )


def _print_outlook(found: "Outlook") -> None:
    from credits_pipeline.finops.forecast.backtest import DAYS, METHODS  # noqa: PLC0415 - as above
    from credits_pipeline.finops.forecast.telling import (  # noqa: PLC0415 - as above
        METHOD,
        error_percent,
        how_sure,
    )

    one, currency = found.forecast, found.scope.currency
    between = (
        f"{_estimate(one.low, currency)} to {_estimate(one.high, currency)}"
        if one.low is not None
        else "not known yet"
    )
    print_table(
        ("", "amount"),
        [
            ("so far", words.amount(one.so_far, currency)),
            ("expected", _estimate(one.expected, currency) or one.why_not),
            ("range", between),
            ("run rate", _estimate(one.run_rate, currency)),
        ],
        right=("amount",),
    )
    if found.quality.told:
        print_table(
            ("mean error", *(f"day {day}" for day in DAYS)),
            [
                (
                    method,
                    *(
                        "" if error is None else f"{error} %"
                        for error in (error_percent(found.quality, method, day) for day in DAYS)
                    ),
                )
                for method in METHODS
            ],
            right=tuple(f"day {day}" for day in DAYS),
        )
    period = one.period
    say(f"{period.start} to {period.last}. {found.scope.basis}. {METHOD} {how_sure(found.quality)}")


def _estimate(amount: "Decimal | None", currency: str | None) -> str:
    return "" if amount is None else f"about {words.amount(amount, currency)}"
