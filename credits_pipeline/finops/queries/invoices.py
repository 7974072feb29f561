"""The invoices of a scope's clouds and months: whole invoices, whatever else narrows the scope."""

from dataclasses import dataclass
from decimal import Decimal

from credits_pipeline.finops.publish.bill import RECEIPTS
from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.scope import Scope
from credits_pipeline.finops.queries.selection import one_currency


@dataclass(frozen=True)
class Invoice:
    """What is billed under one invoice, as the bill's own rows add up to it.

    Attributes:
        invoice_id: None for rows that no invoice has yet.
        source: whose bill.
        billing_month: ``YYYY-MM``.
        currency: of the amount.
        billed: the sum of its rows, exact.
    """

    invoice_id: str | None
    source: str
    billing_month: str
    currency: str
    billed: Decimal


def invoices(published: Published, scope: Scope) -> tuple[Invoice, ...]:
    """The invoices of a scope's clouds, sources and months, by month and source.

    Raises:
        SeveralCurrenciesError: the scope holds several currencies, and none was chosen.
    """
    asked = one_currency(published, scope)
    where = ["billing_month BETWEEN ? AND ?", "source <> ?"]
    values: list[object] = [asked.period.months[0], asked.period.months[-1], RECEIPTS]
    for word, column in (("cloud", "provider"), ("source", "source")):
        wanted = asked.filters.get(word)
        if wanted:
            where.append(f"{column} IN ({', '.join('?' * len(wanted))})")
            values += wanted
    if asked.currency is not None:
        where.append("billing_currency = ?")
        values.append(asked.currency)
    found = published.rows(
        "SELECT invoice_id, source, billing_month, billing_currency, SUM(billed_cost) "  # noqa: S608 - names of ours
        f"FROM invoices WHERE {' AND '.join(where)} GROUP BY ALL ORDER BY 3, 2, 1",
        values,
    )
    return tuple(
        Invoice(invoice, source, month, str(currency or ""), Decimal(str(billed)))
        for invoice, source, month, currency, billed in found
    )
