"""The stored ledger: a payer's months and balances, each a JSON file in the storage.

A month that could not be read completely keeps its content; without any it is stored as not known.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.ledger.credit import Balances, Credit, LedgerMonth, in_aws_order

_ROOM = "credit_ledger"
_MONTH = re.compile(
    rf"{_ROOM}/payer=(?P<payer>[0-9]{{12}})/billing_month=(?P<month>[0-9]{{4}}-[0-9]{{2}})\.json"
)
_BALANCES = re.compile(rf"{_ROOM}/payer=(?P<payer>[0-9]{{12}})/balances\.json")


@dataclass(frozen=True)
class LedgerBook:
    """The stored ledger.

    Attributes:
        depot: the wing's storage.
    """

    depot: Depot

    def keep(self, found: LedgerMonth) -> LedgerMonth:
        """Store a month, unless it is not known and an earlier answer was complete.

        Returns:
            The current content.
        """
        if not found.complete:
            before = self.month(found.payer, found.month)
            if before is not None and before.complete:
                return before
        self.depot.write(_of_month(found.payer, found.month), found.to_data())
        return found

    def keep_balances(self, found: Balances) -> None:
        """Store what is left of a payer's credits."""
        self.depot.write(f"{_ROOM}/payer={found.payer}/balances.json", found.to_data())

    def month(self, payer: str, month: BillingMonth) -> LedgerMonth | None:
        """A payer's month; None if nobody has asked for it."""
        found = self.depot.read(_of_month(payer, month))
        return None if found is None else LedgerMonth.of_data(found)

    def of_month(self, month: BillingMonth) -> list[LedgerMonth]:
        """A month of every payer."""
        return [found for payer in self.payers() if (found := self.month(payer, month))]

    def months(self) -> Iterator[LedgerMonth]:
        """Everything stored, by payer and month."""
        for key in self._keys():
            found = _MONTH.fullmatch(key)
            data = self.depot.read(key) if found else None
            if data is not None:
                yield LedgerMonth.of_data(data)

    def is_signed(self, payer: str) -> bool:
        """Whether a payer's ledger was seen to write credits with a minus sign."""
        return any(one.signed for one in self.months() if one.payer == payer)

    def balances(self) -> list[Balances]:
        """What is left of the credits of every payer."""
        found = [self.depot.read(key) for key in self._keys() if _BALANCES.fullmatch(key)]
        return [Balances.of_data(one) for one in found if one is not None]

    def credits(self) -> dict[str, Credit]:
        """Every credit by its id, the soonest to expire first."""
        found = [credit for one in self.balances() for credit in one.credits]
        return {credit.id: credit for credit in in_aws_order(found)}

    def payers(self) -> list[str]:
        """Payers for which anything is stored."""
        forms = (_MONTH, _BALANCES)
        found = [match for key in self._keys() for form in forms if (match := form.fullmatch(key))]
        return sorted({match["payer"] for match in found})

    def asked_at(self) -> date | None:
        """The day of the oldest balances: what is left is known as of then."""
        return min((date.fromisoformat(one.asked_at[:10]) for one in self.balances()), default=None)

    def _keys(self) -> list[str]:
        return self.depot.keys(f"{_ROOM}/")


def _of_month(payer: str, month: BillingMonth) -> str:
    return f"{_ROOM}/payer={payer}/billing_month={month}.json"
