"""Refreshes the ledger: balances of each payer, and the months that may have changed.

Missing or incomplete answers are recorded, so that the question is repeated in time.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.ledger.asking import MOST_MONTHS, Ledger
from credits_pipeline.finops.ledger.book import LedgerBook
from credits_pipeline.finops.ledger.credit import Balances, LedgerError, LedgerMonth
from credits_pipeline.finops.ledger.unanswered import BALANCES, note, settle
from credits_pipeline.finops.settings import Payer

#: AWS changes a month after its invoice too, for some weeks.
_NEWEST = 3


@dataclass(frozen=True)
class Refreshed:
    """The result of a refresh.

    Attributes:
        months: as they were answered; incomplete ones are not known.
        failed: what could not be asked, in words.
        passes: whether all of that may be temporary.
    """

    months: tuple[LedgerMonth, ...]
    failed: tuple[str, ...]
    passes: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether everything was answered completely."""
        return not self.failed and all(one.complete for one in self.months)


def due(book: LedgerBook, payer: str, now: datetime) -> list[BillingMonth]:
    """The months to ask for: the newest, and all that are not known or may still change."""
    newest = BillingMonth.at(now)
    found = []
    for ago in range(MOST_MONTHS):
        month = newest.shift(-ago)
        kept = book.month(payer, month)
        if ago < _NEWEST or kept is None or not kept.complete or kept.estimated:
            found.append(month)
    return sorted(found)


def read_month(
    ledger: Ledger, book: LedgerBook, month: BillingMonth, *, signed: bool
) -> LedgerMonth:
    """Ask for a month and store it.

    Args:
        ledger: of the payer.
        book: that stores it.
        month: the billing month.
        signed: whether other months of the payer have minus signs.

    Returns:
        What AWS said now; the current content may be an older complete answer.

    Raises:
        LedgerError: it can't be asked, or says what can't be.
    """
    payer, what = ledger.payer.account, str(month)
    try:
        found = ledger.month(month, signed=signed)
    except LedgerError as error:
        note(book.depot, payer, what, str(error), ledger.now())
        raise
    book.keep(found)
    if found.complete:
        settle(book.depot, payer, what)
    else:
        note(book.depot, payer, what, found.why, ledger.now())
    return found


def read_balances(ledger: Ledger, book: LedgerBook) -> Balances:
    """Ask for what is left of a payer's credits and store it.

    Raises:
        LedgerError: it can't be asked, or says what can't be.
    """
    payer = ledger.payer.account
    try:
        found = ledger.balances()
    except LedgerError as error:
        note(book.depot, payer, BALANCES, str(error), ledger.now())
        raise
    book.keep_balances(found)
    settle(book.depot, payer, BALANCES)
    return found


def refresh(
    payers: Sequence[Payer],
    book: LedgerBook,
    *,
    months: Iterable[BillingMonth] = (),
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    say: Callable[[str], None] = lambda _: None,
) -> Refreshed:
    """Ask AWS and store the answers. A payer that can't be asked stops no other.

    Args:
        payers: whose ledgers.
        book: that stores it.
        months: to ask for; default: those that are `due`.
        now: the time.
        say: called with what is being done.
    """
    found: list[LedgerMonth] = []
    failed: list[LedgerError] = []
    chosen = list(months)
    for payer in payers:
        ledger = Ledger(payer, now=now)
        try:
            say(f"{payer.account}: balances")
            read_balances(ledger, book)
            signed = book.is_signed(payer.account)
            for month in chosen or due(book, payer.account, now()):
                say(f"{payer.account}: {month}")
                answer = read_month(ledger, book, month, signed=signed)
                signed = signed or answer.signed
                found.append(answer)
        except LedgerError as error:
            failed.append(error)
    return Refreshed(
        tuple(found), tuple(map(str, failed)), bool(failed) and all(one.passes for one in failed)
    )
