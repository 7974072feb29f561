"""Savings that add up: taken step by step from what is left of a resource's own rows on the bill.

A saving is rounded to the cent and never exceeds what is left, so the sum of a resource's savings
never exceeds its cost, and the sum of all could really be saved.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from fractions import Fraction

from credits_pipeline.finops.optimization.opportunity import Opportunity
from credits_pipeline.finops.scans.billed import Line

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Saving:
    """The monthly saving of an opportunity.

    Attributes:
        effective: at the customer's price, to the cent; None if not known.
        list: at list price.
        of: the cost that it is a share of, after earlier steps.
        covered: how much of that cost a commitment covers, which continues.
        why_unknown: why it is not known.
    """

    effective: Decimal | None
    list: Decimal | None
    of: Decimal | None = None
    covered: Decimal = Decimal(0)
    why_unknown: str = ""


@dataclass
class Left:
    """What is left of a resource's lines.

    Attributes:
        lines: on the bill.
    """

    lines: Sequence[Line]
    _effective: list[Decimal] = field(init=False)
    _list: list[Decimal] = field(init=False)

    def __post_init__(self) -> None:
        """Begin with all of it."""
        self._effective = [line.effective for line in self.lines]
        self._list = [line.list for line in self.lines]

    def take(self, share: Fraction, units: Sequence[str] = ()) -> Saving:
        """Take a share of the lines of these units; of all units if none are named.

        If the bill names no unit, every line counts.
        """
        chosen = [n for n, line in enumerate(self.lines) if not units or line.unit in units]
        if not chosen and not any(line.unit for line in self.lines):
            chosen = list(range(len(self.lines)))
        of = sum((self._effective[n] for n in chosen), Decimal(0))
        covered = sum((self._effective[n] for n in chosen if self.lines[n].covered), Decimal(0))
        return Saving(
            _taken(self._effective, chosen, share), _taken(self._list, chosen, share), of, covered
        )


def savings(
    opportunities: Iterable[Opportunity], lines: Sequence[Line]
) -> list[tuple[Opportunity, Saving]]:
    """What each opportunity of one resource saves, in the order of the steps.

    Args:
        opportunities: of one resource.
        lines: of that resource on the bill; none if no bill contains it.
    """
    left = Left(lines)
    found = []
    for one in sorted(opportunities, key=lambda one: (one.step, one.action)):
        if one.share is None:
            found.append((one, Saving(None, None, why_unknown=one.why_unknown)))
        elif not lines:
            why = one.resource.not_known.get("cost_month", "no bill contains it")
            found.append((one, Saving(None, None, why_unknown=f"its cost is not known: {why}")))
        else:
            found.append((one, left.take(one.share, one.units)))
    return found


def _taken(amounts: list[Decimal], chosen: Sequence[int], share: Fraction) -> Decimal:
    """Take a share of the chosen amounts, to the cent, and leave the rest."""
    whole = sum((amounts[n] for n in chosen), Decimal(0))
    if whole <= 0:
        return Decimal("0.00")
    wanted = whole * share.numerator / share.denominator
    taken = min(wanted.quantize(CENT, ROUND_HALF_UP), whole.quantize(CENT, ROUND_DOWN))
    left = taken
    for at, n in enumerate(chosen):
        last = at == len(chosen) - 1
        part = left if last else min(left, amounts[n], (amounts[n] * taken / whole).quantize(CENT))
        amounts[n] -= part
        left -= part
    return taken
