"""``recommendations``: what can be saved, and what people decided about it, as on the page."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from credits_pipeline.cli.output import Json, fail, print_file, print_json, print_table, say
from credits_pipeline.cli.scope import amount

if TYPE_CHECKING:
    from decimal import Decimal

    from credits_pipeline.finops.optimization.reading import Recommendations


def recommendations(
    *,
    state: Annotated[
        list[str] | None,
        typer.Option(
            help="open, planned, done, proved, not seen, dismissed, snoozed or gone. Repeatable. "
            "Default: open and planned.",
            metavar="STATE",
        ),
    ] = None,
    tab: Annotated[
        list[str] | None,
        typer.Option(help="A tab of the page, such as Compute. Repeatable.", metavar="TAB"),
    ] = None,
    account: Annotated[
        list[str] | None, typer.Option(help="An account's id. Repeatable.", metavar="ID")
    ] = None,
    as_json: Json = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print the answer as CSV, with exact amounts.")
    ] = False,
) -> None:
    """Show what can be saved, at your own price, and the state of each item.

    It reads only what the newest scan found and what people decided since. The savings of a
    resource never exceed its cost, so the total could really be saved. Exit code 0 with an answer,
    2 if the command can't be carried out.

    **Examples**

    `credits-pipeline recommendations`

    `credits-pipeline recommendations --tab Compute --state open --csv`

    `credits-pipeline recommendations --json | jq -r '.total[].saving'`
    """
    if as_json and as_csv:
        fail("--json and --csv are two answers: choose one.", 2)
    from credits_pipeline.cli.finding import told_errors  # noqa: PLC0415 - when used

    with told_errors():
        found = _found(state, tab, account)
    if as_json:
        from credits_pipeline.finops.optimization.export import as_json as for_programs  # noqa: PLC0415

        print_json(for_programs(found))
    elif as_csv:
        from credits_pipeline.finops.optimization.export import as_csv as for_sheets  # noqa: PLC0415

        print_file(for_sheets(found).decode())
    else:
        _print(found)


def _found(
    state: list[str] | None, tab: list[str] | None, account: list[str] | None
) -> "Recommendations":
    from credits_pipeline.finops.optimization.judged import OPEN, PLANNED  # noqa: PLC0415
    from credits_pipeline.finops.optimization.opportunity import TABS  # noqa: PLC0415
    from credits_pipeline.finops.optimization.reading import read_recommendations  # noqa: PLC0415
    from credits_pipeline.finops.optimization.standing import STATES  # noqa: PLC0415
    from credits_pipeline.finops.settings import storage_root  # noqa: PLC0415

    for given, known, what in ((state, STATES, "state"), (tab, TABS, "tab")):
        for word in given or ():
            if word not in known:
                fail(f"{word!r} is no {what}; there are {', '.join(known)}.", 2)
    found = read_recommendations(storage_root(), now=datetime.now(UTC))
    if found is None:
        fail("Nothing has been scanned yet. What to do: credits-pipeline scan.", 2)
    states = set(state or (OPEN, PLANNED))
    return found.only(
        lambda one: (
            one.state in states
            and (not tab or one.item.tab in tab)
            and (not account or one.item.account in account)
        )
    )


def _print(found: "Recommendations") -> None:
    lines: list[list[Any]] = [
        [
            one.item.name,
            one.item.account_name or one.item.account,
            one.item.do,
            one.item.says,
            _amount(one.item.saving, one.item.currency),
            one.state,
        ]
        for one in found.all
    ]
    heads = ["resource", "account", "what to do", "why", "a month", "state"]
    print_table(heads, lines, right=["a month"], folds=["what to do", "why"])
    totals = [_amount(found.to_be_had(currency), currency) for currency in found.currencies]
    counted = found.about["looked_at"]
    say(
        f"{' and '.join(totals) or 'Nothing'} a month can be saved by what is open or planned. "
        f"Scanned {found.as_of:%Y-%m-%d %H:%M} UTC: {sum(counted.values()):,} resources, "
        f"{found.about['no_evidence']:,} of them without all evidence."
    )


def _amount(saving: "Decimal | None", currency: str) -> str:
    return "not known" if saving is None else amount(saving, currency)
