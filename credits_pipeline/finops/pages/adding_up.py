"""How a total adds up: to the invoice, and from there to manifest, version and run."""

from collections.abc import Collection
from decimal import Decimal

import streamlit as st

from credits_pipeline.finops.invoices import stated_invoices
from credits_pipeline.finops.pages import figures
from credits_pipeline.finops.pages.dagster_link import run_link
from credits_pipeline.finops.pages.frame import Frame
from credits_pipeline.finops.pages.plain import plain, visible
from credits_pipeline.finops.pages.tables import Column, table
from credits_pipeline.finops.queries.bridge import View, bridge
from credits_pipeline.finops.queries.exactly import less
from credits_pipeline.finops.queries.invoices import invoices
from credits_pipeline.finops.queries.spend import Spend, spend


def draw_bridge(frame: Frame, found: Spend) -> None:
    """Draw the steps to the invoice, the invoices, and the bills behind it."""
    currency = frame.currency
    made = frame.looking.ask(bridge, frame.scope, View())
    rows = [
        {"Step": frame.scope.basis, "Amount": made.start},
        *(
            {
                "Step": step.words if step.amount else f"{step.words}: nothing to add",
                "Amount": step.amount,
            }
            for step in made.steps
        ),
        {"Step": "Billed, as invoiced", "Amount": made.end},
    ]
    table(
        rows,
        [Column("Step"), Column("Amount", "money")],
        currency=currency,
        words="From this view to the invoice",
    )
    with st.expander("The same, to copy"):
        st.code("\n".join(f"{visible(row['Step'])}\t{_amount(row)}" for row in rows), language=None)
    by_source = frame.looking.ask(spend, frame.scope.but(group=("source",)))
    sources = {row.keys[0] for row in by_source.rows}
    _invoices(frame, sources)
    _bills(frame, found, sources)


def _amount(row: dict[str, object]) -> Decimal:
    amount = row["Amount"]
    assert isinstance(amount, Decimal)  # noqa: S101 - as it was made above
    return amount


def _invoices(frame: Frame, sources: Collection[str | None]) -> None:
    if frame.looking.person.teams is not None:
        st.markdown("Invoices cover all teams, and you see only some of them.")
        return
    found = [one for one in frame.looking.ask(invoices, frame.scope) if one.source in sources]
    st.markdown("**Invoices in this scope**")
    if set(frame.scope.filters) - {"cloud", "source"}:
        st.caption("Whole invoices: what is filtered above is a part of them.")
    if not found:
        st.markdown("These bills name no invoice yet: the month has not been invoiced.")
        return
    stated = {
        (one.source, one.month, one.invoice, one.currency): one.total for one in stated_invoices()
    }
    rows = []
    for line in found:
        total = stated.get((line.source, line.billing_month, line.invoice_id or "", frame.currency))
        rows.append(
            {
                "Invoice": line.invoice_id or "not invoiced yet",
                "Source": line.source,
                "Month": line.billing_month,
                "Billed": line.billed,
                "Stated": total,
                "Difference": None if total is None else less(line.billed, total),
            }
        )
    money = ["Billed", *(["Stated", "Difference"] if stated else [])]
    table(
        rows,
        [Column("Invoice"), Column("Source"), Column("Month"),
         *(Column(name, "money") for name in money)],
        currency=frame.currency,
        words="Invoices",
    )  # fmt: skip
    apart = [row for row in rows if row["Difference"]]
    if apart:
        told = figures.count(len(apart), "invoice")
        st.error(f"{told} not as stated on paper.", icon=":material/receipt_long:")
    elif not stated:
        st.caption(
            "Have the paper checked too: `credits-pipeline invoices state SOURCE INVOICE --month "
            "YYYY-MM --total AMOUNT`."
        )


def _bills(frame: Frame, found: Spend, sources: Collection[str | None]) -> None:
    st.markdown("**Bills behind these numbers**")
    whole = frame.looking.person.teams is None
    for bill in found.sources:
        if bill.source not in sources or not frame.looking.sees(bill.source):
            continue
        run = run_link(bill.run_id)
        through = "not known" if bill.complete_through is None else str(bill.complete_through)
        told = f"{plain(bill.source)} {bill.billing_month}, complete through {through}"
        if not whole:
            st.markdown(told)
            continue
        st.markdown(
            f"{told}: {figures.count(bill.rows, 'row')} of {figures.count(bill.files, 'file')}, "
            f"version `{bill.version}`{f', [run]({run})' if run else ''}"
        )
        st.code(visible(bill.address), language=None, wrap_lines=True)
