"""Forecasts as they were really issued, day by day, and how many of them held in the end.

A back-test is what would have been forecast; this is what was.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from credits_pipeline.finops.forecast.forecast import Forecast

#: How many periods of a subject are kept, the newest.
_PERIODS = 14


@dataclass(frozen=True)
class Issued:
    """The forecasts issued for some subjects.

    Attributes:
        told: by subject, period and the day after the last complete one: expected, low and high.
    """

    told: Mapping[str, Mapping[str, Mapping[str, tuple[str, str, str]]]] = field(
        default_factory=dict
    )

    def with_(self, subject: str, found: Forecast) -> "Issued":
        """It with one more; of several on one day the last one counts."""
        if found.expected is None or found.low is None or found.high is None or found.is_over:
            return self
        period = f"{found.period.start}..{found.period.last}"
        periods = {key: dict(days) for key, days in self.told.get(subject, {}).items()}
        days = periods.setdefault(period, {})
        days[str(found.until)] = (f"{found.expected:f}", f"{found.low:f}", f"{found.high:f}")
        kept = dict(sorted(periods.items())[-_PERIODS:])
        return Issued({**self.told, subject: kept})

    def hits(self, subject: str, actual: Callable[[str], Decimal | None]) -> tuple[int, int]:
        """How many ended within their range, and how many are over.

        Args:
            subject: of which.
            actual: what a period, as ``first..last``, cost in the end; None while it goes on.
        """
        held = over = 0
        for period, days in self.told.get(subject, {}).items():
            cost = actual(period)
            if cost is None:
                continue
            for _, low, high in days.values():
                over += 1
                held += Decimal(low) <= cost <= Decimal(high)
        return held, over

    @classmethod
    def of(cls, stored: Mapping[str, Any] | None) -> "Issued":
        """From the stored form."""
        if stored is None:
            return cls()
        return cls(
            {
                subject: {
                    period: {day: (one[0], one[1], one[2]) for day, one in days.items()}
                    for period, days in periods.items()
                }
                for subject, periods in stored["told"].items()
            }
        )

    def stored(self) -> dict[str, Any]:
        """The stored form."""
        return {
            "told": {
                subject: {
                    period: {day: list(one) for day, one in days.items()}
                    for period, days in periods.items()
                }
                for subject, periods in self.told.items()
            }
        }
