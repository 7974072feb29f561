"""What people see of the ledger: credits with their ends, who used them, three sides, the rest.

One reading of the stored data, for the pages and for files alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from credits_pipeline.core.money import to_text
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.lake import open_lake
from credits_pipeline.finops.ledger.at_hand import reconciliation_of
from credits_pipeline.finops.ledger.book import LedgerBook
from credits_pipeline.finops.ledger.credit import LedgerMonth
from credits_pipeline.finops.ledger.left import LeftOnTheTable, left_on_the_table
from credits_pipeline.finops.ledger.outlook import Outlook, State, outlooks
from credits_pipeline.finops.ledger.reconciliation import Reconciliation
from credits_pipeline.finops.ledger.usage import usage_of
from credits_pipeline.text.spreadsheet import csv_cell, csv_file


@dataclass(frozen=True)
class UsedBy:
    """An account's part of one credit in the months shown.

    Attributes:
        account: its id.
        credit: the credit's id.
        service: as the ledger names it.
        amount: dollars of credit.
        estimated: whether some of it may still change.
    """

    account: str
    credit: str
    service: str
    amount: Decimal
    estimated: bool


@dataclass(frozen=True)
class LedgerView:
    """The stored ledger.

    Attributes:
        found: every credit with its end, the nearest end first.
        months: of every payer, in order.
        as_of: the day of the oldest balances; None if no ledger was read.
    """

    found: tuple[Outlook, ...]
    months: tuple[LedgerMonth, ...]
    as_of: date | None

    @property
    def alive(self) -> tuple[Outlook, ...]:
        """The credits with something left."""
        over = (State.USED_UP, State.EXPIRED)
        return tuple(one for one in self.found if one.state not in over)

    @property
    def left(self) -> Decimal:
        """What is left of all of them."""
        return sum((one.credit.left for one in self.alive), Decimal(0))

    @property
    def currency(self) -> str:
        """Of the amounts; credits of several currencies are not added, and the first is named."""
        return next((one.credit.currency for one in self.found), "USD")

    def of(self, months: Sequence[str]) -> tuple[LedgerMonth, ...]:
        """The ledger of these months, as ``YYYY-MM``."""
        return tuple(one for one in self.months if str(one.month) in months)

    def used(self, months: Sequence[str]) -> tuple[UsedBy, ...]:
        """Who had how much of which credit in these months, the most first."""
        sums: dict[tuple[str, str, str], Decimal] = {}
        moving: set[tuple[str, str, str]] = set()
        for month in self.of(months):
            for one in month.allocations:
                key = (one.account, one.credit, one.service)
                sums[key] = sums.get(key, Decimal(0)) + one.amount
                if one.estimated:
                    moving.add(key)
        found = [UsedBy(*key, amount, key in moving) for key, amount in sums.items()]
        return tuple(
            sorted(found, key=lambda one: (-one.amount, one.account, one.credit, one.service))
        )


def ledger_view(root: str) -> LedgerView:
    """The stored ledger.

    Raises:
        BillError: it can't be read.
    """
    book = LedgerBook(Depot(root))
    months = sorted(book.months(), key=lambda one: (one.month, one.payer))
    as_of = book.asked_at()
    found = outlooks(list(book.credits().values()), months, as_of) if as_of else ()
    return LedgerView(found, tuple(months), as_of)


def sides_of(root: str, month: BillingMonth) -> Reconciliation:
    """The three sides of a month.

    Raises:
        BillError: something stored can't be read.
    """
    return reconciliation_of(root, month)


def left_of(root: str, month: BillingMonth) -> LeftOnTheTable:
    """What a month left on the table.

    Raises:
        BillError: something stored can't be read.
    """
    book = LedgerBook(Depot(root))
    usage = usage_of(open_lake(root), month)
    return left_on_the_table(usage, book.credits(), book.of_month(month))


def used_csv(found: Sequence[UsedBy], names: dict[str, str], months: Sequence[str]) -> bytes:
    """Who used which credit, for spreadsheets: exact, each line with its months."""
    heads = ["account", "account_name", "credit", "service", "credits", "from", "to", "state"]
    rows = [
        [
            *map(csv_cell, (one.account, names.get(one.account, ""), one.credit, one.service)),
            to_text(one.amount),
            min(months, default=""),
            max(months, default=""),
            "estimate" if one.estimated else "final",
        ]
        for one in found
    ]
    return csv_file([heads, *rows])
