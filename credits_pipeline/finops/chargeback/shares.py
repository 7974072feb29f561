"""Cents without a loss: an amount is divided so that the parts add up to it exactly.

The method is the largest remainder: each part gets its whole cents, the cents that are left go to
the largest fractions, and ties are served in the order of their keys.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Any, Protocol, TypeVar


class _Ordered(Protocol):
    def __lt__(self, other: Any, /) -> bool: ...
    def __hash__(self) -> int: ...


K = TypeVar("K", bound=_Ordered)
_WIDE = Context(prec=100, rounding=ROUND_HALF_UP)


class ApportionError(ValueError):
    """The parts can't make up the whole; the message says why."""


def cents(amount: Decimal) -> int:
    """An exact amount in whole cents, halves rounded away from zero, as in tables."""
    return int(_WIDE.quantize(_WIDE.multiply(amount, Decimal(100)), Decimal(1)))


def money(whole_cents: int) -> Decimal:
    """Whole cents as an amount."""
    return Decimal(whole_cents).scaleb(-2, _WIDE)


def apportion(whole: int, parts: Mapping[K, Decimal | Fraction]) -> dict[K, int]:
    """Exact parts of an amount as cents that add up to its cents; each is within one of its own.

    Args:
        whole: the amount in cents: what the parts add up to, rounded up or down.
        parts: each in the currency's unit, exact.

    Raises:
        ApportionError: the whole is not a rounding of the sum of the parts.
    """
    exact = {key: Fraction(amount) * 100 for key, amount in parts.items()}
    return _dealt(whole, exact)


def split(whole: int, weights: Mapping[K, int | Fraction]) -> dict[K, int]:
    """Cents by weights; a part is within one cent of its share.

    Args:
        whole: the cents.
        weights: of the parts; none is negative, and one is more than zero.

    Raises:
        ApportionError: a weight is negative, or all are zero.
    """
    total = sum(map(Fraction, weights.values()), Fraction(0))
    if total <= 0 or any(weight < 0 for weight in weights.values()):
        raise ApportionError("weights are zero or more, and at least one is more than zero")
    # A refund is split like the same charge, with the sign reversed.
    size = abs(whole)
    dealt = _dealt(size, {key: size * Fraction(weight) / total for key, weight in weights.items()})
    return {key: amount if whole >= 0 else -amount for key, amount in dealt.items()}


def _dealt(whole: int, exact: Mapping[K, Fraction]) -> dict[K, int]:
    floors = {key: amount.numerator // amount.denominator for key, amount in exact.items()}
    left = whole - sum(floors.values())
    fractions = {key: exact[key] - floors[key] for key in exact if exact[key] != floors[key]}
    if not 0 <= left <= len(fractions):
        total = sum(exact.values(), Fraction(0))
        raise ApportionError(f"{whole} cents are not a rounding of {float(total):.4f}")
    # Two sorts keep the order of keys among equal fractions.
    for key in sorted(sorted(fractions), key=fractions.__getitem__, reverse=True)[:left]:
        floors[key] += 1
    return floors
