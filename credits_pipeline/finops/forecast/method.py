"""The method: the level of the last 14 days times what each weekday usually is.

Pure numbers: a series of days goes in, what a day is expected to cost comes out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

#: Fewer days than this are no ground for more than a run rate.
LEAST_DAYS = 14
LEVEL_DAYS = 14
WEEK = 7
PROFILE_WEEKS = 8


@dataclass(frozen=True)
class Fit:
    """What is expected of the days that follow.

    Attributes:
        level: a day of an average weekday.
        profile: what each weekday is to the level, beginning with that of the day which follows.
    """

    level: float
    profile: tuple[float, ...]

    def days(self, count: int) -> list[float]:
        """Each of the days that follow."""
        return [self.level * self.profile[at % WEEK] for at in range(count)]

    def sum(self, count: int) -> float:
        """All of them."""
        weeks, rest = divmod(count, WEEK)
        return self.level * (weeks * sum(self.profile) + sum(self.profile[:rest]))


def fit(days: Sequence[float]) -> Fit | None:
    """The fit of a series, its last day being yesterday; None where it is too short.

    Args:
        days: complete ones, in their order.
    """
    if len(days) < LEAST_DAYS:
        return None
    # Two whole weeks: each weekday counts as often as another.
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
