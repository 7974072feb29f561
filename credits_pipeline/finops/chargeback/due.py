"""Which months must be stated again, and which have letters that were not sent."""

from dataclasses import dataclass
from datetime import datetime

from credits_pipeline.alerts.letter import configured_post
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.chargeback.month import made_from, stated
from credits_pipeline.finops.chargeback.opening import Office
from credits_pipeline.finops.chargeback.sending import SentBook, unsent
from credits_pipeline.finops.chargeback.view import CLOSED


@dataclass(frozen=True)
class Ask:
    """A month to request a run for.

    Attributes:
        month: which.
        key: the same for the same reason, so that one run is started for it.
        because: the reason.
    """

    month: BillingMonth
    key: str
    because: str


def due_months(office: Office, now: datetime, *, most: int) -> list[Ask]:
    """The months that are due, the newest first.

    Args:
        office: the current books.
        now: in UTC.
        most: how many months are checked.
    """
    depot, asks = office.books.published.depot, []
    for text in sorted(office.months(), reverse=True)[:most]:
        month = BillingMonth.parse(text)
        of, found = made_from(office, month), stated(depot, month)
        if found is None or found.of != of:
            asks.append(Ask(month, f"{month}|{of[:16]}", "bills, rules or closings changed"))
        elif _has_letters(office, month):
            asks.append(Ask(month, f"{month}|letters|{now:%Y-%m-%d}", "letters were not sent"))
    return asks


def _has_letters(office: Office, month: BillingMonth) -> bool:
    if configured_post() is None:
        return False
    book = SentBook(office.books.published.depot)
    for model in office.books.decided.models.values():
        view = office.view(month, model)
        if view.state == CLOSED and next(unsent(view, book), None) is not None:
            return True
    return False
