"""Sums and differences of money without a rounded digit, however many digits there are."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact

#: More digits than any sum of amounts has; a lost digit is an error, never a rounded amount.
_EXACT = Context(prec=100, traps=[Inexact])
_SHOWN = Context(prec=100, rounding=ROUND_HALF_UP)
_TENTH = Decimal("0.1")


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Their sum."""
    found = Decimal(0)
    for amount in amounts:
        found = _EXACT.add(found, amount)
    return found


def less(amount: Decimal, other: Decimal) -> Decimal:
    """The first minus the second."""
    return _EXACT.subtract(amount, other)


def times(amount: Decimal, rate: Decimal) -> Decimal:
    """The amount multiplied by the rate."""
    return _EXACT.multiply(amount, rate)


def percent(part: Decimal, whole: Decimal) -> Decimal | None:
    """A part in percent of a whole, with one decimal, for people; None if the whole is zero."""
    if not whole:
        return None
    ratio = _SHOWN.divide(_SHOWN.multiply(part, Decimal(100)), whole)
    return ratio.quantize(_TENTH, context=_SHOWN)
