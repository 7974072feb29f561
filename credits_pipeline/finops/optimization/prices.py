"""List prices that a scan saw, by region and type of machine: for shares, never for amounts."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True)
class Prices:
    """On-demand prices of Linux machines.

    Attributes:
        hourly: by region and type.
        why_not: why a price may be missing, if asking for prices failed.
    """

    hourly: Mapping[tuple[str, str], Decimal]
    why_not: str = ""

    def saves(self, region: str, now: str, then: str) -> tuple[Fraction | None, str]:
        """The share that another type saves, or why it is not known."""
        prices = [self.hourly.get((region, kind)) for kind in (now, then)]
        missing = [kind for kind, price in zip((now, then), prices, strict=True) if not price]
        if missing or prices[0] is None or prices[1] is None:
            why = self.why_not or "AWS's price list has none"
            return None, f"the price of {' and '.join(missing)} in {region} is not known: {why}"
        return 1 - Fraction(prices[1]) / Fraction(prices[0]), ""


NONE = Prices({}, "no scan has asked for prices yet")
