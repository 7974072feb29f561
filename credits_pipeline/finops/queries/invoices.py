"""The invoices of a scope's clouds and months: whole invoices, whatever else narrows the scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from credits_pipeline.finops.invoices import StatedInvoice
from credits_pipeline.finops.publish.bill import RECEIPTS
from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.exactly import less
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


@dataclass(frozen=True)
class Compared:
    """A stated invoice beside what is published.

    Attributes:
        stated: as a person read it on paper.
        billed: the sum of its rows, exact; None if it has none in its month and currency.
    """

    stated: StatedInvoice
    billed: Decimal | None

    @property
    def difference(self) -> Decimal | None:
        """Billed less stated; None if nothing is billed."""
        return None if self.billed is None else less(self.billed, self.stated.total)

    @property
    def is_equal(self) -> bool:
        """Whether both are the same, to the last digit."""
        return self.billed == self.stated.total


def compare(published: Published, stated: Sequence[StatedInvoice]) -> tuple[Compared, ...]:
    """Each stated invoice beside its published rows, in the order given."""
    if not stated:
        return ()
    numbers = sorted({one.invoice for one in stated})
    found = published.rows(
        "SELECT source, billing_month, invoice_id, billing_currency, SUM(billed_cost) "  # noqa: S608 - marks only
        f"FROM invoices WHERE invoice_id IN ({', '.join('?' * len(numbers))}) GROUP BY ALL",
        numbers,
    )
    billed = {(*key, currency or ""): cost for *key, currency, cost in found}
    return tuple(
        Compared(one, billed.get((one.source, one.month, one.invoice, one.currency)))
        for one in stated
    )
