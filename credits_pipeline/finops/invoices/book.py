"""The stated invoices: they are decisions, so each change has who and when."""

from collections.abc import Iterable

from credits_pipeline.finops.decisions import Author, Item
from credits_pipeline.finops.decisions.kind import InvalidDecisionError
from credits_pipeline.finops.decisions.opening import Decisions, are_kept, open_decisions
from credits_pipeline.finops.invoices.stated import KIND, StatedInvoice, id_of


class InvoiceBook:
    """The stated invoices of a store of decisions."""

    def __init__(self, decisions: Decisions) -> None:
        """Name the store.

        Args:
            decisions: a database, or files.
        """
        self._decisions = decisions

    def all(self) -> list[StatedInvoice]:
        """Every one, by source, month and number."""
        return [StatedInvoice.of(item.body) for item in self._decisions.items(KIND)]

    def state(self, invoice: StatedInvoice, *, by: Author, why: str = "") -> Item:
        """Say what an invoice's total is; saying it again replaces what was said.

        Args:
            invoice: with its total.
            by: who says it.
            why: in the author's words.

        Raises:
            InvalidDecisionError: a field is wrong.
            ChangedMeanwhileError: somebody else wrote it at the same moment.
        """
        before = self._decisions.item(KIND, invoice.id)
        if before is not None and before.body == invoice.body():
            return before
        expected = None if before is None else before.version
        return self._decisions.put(
            KIND, invoice.id, invoice.body(), by=by, expected=expected, why=why
        )

    def remove(self, source: str, month: str, invoice: str, *, by: Author, why: str = "") -> None:
        """Take back what was said of an invoice.

        Raises:
            InvalidDecisionError: nothing was said of it.
            ChangedMeanwhileError: somebody else wrote it at the same moment.
        """
        id_ = id_of(source, month, invoice)
        item = self._decisions.item(KIND, id_)
        if item is None:
            raise InvalidDecisionError(
                f"nobody has stated invoice {invoice!r} of {source} {month}. What to do: "
                "credits-pipeline invoices list."
            )
        self._decisions.delete(KIND, id_, by=by, expected=item.version, why=why)


def stated_invoices() -> list[StatedInvoice]:
    """The stated invoices of the settings' store; none if nothing was ever decided here.

    Raises:
        SettingError: the settings name no store.
        DecisionsError: the store can't be read.
    """
    if not are_kept():
        return []
    with open_decisions() as decisions:
        return InvoiceBook(decisions).all()


def of_bill(stated: Iterable[StatedInvoice], source: str, month: str) -> list[StatedInvoice]:
    """Those of one source and billing month, ``YYYY-MM``."""
    return [one for one in stated if (one.source, one.month) == (source, month)]
