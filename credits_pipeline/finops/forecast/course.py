"""A series of days with every fit that was possible on the way, and how wrong each later was.

The range of a forecast comes from here: from the method's own errors at the same distance.
"""

from collections.abc import Sequence
from itertools import accumulate

from credits_pipeline.finops.forecast.method import LEAST_DAYS, Fit, fit

#: Older errors say little about the method now.
WINDOW_DAYS = 120
#: Fewer past forecasts than this make no range.
_LEAST_ERRORS = 20
#: The range covers this many past errors; about nine of ten future ones will be inside.
SHARE = 0.95
#: The fit of a day is made from this many days before it.
_SEEN = 70


class Course:
    """The days of usage-based cost, from the first one on."""

    def __init__(self, days: Sequence[float]) -> None:
        """Take the series.

        Args:
            days: every day, in order.
        """
        self._days = list(days)
        self._sums = [0.0, *accumulate(self._days)]
        self._fits: dict[int, Fit | None] = {}

    def fit(self, at: int) -> Fit | None:
        """What was expected when this many days were known."""
        if at not in self._fits:
            self._fits[at] = fit(self._days[max(0, at - _SEEN) : at])
        return self._fits[at]

    def errors(self, at: int, lead: int) -> list[float]:
        """The errors of past sums of this many days, as shares of what was expected.

        Args:
            at: how many days were known.
            lead: of how many days the sums are.
        """
        found = []
        for start in range(max(LEAST_DAYS, at - lead - WINDOW_DAYS), at - lead + 1):
            past = self.fit(start)
            expected = past.sum(lead) if past is not None else 0.0
            if expected > 0:
                actual = self._sums[start + lead] - self._sums[start]
                found.append((actual - expected) / expected)
        return found

    def margin(self, at: int, lead: int) -> float | None:
        """The largest error share of nearly all past sums; None if too few are past.

        Args:
            at: how many days are known.
            lead: of how many days the sum is; if there are fewer past days, of all of them.
        """
        longest = at - LEAST_DAYS - _LEAST_ERRORS + 1
        if longest < 1:
            return None
        errors = sorted(abs(one) for one in self.errors(at, min(lead, longest)))
        if len(errors) < _LEAST_ERRORS:
            return None
        return errors[min(len(errors) - 1, int(SHARE * len(errors)))]
