"""``chargeback``: what each owner owes for a month, or for several."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from credits_pipeline.cli.output import Json, doing, fail, print_file, print_json, print_table, say
from credits_pipeline.core.money import for_people

if TYPE_CHECKING:
    from credits_pipeline.core.month import BillingMonth
    from credits_pipeline.finops.chargeback.opening import Office
    from credits_pipeline.finops.chargeback.statement import Section
    from credits_pipeline.finops.chargeback.view import View

Month = Annotated[str, typer.Option(help="The billing month.", metavar="YYYY-MM")]
ModelName = Annotated[
    str | None, typer.Option(help="The allocation model. Default: the first.", metavar="NAME")
]


def chargeback(
    *,
    month: Month,
    model: ModelName = None,
    owner: Annotated[
        str | None,
        typer.Option(
            "--team",
            "--product",
            help="One team's or product's part; (unallocated) for what nobody owns.",
            metavar="NAME",
        ),
    ] = None,
    over: Annotated[
        str,
        typer.Option(
            help="month, quarter, year-to-date or fiscal-year: beside the same months a year "
            "before. FINOPS_FISCAL_YEAR says when the year begins.",
            metavar="SPAN",
        ),
    ] = "month",
    as_json: Json = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print every line as CSV, to the cent.")
    ] = False,
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Write the statement as PDF, into --to.")
    ] = False,
    xlsx: Annotated[
        bool, typer.Option("--xlsx", help="Write the tables as a workbook, into --to.")
    ] = False,
    archive: Annotated[
        bool,
        typer.Option("--zip", help="Write the files of all owners, PDF and CSV, into --to."),
    ] = False,
    journal: Annotated[
        bool, typer.Option("--journal", help="Print the journal for the ledger as CSV.")
    ] = False,
    to: Annotated[
        Path | None,
        typer.Option(help="Where a file goes. Default: this folder, named by month and model."),
    ] = None,
) -> None:
    """Say what each team or product owes for a month, and how that adds up to the invoices.

    A closed month shows its frozen statement; an open one is computed from the current bills and
    rules. Exit code 0 if it adds up and nothing waits for a person, 1 if something does, 2 if the
    command can't be carried out.

    **Examples**

    `credits-pipeline chargeback --month 2026-05`

    `credits-pipeline chargeback --month 2026-05 --team search --pdf --to search.pdf`

    `credits-pipeline chargeback --month 2026-05 --csv > may.csv`
    """
    asked = {
        "json": as_json, "csv": as_csv, "pdf": pdf, "xlsx": xlsx, "zip": archive,
        "journal": journal,
    }  # fmt: skip
    forms = [form for form, wanted in asked.items() if wanted]
    if len(forms) > 1:
        fail(f"--{' and --'.join(forms)} are several answers: choose one.", 2)
    form = forms[0] if forms else "table"
    if over != "month" and form not in ("table", "json"):
        fail("Files are for one month: leave out --over, or use --json.", 2)
    at = month_of(month)
    with opened_office() as office, doing("Adding up"):
        view = office.view(at, office.model(model))
        whole = view.statement
        if not whole.sections:
            fail(f"There is no bill for {at}. What to do: credits-pipeline ingest --month {at}.", 2)
        if owner is not None:
            view = view.of(_owner(view, owner))
        if over != "month":
            _print_span(office, view, over, as_json=as_json)
        else:
            _answer(view, form, to)
    for fault in whole.faults:
        say(fault, "yellow")
    if not whole.holds:
        say(f"The statement of {at} does not add up to the invoices.", "red")
    if whole.faults or not whole.holds:
        raise typer.Exit(1)


def _answer(view: "View", form: str, to: Path | None) -> None:
    match form:
        case "json":
            print_json(_json(view))
        case "csv" | "journal":
            _print_csv(view, journal=form == "journal")
        case "pdf" | "xlsx" | "zip":
            _write(view, form, to)
        case _:
            _print(view)


@contextmanager
def opened_office() -> Iterator["Office"]:
    """What statements are made from; ends the command if it can't be read."""
    from credits_pipeline.cli.scope import opened_version  # noqa: PLC0415 - when used
    from credits_pipeline.finops.chargeback.decided import DecidedError  # noqa: PLC0415 - as above
    from credits_pipeline.finops.chargeback.kept import KeptError  # noqa: PLC0415 - as above
    from credits_pipeline.finops.chargeback.model import ModelError  # noqa: PLC0415 - as above
    from credits_pipeline.finops.chargeback.opening import open_office  # noqa: PLC0415 - as above
    from credits_pipeline.finops.decisions import DecisionsError  # noqa: PLC0415 - as above

    with opened_version() as found:
        try:
            yield open_office(found)
        except (DecidedError, DecisionsError, KeptError, ModelError) as error:
            fail(str(error), 2)


def month_of(text: str) -> "BillingMonth":
    """The billing month of an option; ends the command if it is none."""
    from credits_pipeline.core.month import BillingMonth  # noqa: PLC0415 - when used

    try:
        return BillingMonth.parse(text)
    except ValueError as error:
        fail(str(error), 2)


def _owner(view: "View", name: str) -> str | None:
    if name == "(unallocated)":
        return None
    if name not in view.statement.names():
        known = ", ".join(one for one in view.statement.names() if one is not None)
        fail(
            f"{view.statement.to} {name!r} owes nothing in {view.statement.month}; there are "
            f"{known}.",
            2,
        )
    return name


def _write(view: "View", form: str, to: Path | None) -> None:
    from credits_pipeline.finops.chargeback import documents  # noqa: PLC0415 - loads typst

    make = {"pdf": documents.pdf, "xlsx": documents.xlsx, "zip": documents.archive}[form]
    try:
        content = make(view)
    except documents.DocumentError as error:
        fail(str(error), 2)
    path = to or Path(f"{documents.file_name(view)}.{form}")
    try:
        path.write_bytes(content)
    except OSError as error:
        fail(f"{path} can't be written: {error.strerror}. What to do: choose another --to.", 2)
    say(f"{path}: {len(content):,} bytes.")


def _print_csv(view: "View", *, journal: bool) -> None:
    from credits_pipeline.finops.chargeback import files, lines  # noqa: PLC0415 - when used
    from credits_pipeline.finops.chargeback.journal import journal_of  # noqa: PLC0415 - as above

    table = journal_of(view) if journal else lines.lines(view)
    print_file(files.as_csv(table).decode())


def _json(view: "View") -> dict[str, Any]:
    from credits_pipeline.finops.chargeback.answer import as_json  # noqa: PLC0415 - when used

    return as_json(view)


def _print_span(office: "Office", view: "View", over: str, *, as_json: bool) -> None:
    from credits_pipeline.finops.chargeback.spans import Span, owed  # noqa: PLC0415 - when used
    from credits_pipeline.finops.chargeback.statement import label  # noqa: PLC0415 - as above
    from credits_pipeline.finops.chargeback.view import amount  # noqa: PLC0415 - as above
    from credits_pipeline.finops.settings import fiscal_year_begins  # noqa: PLC0415 - as above

    model = office.model(view.statement.model)
    try:
        span = Span.of(over, month_of(view.statement.month), fiscal_year_begins())
    except ValueError as error:
        fail(str(error), 2)
    now, before = owed(office.books, model, span), owed(office.books, model, span.last_year)
    rows = [
        (currency, owner, cents, before.cents.get(currency, {}).get(owner, 0))
        for currency, owners in sorted(now.cents.items())
        for owner, cents in sorted(owners.items(), key=lambda one: (one[0] is None, one[0] or ""))
        if view.only is None or owner in view.only
    ]
    if as_json:
        print_json(
            {
                "span": span.name,
                "months": [str(month) for month in span.months],
                "stated": list(now.stated),
                "stated_a_year_before": list(before.stated),
                "owners": [
                    {
                        "currency": currency,
                        "owner": owner,
                        "total": amount(cents),
                        "a_year_before": amount(then),
                    }
                    for currency, owner, cents, then in rows
                ],
            }
        )
        return
    print_table(
        [model.to, "total", "a year before"],
        [[label(o), amount_of(cents, cur), amount_of(then, cur)] for cur, o, cents, then in rows],
        right=["total", "a year before"],
        folds=[model.to],
    )
    say(
        f"{span.name}: bills of {len(now.stated)} of {len(span.months)} months, and of "
        f"{len(before.stated)} a year before."
    )


def _print(view: "View") -> None:
    from credits_pipeline.finops.chargeback.view import COLUMNS  # noqa: PLC0415 - when used

    for section in view.sections:
        money = [*COLUMNS.values(), "Total", "Before"]
        heads = [view.statement.to, *(name.lower() for name in money), "share"]
        rows = [
            [
                row.label,
                *(amount_of(row.cents[kind], section.currency) for kind in COLUMNS),
                amount_of(row.total, section.currency),
                "" if row.previous is None else amount_of(row.previous, section.currency),
                "" if row.share is None else f"{row.share} %",
            ]
            for row in view.rows(section)
        ]
        print_table(heads, rows, right=heads[1:], folds=[view.statement.to])
        _say_sums(view, section)
    say(
        f"{view.statement.month} is {view.state} under the model {view.statement.model!r}; "
        f"statement {view.statement.digest[:12]}."
    )


def _say_sums(view: "View", section: "Section") -> None:
    if not view.is_whole:
        return
    for up in section.adds_up:
        between = "; ".join(
            f"{step.words} {for_people(step.amount, up.currency)}"
            for step in up.steps
            if step.amount
        )
        say(
            f"{view.statement.to}s and unallocated {amount_of(section.stated, section.currency)}, "
            f"spend {for_people(up.spend, up.currency)}{f', {between}' if between else ''}, "
            f"invoices {for_people(up.billed, up.currency)}: "
            f"{'it adds up' if section.holds else 'it does NOT add up'}."
        )


def amount_of(cents: int, currency: str) -> str:
    """Cents for people."""
    from credits_pipeline.finops.chargeback.shares import money  # noqa: PLC0415 - when used

    return for_people(money(cents), currency)
