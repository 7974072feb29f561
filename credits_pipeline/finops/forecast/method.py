"""The method: the level of the last 14 days times the usual share of each weekday.

Pure numbers: a series of days goes in, what a day is expected to cost comes out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

#: Fewer days than this allow only a run rate.
LEAST_DAYS = 14
LEVEL_DAYS = 14
WEEK = 7
PROFILE_WEEKS = 8


@dataclass(frozen=True)
class Fit:
    """What is expected of the following days.

    Attributes:
        level: a day of an average weekday.
        profile: each weekday's share of the level, beginning with the following day's.
    """

    level: float
    profile: tuple[float, ...]

    def days(self, count: int) -> list[float]:
        """Each of the following days."""
        return [self.level * self.profile[at % WEEK] for at in range(count)]

    def sum(self, count: int) -> float:
        """All of them."""
        weeks, rest = divmod(count, WEEK)
        return self.level * (weeks * sum(self.profile) + sum(self.profile[:rest]))


def fit(days: Sequence[float]) -> Fit | None:
    """The fit of a series whose last day is yesterday; None if it is too short.

    Args:
        days: complete ones, in order.
    """
    if len(days) < LEAST_DAYS:
        return None
    # Two whole weeks: each weekday counts equally often.
    return Fit(fmean(days[-LEVEL_DAYS:]), _profile(days))


def _profile(days: Sequence[float]) -> tuple[float, ...]:
    """The median of each weekday's share of its week, over the last eight weeks."""
    weeks = min(PROFILE_WEEKS, len(days) // WEEK)
    shares: list[list[float]] = [[] for _ in range(WEEK)]
    for week in range(weeks):
        end = len(days) - week * WEEK
        block = days[end - WEEK : end]
        mean = fmean(block)
        if mean > 0:
            for at, value in enumerate(block):
                shares[at].append(value / mean)
    if not shares[0]:
        return (1.0,) * WEEK
    found = [median(one) for one in shares]
    mean = fmean(found)
    if mean <= 0:
        return (1.0,) * WEEK
    return tuple(one / mean for one in found)
