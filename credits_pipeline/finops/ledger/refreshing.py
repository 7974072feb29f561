"""The ledger read anew: balances of each payer, and the months that may have changed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.ledger.asking import MOST_MONTHS, Ledger
from credits_pipeline.finops.ledger.book import LedgerBook
from credits_pipeline.finops.ledger.credit import LedgerError, LedgerMonth
from credits_pipeline.finops.settings import Payer

#: AWS changes a month after its invoice too, for some weeks.
_NEWEST = 3


@dataclass(frozen=True)
class Refreshed:
    """What a look came to.

    Attributes:
        months: as they were answered; those that are not complete are not known.
        failed: what could not be asked, in words.
        passes: whether all of that may pass by itself.
    """

    months: tuple[LedgerMonth, ...]
    failed: tuple[str, ...]
    passes: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether everything was answered whole."""
        return not self.failed and all(one.complete for one in self.months)


def due(book: LedgerBook, payer: str, now: datetime) -> list[BillingMonth]:
    """The months to ask for: the newest, and all that are not known or may still move."""
    newest = BillingMonth.at(now)
    found = []
    for ago in range(MOST_MONTHS):
        month = newest.shift(-ago)
        kept = book.month(payer, month)
        if ago < _NEWEST or kept is None or not kept.complete or kept.estimated:
            found.append(month)
    return sorted(found)


def refresh(
    payers: Sequence[Payer],
    book: LedgerBook,
    *,
    months: Iterable[BillingMonth] = (),
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    say: Callable[[str], None] = lambda _: None,
) -> Refreshed:
    """Ask AWS and keep what it says. A payer that can't be asked stops no other.

    Args:
        payers: whose ledgers.
        book: that keeps it.
        months: to ask for; default: those that are `due`.
        now: the time.
        say: told what is being done.
    """
    found: list[LedgerMonth] = []
    failed: list[LedgerError] = []
    chosen = list(months)
    for payer in payers:
        ledger = Ledger(payer, now=now)
        try:
            say(f"{payer.account}: balances")
            book.keep_balances(ledger.balances())
            signed = book.is_signed(payer.account)
            for month in chosen or due(book, payer.account, now()):
                say(f"{payer.account}: {month}")
                answer = ledger.month(month, signed=signed)
                signed = signed or answer.signed
                book.keep(answer)
                found.append(answer)
        except LedgerError as error:
            failed.append(error)
    return Refreshed(
        tuple(found), tuple(map(str, failed)), bool(failed) and all(one.passes for one in failed)
    )
