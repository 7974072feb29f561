"""US dollars as exact decimals: one type in tables, one spelling in text."""

from decimal import Decimal

import polars as pl

#: Every amount in every table: 38 digits, 12 of them after the point (design decision 9).
USD = pl.Decimal(38, 12)
#: The most decimals an amount may have. More is a rejection, never a rounding.
SCALE = 12


def to_text(amount: Decimal) -> str:
    """Spell an amount plainly: no exponent, no sign on zero, at least two decimals.

    ``Decimal("1E+3")`` is ``"1000.00"``, ``Decimal("-0")`` is ``"0.00"``, and
    ``Decimal("-6407.960000000000")`` is ``"-6407.96"``.
    """
    whole, _, fraction = format(amount if amount else Decimal(0), "f").partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"


def text_of(amount: pl.Expr) -> pl.Expr:
    """Spell a column of `USD` as `to_text` does, as strings."""
    return amount.cast(USD).cast(pl.String).str.replace(r"^(-?\d+\.\d{2}\d*?)0+$", "${1}")


def for_people(amount: Decimal) -> str:
    """Spell an amount for reading: ``$116,319.27``, ``-$5.00``, ``$0.000001``."""
    digits = to_text(abs(amount))
    whole, _, fraction = digits.partition(".")
    return f"{'-' if amount < 0 else ''}${int(whole):,}.{fraction}"
