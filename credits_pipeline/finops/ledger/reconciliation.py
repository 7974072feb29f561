"""Three-way reconciliation: what was distributed, the ledger, and the bill.

Pure. A side that is not available is not known, and is not compared. Each difference has its likely
cause; only one without a cause, or that waits for somebody, needs a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any

from credits_pipeline.core.money import for_people, to_text
from credits_pipeline.core.month import BillingMonth

Amounts = Mapping[str, Decimal]
_CENT, _HALF_A_CENT = Decimal("0.01"), Decimal("0.005")


class Cause(StrEnum):
    """Why two sides differ, as far as is known."""

    NONE = ""
    #: The rule of the file moved it, and the sums agree.
    REDISTRIBUTED = "redistribution on purpose"
    #: The bill is not final: AWS still changes it.
    ESTIMATE = "estimate"
    #: AWS changed the month between two of the sides.
    LATE = "late credit"
    #: No bill and no ledger has the account.
    ACCOUNT_UNKNOWN = "account unknown"
    #: No known cause explains it.
    UNEXPLAINED = "unexplained"


#: Causes that somebody has to investigate.
OPEN = (Cause.LATE, Cause.ACCOUNT_UNKNOWN, Cause.UNEXPLAINED)


#: A file, AWS's ledger, and a bill.
_SIDES = 3


@dataclass(frozen=True)
class Sides:
    """The available sides of a month.

    Attributes:
        month: the billing month.
        file: what was distributed to each account; None if the month has no receipt.
        ledger: AWS's ledger; None if not known.
        bill: the credits of the bill; None if no bill is available.
        accounts: on any bill of the month.
        estimated: whether the ledger may still change.
        moved: whether the file was made by a rule that distributes differently from AWS.
        offset: whether it takes away what AWS gave, so that its sum is zero.
        unallocated: what the file names as not placed, or left out.
        pools: the credits that the file was made from; None for all of them.
        rounded: how many amounts of the ledger, each in cents, an account's is the sum of. A bill
            has them to many more digits.
    """

    month: BillingMonth
    file: Amounts | None
    ledger: Amounts | None
    bill: Amounts | None
    accounts: frozenset[str] = frozenset()
    estimated: bool = False
    moved: bool = False
    offset: bool = False
    unallocated: Decimal = Decimal(0)
    pools: Decimal | None = None
    rounded: Mapping[str, int] = field(default_factory=dict)

    def slack(self, account: str) -> Decimal:
        """What rounding to cents explains between a bill and another side."""
        return _HALF_A_CENT * max(1, self.rounded.get(account, 0))


@dataclass(frozen=True)
class Line:
    """One account.

    Attributes:
        account: its id.
        file: as in `Sides`; None if that side is not known.
        ledger: as above.
        bill: as above.
        cause: of the difference; empty if there is none.
    """

    account: str
    file: Decimal | None
    ledger: Decimal | None
    bill: Decimal | None
    cause: Cause

    @property
    def difference(self) -> Decimal:
        """The largest between two sides."""
        known = [one for one in (self.file, self.ledger, self.bill) if one is not None]
        return max(known, default=Decimal(0)) - min(known, default=Decimal(0))


@dataclass(frozen=True)
class Reconciliation:
    """A month's three sides side by side.

    Attributes:
        sides: what was available.
        lines: by account.
        sums_agree: whether the file's total equals that of the others; None if not known.
    """

    sides: Sides
    lines: tuple[Line, ...]
    sums_agree: bool | None

    @property
    def is_known(self) -> bool:
        """Whether at least two sides are available."""
        sides = (self.sides.file, self.sides.ledger, self.sides.bill)
        return sum(one is not None for one in sides) > 1

    @property
    def open(self) -> tuple[Line, ...]:
        """The accounts that somebody has to investigate."""
        return tuple(line for line in self.lines if line.cause in OPEN)

    @property
    def holds(self) -> bool:
        """Whether two sides were available and every difference has a harmless cause."""
        return self.is_known and not self.open and self.sums_agree is not False

    @property
    def says(self) -> str:
        """One sentence for people."""
        month = self.sides.month
        told = ", ".join(f"{name} {_total(side)}" for name, side in self._named())
        if not self.is_known:
            return (
                f"{month}: {told}. There is nothing to compare it with. What to do: add the "
                "payer's bill as a source, or name the payer in FINOPS_LEDGER."
            )
        counts = {
            cause: sum(line.cause is cause for line in self.lines) for cause in Cause if cause
        }
        differing = ", ".join(f"{count:,} {cause}" for cause, count in counts.items() if count)
        known = [name for name, side in self._named() if side is not None]
        agree = "All accounts agree" if len(known) == _SIDES else f"{' and '.join(known)} agree"
        said = f"{month}: {told}. " + (
            f"Accounts that differ: {differing}."
            if differing
            else f"{agree[0].upper()}{agree[1:]}."
        )
        if self.sums_agree is False:
            said += " The sums differ: AWS has changed the month since the file was made."
        if self.open:
            worst = max(self.open, key=lambda line: line.difference)
            said += (
                f" The largest is account {worst.account}, {for_people(worst.difference)}. What to "
                "do: read ledger and bill again, then propose the month again if it persists."
            )
        return said

    def to_data(self) -> dict[str, Any]:
        """As JSON, for receipts."""
        return {
            "holds": self.holds,
            "says": self.says,
            **{
                f"{name}_usd": None if side is None else to_text(_sum(side))
                for name, side in self._named()
            },
            "differences": [
                {
                    "account": line.account,
                    **{
                        name: None if one is None else to_text(one)
                        for name, one in (
                            ("file", line.file), ("ledger", line.ledger), ("bill", line.bill),
                        )
                    },
                    "cause": line.cause.value,
                }
                for line in self.lines
                if line.cause
            ],
        }  # fmt: skip

    def _named(self) -> tuple[tuple[str, Amounts | None], ...]:
        sides = self.sides
        return ("file", sides.file), ("ledger", sides.ledger), ("bill", sides.bill)


def reconcile(sides: Sides) -> Reconciliation:
    """Compare the sides of a month, account by account."""
    names = sorted({name for side in (sides.file, sides.ledger, sides.bill) for name in side or ()})
    agree = _sums_agree(sides)
    lines = tuple(
        Line(
            name,
            _of(sides.file, name),
            _of(sides.ledger, name),
            _of(sides.bill, name),
            _cause(sides, name, sums_agree=agree),
        )
        for name in names
    )
    return Reconciliation(sides, lines, agree)


def _sums_agree(sides: Sides) -> bool | None:
    other = sides.bill if sides.ledger is None else sides.ledger
    if sides.file is None or other is None:
        return None
    if sides.estimated:
        return None
    if sides.offset:
        return _sum(sides.file) == 0
    whole = _sum(other) if sides.pools is None else sides.pools
    apart = abs(_sum(sides.file) + sides.unallocated - whole)
    # The file's own cents are shared from the ledger's; only a bill has more digits.
    return apart <= sum(map(sides.slack, other)) if sides.ledger is None else not apart


def _cause(  # noqa: PLR0911 - one return for each cause
    sides: Sides, account: str, *, sums_agree: bool | None
) -> Cause:
    file, ledger, bill = (_of(side, account) for side in (sides.file, sides.ledger, sides.bill))
    if file is not None:
        others = [one for one in (ledger, bill) if one is not None]
        known = account in sides.accounts or account in (sides.ledger or {})
        if file and others and not known:
            return Cause.ACCOUNT_UNKNOWN
    slack = sides.slack(account)
    if ledger is not None and bill is not None and abs(ledger - bill) > slack:
        return Cause.ESTIMATE if sides.estimated else Cause.LATE
    other = bill if ledger is None else ledger
    if file is None or other is None:
        return Cause.NONE
    if not sides.offset and abs(file - other) <= (slack if ledger is None else 0):
        return Cause.NONE
    if sides.offset and file == 0:
        return Cause.NONE
    if sides.moved or sums_agree:
        return Cause.REDISTRIBUTED
    return Cause.ESTIMATE if sides.estimated else Cause.UNEXPLAINED


def _of(side: Amounts | None, account: str) -> Decimal | None:
    return None if side is None else side.get(account, Decimal(0))


def _sum(side: Amounts) -> Decimal:
    return sum(side.values(), Decimal(0))


def _total(side: Amounts | None) -> str:
    # A bill has more digits than a file; in a sentence they look like a difference.
    return "not known" if side is None else for_people(_sum(side).quantize(_CENT, ROUND_HALF_UP))
