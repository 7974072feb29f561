"""US dollars as exact decimals in text: one format for machines, one for people."""

import re
from decimal import Decimal

_TYPED = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)", re.ASCII)


def from_text(text: str) -> Decimal:
    """Read an amount as people write it: digits, at most one dot, a sign in front.

    What `Decimal` reads besides, such as ``1e5``, ``1__0`` or digits of other scripts, is sooner a
    slip than an amount. ``-0`` is zero.

    Raises:
        ValueError: it is written otherwise.
    """
    told = text.strip()
    if not _TYPED.fullmatch(told):
        raise ValueError(f"{text!r} is no amount such as 1200.50")
    return Decimal(told) or Decimal(0)


def to_text(amount: Decimal) -> str:
    """Write an amount plainly: no exponent, no sign on zero, at least two decimals.

    ``Decimal("1E+3")`` is ``"1000.00"``, ``Decimal("-0")`` is ``"0.00"``, and
    ``Decimal("-6407.960000000000")`` is ``"-6407.96"``.
    """
    whole, _, fraction = format(amount or Decimal(0), "f").partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"


def for_people(amount: Decimal) -> str:
    """Write an amount for people: ``$116,319.27``, ``-$5.00``, ``$0.000001``."""
    digits = to_text(abs(amount))
    whole, _, fraction = digits.partition(".")
    return f"{'-' if amount < 0 else ''}${int(whole):,}.{fraction}"
