"""Money as exact decimals in text: one format for machines, one for people."""

import re
from decimal import Decimal

#: A bill has 18 places at most; with many more, products of two amounts would not be exact.
_TYPED = re.compile(r"[-+]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})", re.ASCII)


def from_text(text: str) -> Decimal:
    """Read an amount, rate or percentage that a person typed: digits, at most one dot, a sign.

    There are at most 30 digits on either side of the dot.
    `Decimal` also reads ``1e5``, ``1__0``, ``NaN`` and digits of other scripts. Typed by a person,
    these are more likely mistakes than amounts. ``-0`` is zero.

    Raises:
        ValueError: it is written in another way.
    """
    typed = text.strip()
    if not _TYPED.fullmatch(typed):
        raise ValueError(f"{text!r} is no amount such as 1200.50")
    return Decimal(typed) or Decimal(0)


def to_text(amount: Decimal) -> str:
    """Write an amount plainly: no exponent, no sign on zero, at least two decimals.

    ``Decimal("1E+3")`` is ``"1000.00"``, ``Decimal("-0")`` is ``"0.00"``, and
    ``Decimal("-6407.960000000000")`` is ``"-6407.96"``.
    """
    whole, _, fraction = format(amount or Decimal(0), "f").partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"


def for_people(amount: Decimal, currency: str = "USD") -> str:
    """Write an amount for people, exactly: ``$116,319.27``, ``-$5.00``, ``EUR 0.000001``.

    An amount of no currency, which is the zero of no rows, has no mark.
    """
    whole, _, fraction = to_text(amount).removeprefix("-").partition(".")
    mark = {"USD": "$", "": ""}.get(currency, f"{currency} ")
    return f"{'-' if amount < 0 else ''}{mark}{int(whole):,}.{fraction}"
