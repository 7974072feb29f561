"""A statement: what each owner owes for a month, how that was found, and how it adds up.

It is stored as JSON under its own digest, so a closed statement can't change.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Self

from credits_pipeline.core.money import to_text
from credits_pipeline.finops.chargeback.allocating import KINDS, Line, Part, PoolTable
from credits_pipeline.finops.chargeback.decided import Owner
from credits_pipeline.finops.chargeback.shares import cents, money
from credits_pipeline.finops.decisions.body import digest
from credits_pipeline.finops.queries.exactly import less, times, total

FORM = 1
#: What stands for nobody where people read it.
UNALLOCATED = "Unallocated"
ADJUSTMENTS = "adjustments"


@dataclass(frozen=True)
class Adjustment:
    """What a closed month has changed by since: it is owed with this month.

    Attributes:
        month: the closed month, ``YYYY-MM``.
        owner: None for nobody.
        cents: more or less than was stated.
    """

    month: str
    owner: str | None
    cents: int


@dataclass(frozen=True)
class Step:
    """One step from the statement's spend to the invoices.

    Attributes:
        words: for people.
        amount: exact.
    """

    words: str
    amount: Decimal


@dataclass(frozen=True)
class Invoice:
    """What an invoice adds up to.

    Attributes:
        source: whose bill.
        invoice: its id; empty for charges without one.
        billed: exact.
    """

    source: str
    invoice: str
    billed: Decimal


@dataclass(frozen=True)
class AddsUp:
    """How the spend of one currency leads to its invoices.

    Attributes:
        currency: of the bills.
        rate: what it was converted by; one if it was not.
        spend: exact, as on the Spend page.
        steps: from the spend to what was billed.
        invoices: of the month.
    """

    currency: str
    rate: Decimal
    spend: Decimal
    steps: tuple[Step, ...]
    invoices: tuple[Invoice, ...]

    @property
    def billed(self) -> Decimal:
        """All invoices."""
        return total(one.billed for one in self.invoices)

    @property
    def difference(self) -> Decimal:
        """What the steps don't explain; anything but zero is an error."""
        return less(self.billed, total([self.spend, *(step.amount for step in self.steps)]))


@dataclass(frozen=True)
class Section:
    """A statement in one currency.

    Attributes:
        currency: of all amounts.
        spend: exact, including what was converted.
        lines: by owner, kind, account and service.
        pools: how shared costs were shared.
        adjustments: of closed months.
        adds_up: for each currency of the bills.
    """

    currency: str
    spend: Decimal
    lines: tuple[Line, ...]
    pools: tuple[PoolTable, ...]
    adjustments: tuple[Adjustment, ...]
    adds_up: tuple[AddsUp, ...]

    @property
    def is_converted(self) -> bool:
        """Whether it includes other currencies."""
        return any(one.currency != self.currency for one in self.adds_up)

    @cached_property
    def owners(self) -> dict[str | None, dict[str, int]]:
        """What each owner has of each kind, including adjustments; unallocated is last."""
        found: dict[str | None, dict[str, int]] = {}
        for line in self.lines:
            kinds = found.setdefault(line.owner, dict.fromkeys((*KINDS, ADJUSTMENTS), 0))
            kinds[line.kind] += line.cents
        for one in self.adjustments:
            kinds = found.setdefault(one.owner, dict.fromkeys((*KINDS, ADJUSTMENTS), 0))
            kinds[ADJUSTMENTS] += one.cents
        found.setdefault(None, dict.fromkeys((*KINDS, ADJUSTMENTS), 0))
        return {owner: found[owner] for owner in sorted(found, key=lambda o: (o is None, o or ""))}

    @property
    def stated(self) -> int:
        """This month's own cents of all owners and unallocated, without adjustments."""
        return sum(line.cents for line in self.lines)

    @property
    def adjusted(self) -> int:
        """All adjustments."""
        return sum(one.cents for one in self.adjustments)

    @property
    def total(self) -> int:
        """All that is owed."""
        return self.stated + self.adjusted

    @property
    def rounding(self) -> Decimal:
        """What whole cents add to the exact spend."""
        return less(money(self.stated), self.spend)

    @property
    def holds(self) -> bool:
        """Whether owners and unallocated equal the spend to the cent, and that the invoices."""
        return (
            self.stated == cents(self.spend)
            and self.spend == total(times(one.spend, one.rate) for one in self.adds_up)
            and not any(one.difference for one in self.adds_up)
        )

    def adds_up_of_all(self, statement: "Statement") -> tuple[AddsUp, ...]:
        """How the whole section adds up, even for a part of it, which lacks that itself."""
        return next(
            (one.adds_up for one in statement.sections if one.currency == self.currency), ()
        )

    def owed(self, owner: str | None) -> int:
        """What one owner owes."""
        return sum(self.owners.get(owner, {}).values())


@dataclass(frozen=True)
class Statement:
    """A month under one model.

    Attributes:
        month: ``YYYY-MM``.
        model: the name of the model.
        to: whether owners are teams or products.
        sections: by currency.
        owners: the details of each, by name.
        accounts: the names of its accounts, by id.
        inputs: what it was made from.
        faults: what a person has to resolve before it is closed.
    """

    month: str
    model: str
    to: str
    sections: tuple[Section, ...]
    owners: Mapping[str, Owner]
    accounts: Mapping[str, str]
    inputs: Mapping[str, Any]
    faults: tuple[str, ...] = ()
    _kept: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def inputs_digest(self) -> str:
        """The digest of its inputs."""
        return digest(self.inputs)

    @property
    def digest(self) -> str:
        """The digest of its whole content."""
        if "digest" not in self._kept:
            self._kept["digest"] = digest(self.as_dict())
        return self._kept["digest"]

    @property
    def holds(self) -> bool:
        """Whether it adds up in every currency."""
        return all(section.holds for section in self.sections)

    def names(self) -> tuple[str | None, ...]:
        """Every owner in any currency; unallocated last."""
        found = {owner for section in self.sections for owner in section.owners}
        return tuple(sorted(found | {None}, key=lambda owner: (owner is None, owner or "")))

    def owner(self, name: str | None) -> Owner:
        """Where an owner's statement goes."""
        return self.owners.get(name or "", Owner())

    def as_dict(self) -> dict[str, Any]:
        """As JSON, money as text."""
        return {
            "form": FORM,
            "month": self.month,
            "model": self.model,
            "to": self.to,
            "sections": [_section(one) for one in self.sections],
            "owners": {name: owner.body() for name, owner in sorted(self.owners.items())},
            "accounts": dict(sorted(self.accounts.items())),
            "inputs": dict(self.inputs),
            "faults": list(self.faults),
        }

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Self:
        """What `as_dict` wrote."""
        return cls(
            month=told["month"],
            model=told["model"],
            to=told["to"],
            sections=tuple(_to_section(one) for one in told["sections"]),
            owners={name: Owner.parse(name, body) for name, body in told["owners"].items()},
            accounts=told["accounts"],
            inputs=told["inputs"],
            faults=tuple(told["faults"]),
        )


def label(owner: str | None) -> str:
    """An owner for people."""
    return UNALLOCATED if owner is None else owner


def _section(one: Section) -> dict[str, Any]:
    return {
        "currency": one.currency,
        "spend": to_text(one.spend),
        "lines": [
            [line.owner, line.kind, line.account, line.service, _text(line.cents)]
            for line in one.lines
        ],
        "pools": [
            {
                "pool": pool.pool,
                "account": pool.account,
                "driver": pool.driver,
                "amount": _text(pool.cents),
                "parts": [[part.owner, part.weight, _text(part.cents)] for part in pool.parts],
            }
            for pool in one.pools
        ],
        "adjustments": [[a.month, a.owner, _text(a.cents)] for a in one.adjustments],
        "adds_up": [
            {
                "currency": up.currency,
                "rate": format(up.rate, "f"),
                "spend": to_text(up.spend),
                "steps": [[step.words, to_text(step.amount)] for step in up.steps],
                "invoices": [[i.source, i.invoice, to_text(i.billed)] for i in up.invoices],
            }
            for up in one.adds_up
        ],
    }


def _to_section(told: Mapping[str, Any]) -> Section:
    return Section(
        currency=told["currency"],
        spend=Decimal(told["spend"]),
        lines=tuple(
            Line(owner, kind, account, service, _cents(amount))
            for owner, kind, account, service, amount in told["lines"]
        ),
        pools=tuple(
            PoolTable(
                pool["pool"],
                pool["account"],
                pool["driver"],
                _cents(pool["amount"]),
                tuple(Part(owner, weight, _cents(a)) for owner, weight, a in pool["parts"]),
            )
            for pool in told["pools"]
        ),
        adjustments=tuple(Adjustment(m, owner, _cents(a)) for m, owner, a in told["adjustments"]),
        adds_up=tuple(
            AddsUp(
                up["currency"],
                Decimal(up["rate"]),
                Decimal(up["spend"]),
                tuple(Step(words, Decimal(amount)) for words, amount in up["steps"]),
                tuple(Invoice(s, i, Decimal(billed)) for s, i, billed in up["invoices"]),
            )
            for up in told["adds_up"]
        ),
    )


def _text(amount: int) -> str:
    return to_text(money(amount))


def _cents(text: str) -> int:
    return cents(Decimal(text))
