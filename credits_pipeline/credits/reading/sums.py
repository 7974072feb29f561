"""Sums of money that stay exact where 38 digits are not enough."""

from collections.abc import Iterable
from decimal import Decimal, localcontext

import polars as pl

#: More digits than the sum of a million amounts of 38 digits can have.
PRECISION = 60
#: Up to this amount the sum of a million rows fits in 38 digits.
_SAFE = Decimal(10) ** 19


def exact_sum(usd: pl.Series) -> Decimal:
    """The sum of a `USD` column, nulls left out."""
    if usd.null_count() == len(usd):
        return Decimal(0)
    if fits(usd):
        return Decimal(usd.sum())
    return exact(usd.drop_nulls().to_list())


def exact(amounts: Iterable[Decimal]) -> Decimal:
    """The sum of amounts."""
    with localcontext(prec=PRECISION):
        return sum(amounts, Decimal(0))


def fits(usd: pl.Series) -> bool:
    """Whether polars can add up a `USD` column without running out of digits."""
    low, high = usd.min(), usd.max()
    if not (isinstance(low, Decimal) and isinstance(high, Decimal)):
        return True
    return low > -_SAFE and high < _SAFE
