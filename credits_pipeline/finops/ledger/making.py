"""A proposal from stored data: the ledger, the balances, and the bills in the lake."""

from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.lake import open_lake
from credits_pipeline.finops.ledger.book import LedgerBook
from credits_pipeline.finops.ledger.proposal import Proposal, propose
from credits_pipeline.finops.ledger.question import Asked
from credits_pipeline.finops.ledger.usage import usage_of


def proposal_of(root: str, asked: Asked) -> Proposal:
    """The requested file.

    Args:
        root: ``FINOPS_STORAGE``.
        asked: the question.

    Raises:
        BillError: it can't be made, or the storage can't be read.
    """
    book = LedgerBook(Depot(root))
    months = book.of_month(asked.month)
    currency = next((one.currency for one in months if one.currency), "USD")
    usage = usage_of(open_lake(root), asked.month, currency)
    return propose(asked, months, book.credits(), usage)
