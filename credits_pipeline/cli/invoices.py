"""``invoices``: what the paper says, so that each bill is held against it."""

from decimal import Decimal
from typing import Annotated

import typer

from credits_pipeline.cli.options import month_option
from credits_pipeline.cli.output import Json, answers, fail, print_json, print_table, say
from credits_pipeline.cli.sources import Why, whoever_runs_this
from credits_pipeline.core.money import to_text
from credits_pipeline.core.settings import SettingError

invoices = typer.Typer(
    name="invoices",
    help="What invoices state: the rows under an invoice's number have to add up to it.\n\n"
    "A bill whose rows do not is not published, and its month keeps its last version. Where an "
    "invoice is stated after its bill was read, `invoices list`, the page Spend and a check in "
    "Dagster tell the difference. Exit code 0 if all is well, 1 if something is not, 2 if the "
    "command can't be carried out.\n\n"
    "**Examples**\n\n"
    "`credits-pipeline invoices state aws EUINGB26-1234567 --month 2026-05 --total 61234.56`\n\n"
    "`credits-pipeline invoices list`",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Source = Annotated[str, typer.Argument(help="Whose bill.", metavar="SOURCE")]
Number = Annotated[
    str, typer.Argument(help="The invoice's number, as in the bill.", metavar="INVOICE")
]
Month = Annotated[str, typer.Option(help="The billing month.", metavar="YYYY-MM")]


@invoices.command()
def state(
    source: Source,
    number: Number,
    *,
    month: Month,
    total: Annotated[
        str,
        typer.Option(help="What has to be paid, tax and credits included.", metavar="AMOUNT"),
    ],
    currency: Annotated[str, typer.Option(help="Of the total.", metavar="CODE")] = "USD",
    why: Why = "",
    as_json: Json = False,
) -> None:
    """State an invoice's total; stating it again replaces what was said.

    **Example**

    `credits-pipeline invoices state aws EUINGB26-1234567 --month 2026-05 --total 61234.56`
    """
    from credits_pipeline.finops.decisions import DecisionsError  # noqa: PLC0415 - when used
    from credits_pipeline.finops.decisions.opening import open_decisions  # noqa: PLC0415 - when used
    from credits_pipeline.finops.invoices import (  # noqa: PLC0415 - when used
        InvoiceBook,
        StatedInvoice,
    )
    from credits_pipeline.finops.sources import (  # noqa: PLC0415 - when used
        SourceBook,
        SourceError,
    )

    at = month_option(month, "--month")
    said = {"source": source, "month": str(at), "invoice": number, "currency": currency,
            "total": total}  # fmt: skip
    try:
        with open_decisions() as decisions:
            SourceBook(decisions).get(source)
            found = StatedInvoice.of(said)
            item = InvoiceBook(decisions).state(found, by=whoever_runs_this(), why=why)
    except (SettingError, ValueError) as error:
        fail(f"{error}", 2)
    except (SourceError, DecisionsError) as error:
        fail(str(error), 1)
    if as_json:
        print_json({**item.body, "version": item.version})
        return
    answers().print(f"Invoice {found.invoice} of {source} {at} is stated as {found.told}")
    say(f"Hold its bill against it: credits-pipeline ingest --source {source} --month {at}")


@invoices.command("list")
def list_(*, as_json: Json = False) -> None:
    """Show what is stated beside what is billed; exit code 1 if an invoice is not as stated.

    **Examples**

    `credits-pipeline invoices list`

    `credits-pipeline invoices list --json | jq '.invoices[] | select(.difference != "0")'`
    """
    from credits_pipeline.finops.decisions import DecisionsError  # noqa: PLC0415 - when used
    from credits_pipeline.finops.invoices import stated_invoices  # noqa: PLC0415 - when used
    from credits_pipeline.finops.publish.published import open_current  # noqa: PLC0415 - as above
    from credits_pipeline.finops.queries.invoices import Compared, compare  # noqa: PLC0415
    from credits_pipeline.finops.settings import storage_root  # noqa: PLC0415 - when used

    try:
        stated = stated_invoices()
        published = open_current(storage_root())
    except SettingError as error:
        fail(str(error), 2)
    except DecisionsError as error:
        fail(str(error), 1)
    found = (
        compare(published, stated) if published else tuple(Compared(one, None) for one in stated)
    )
    if as_json:
        print_json(
            {
                "invoices": [
                    {
                        **one.stated.body(),
                        "billed": _text(one.billed),
                        "difference": _text(one.difference),
                    }
                    for one in found
                ]
            }
        )
    elif found:
        print_table(
            ("source", "month", "invoice", "currency", "stated", "billed", "difference"),
            [
                (
                    one.stated.source, one.stated.month, one.stated.invoice, one.stated.currency,
                    f"{one.stated.total:,f}", _text(one.billed) or "nothing",
                    _text(one.difference) or "",
                )
                for one in found
            ],
            right=("stated", "billed", "difference"),
        )  # fmt: skip
    else:
        say("No invoice is stated yet: credits-pipeline invoices state --help")
    raise typer.Exit(0 if all(one.is_equal for one in found) else 1)


@invoices.command()
def remove(
    source: Source, number: Number, *, month: Month, why: Why = "", as_json: Json = False
) -> None:
    """Take back what was stated of an invoice.

    **Example**

    `credits-pipeline invoices remove aws EUINGB26-1234567 --month 2026-05 --why "a typo"`
    """
    from credits_pipeline.finops.decisions import DecisionsError  # noqa: PLC0415 - when used
    from credits_pipeline.finops.decisions.opening import open_decisions  # noqa: PLC0415 - when used
    from credits_pipeline.finops.invoices import InvoiceBook  # noqa: PLC0415 - when used

    at = month_option(month, "--month")
    try:
        with open_decisions() as decisions:
            InvoiceBook(decisions).remove(source, str(at), number, by=whoever_runs_this(), why=why)
    except SettingError as error:
        fail(str(error), 2)
    except DecisionsError as error:
        fail(str(error), 1)
    if as_json:
        print_json({"source": source, "month": str(at), "invoice": number, "removed": True})
    else:
        answers().print(f"Nothing is stated of invoice {number} of {source} {at} any more")


def _text(amount: Decimal | None) -> str | None:
    """An amount as a bill writes it, exact: no zeros that say nothing."""
    return None if amount is None else to_text(amount).rstrip("0").rstrip(".")
