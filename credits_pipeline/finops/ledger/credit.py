"""What AWS's ledger says: credits as objects, and which account each reduced, month by month."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Self

from credits_pipeline.core.money import to_text
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.errors import BillError


class LedgerError(BillError):
    """The ledger can't be read, or is inconsistent; ``passes`` if a retry may help."""


@dataclass(frozen=True)
class Credit:
    """One credit, as it was when AWS was asked. Amounts are dollars of credit, never below 0.

    Attributes:
        id: text of digits.
        name: AWS's description.
        programme: Promotion, Refund, TrueUp or another word of AWS's.
        owner: the account that owns it.
        start: the first day on which it applies.
        expiry: the last moment's day; None if AWS names none.
        initial: the amount issued.
        remaining: what closed bills have left of it.
        estimated: the same with open bills counted; None if AWS does not say.
        currency: ISO 4217.
        services: names of services that it applies to; empty for all.
        sharing: DEFAULT, DISABLED, CUSTOM, COST_CATEGORY_RULE, or "" if AWS does not say.
        enabled: whether it is applied to bills.
        exhausted: the day it reached zero.
    """

    id: str
    name: str
    programme: str
    owner: str
    start: date
    expiry: date | None
    initial: Decimal
    remaining: Decimal
    estimated: Decimal | None = None
    currency: str = "USD"
    services: tuple[str, ...] = ()
    sharing: str = ""
    enabled: bool = True
    exhausted: date | None = None

    @property
    def left(self) -> Decimal:
        """What is left of it as far as is known today."""
        return self.remaining if self.estimated is None else min(self.remaining, self.estimated)

    def to_data(self) -> dict[str, Any]:
        """As JSON."""
        found = asdict(self)
        for name in ("start", "expiry", "exhausted"):
            found[name] = None if found[name] is None else found[name].isoformat()
        for name in ("initial", "remaining", "estimated"):
            found[name] = None if found[name] is None else to_text(found[name])
        return {**found, "services": list(self.services)}

    @classmethod
    def of_data(cls, data: Mapping[str, Any]) -> Self:
        """From JSON."""
        days = {name: _day(data[name]) for name in ("start", "expiry", "exhausted")}
        amounts = {
            name: None if data[name] is None else Decimal(data[name])
            for name in ("initial", "remaining", "estimated")
        }
        return cls(**{**data, **days, **amounts, "services": tuple(data["services"])})


@dataclass(frozen=True)
class Allocation:
    """What one credit took off one account's bill for one service; negative if it was taken back.

    Attributes:
        credit: the credit's id.
        account: the account whose bill it was.
        service: as AWS names it.
        amount: dollars of credit.
        estimated: the bill is not final yet.
    """

    credit: str
    account: str
    service: str
    amount: Decimal
    estimated: bool = False


@dataclass(frozen=True)
class LedgerMonth:
    """A payer's month in the ledger: complete, or not known.

    Attributes:
        payer: the account that was asked about.
        month: the billing month.
        allocations: of all credits, in a fixed order.
        asked_at: ISO 8601, UTC.
        complete: every page said that it is complete. If not, nothing is in it.
        signed: whether AWS writes credits with a minus sign here.
        over: whether the month was over when it was asked for.
        currency: ISO 4217; empty if nothing was allocated.
        why: what is missing, if it is not complete.
    """

    payer: str
    month: BillingMonth
    allocations: tuple[Allocation, ...]
    asked_at: str
    complete: bool
    signed: bool = False
    over: bool = True
    currency: str = "USD"
    why: str = ""

    @property
    def estimated(self) -> bool:
        """Whether it may still change: its bill is not final, or the month is not over."""
        return not self.over or any(one.estimated for one in self.allocations)

    @property
    def total(self) -> Decimal | None:
        """Credit of the month; None if not known."""
        return sum((one.amount for one in self.allocations), Decimal(0)) if self.complete else None

    def by_account(self, credits: Sequence[str] = ()) -> dict[str, Decimal]:
        """Credit of each account, of all credits or of these."""
        found: dict[str, Decimal] = {}
        for one in self.allocations:
            if not credits or one.credit in credits:
                found[one.account] = found.get(one.account, Decimal(0)) + one.amount
        return found

    def by_credit(self) -> dict[str, Decimal]:
        """What each credit gave."""
        found: dict[str, Decimal] = {}
        for one in self.allocations:
            found[one.credit] = found.get(one.credit, Decimal(0)) + one.amount
        return found

    def to_data(self) -> dict[str, Any]:
        """As JSON."""
        rows = [{**asdict(one), "amount": to_text(one.amount)} for one in self.allocations]
        return {**asdict(self), "month": str(self.month), "allocations": rows}

    @classmethod
    def of_data(cls, data: Mapping[str, Any]) -> Self:
        """From JSON."""
        rows = tuple(
            Allocation(**{**one, "amount": Decimal(one["amount"])}) for one in data["allocations"]
        )
        return cls(**{**data, "month": BillingMonth.parse(data["month"]), "allocations": rows})


@dataclass(frozen=True)
class Balances:
    """A payer's credits, as they were when AWS was asked.

    Attributes:
        payer: the account that was asked about.
        credits: the soonest to expire first.
        asked_at: ISO 8601, UTC.
    """

    payer: str
    credits: tuple[Credit, ...]
    asked_at: str

    def to_data(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "payer": self.payer,
            "credits": [one.to_data() for one in self.credits],
            "asked_at": self.asked_at,
        }

    @classmethod
    def of_data(cls, data: Mapping[str, Any]) -> Self:
        """From JSON."""
        found = tuple(Credit.of_data(one) for one in data["credits"])
        return cls(data["payer"], found, data["asked_at"])


def in_aws_order(credits: Sequence[Credit]) -> list[Credit]:
    """As AWS applies credits: the soonest expiry, then the fewest services, then the oldest."""
    return sorted(
        credits,
        key=lambda one: (
            one.expiry or date.max,
            len(one.services) or 1_000_000,
            one.start,
            one.id,
        ),
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
