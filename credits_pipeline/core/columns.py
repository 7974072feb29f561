"""US dollars in polars tables: one type for every amount, written as text as `money` does."""

import polars as pl

#: Every amount in every table: 38 digits, 12 of them after the point (design decision 9).
USD = pl.Decimal(38, 12)
#: The most decimals an amount may have. More is a rejection, never a rounding.
SCALE = 12


def text_of(amount: pl.Expr) -> pl.Expr:
    """Write a column of `USD` as `money.to_text` does, as strings."""
    return amount.cast(USD).cast(pl.String).str.replace(r"^(-?\d+\.\d{2}\d*?)0+$", "${1}")
