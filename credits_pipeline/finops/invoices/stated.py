"""An invoice as its paper states it: what the rows of a bill under its number have to add up to."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from credits_pipeline.finops.decisions.fields import (
    NEEDED,
    Field,
    amount,
    body_of,
    month,
    read_fields,
    text,
)
from credits_pipeline.finops.decisions.kind import ItemKind

KIND = "invoice"
_LETTERS = 200


def _currency(value: Any) -> str:
    if not isinstance(value, str) or not (len(value) == 3 and value.isascii() and value.isupper()):  # noqa: PLR2004 - ISO 4217
        raise ValueError(f"is {value!r}, and is a code such as USD")
    return value


_FIELDS = (
    Field("source", text(_LETTERS), NEEDED),
    Field("month", month, NEEDED),
    Field("invoice", text(_LETTERS), NEEDED),
    Field("currency", _currency, "USD"),
    Field("total", amount(), NEEDED),
)


@dataclass(frozen=True)
class StatedInvoice:
    """One of them.

    Attributes:
        source: whose bill.
        month: the billing month, ``YYYY-MM``.
        invoice: its number, as the bill's ``InvoiceId`` spells it.
        currency: of the total, an ISO 4217 code.
        total: what has to be paid, tax and credits included.
    """

    source: str
    month: str
    invoice: str
    currency: str
    total: Decimal

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "StatedInvoice":
        """From its stored form.

        Raises:
            ValueError: names every field that is wrong.
        """
        return cls(**read_fields(_FIELDS, body))

    @property
    def id(self) -> str:
        """Of the decision."""
        return id_of(self.source, self.month, self.invoice)

    def body(self) -> dict[str, Any]:
        """Its stored form."""
        return body_of(vars(self))

    @property
    def told(self) -> str:
        """The total with its currency."""
        return f"{self.total:,f} {self.currency}"


def id_of(source: str, month: str, invoice: str) -> str:
    """The id of what is stated of an invoice."""
    return f"{source} {month} {invoice}"


def _check(id_: str, body: Mapping[str, Any]) -> None:
    found = StatedInvoice.of(body)
    if found.id != id_:
        raise ValueError(f"its id is {id_!r}, and has to be {found.id!r}")


DECIDED = ItemKind(KIND, _check, "stated invoices")
