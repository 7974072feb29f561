"""Finds anomalies in one series of days: far above the same weekdays of earlier weeks.

A day is an anomaly if it is more than six times the usual deviation away from the usual, and costs
a third more. The usual is computed from before the first such day; what persists after two weeks is
the new usual.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

#: Earlier days from which the usual is computed, and how many are needed.
BEFORE_DAYS = 28
LEAST_DAYS = 28
#: From this length on it is the new usual.
LONGEST = 14
WEEK = 7
#: How far from the usual, in typical deviations.
_FAR = 6.0
#: How many times the usual.
TIMES = 1.3


@dataclass(frozen=True)
class Run:
    """Consecutive days that are far above the usual.

    Attributes:
        start: the number of the first day.
        end: the number of the day after the last.
        usual: what each of them would usually cost.
    """

    start: int
    end: int
    usual: tuple[float, ...]


def runs(days: Sequence[float], *, least: float) -> list[Run]:
    """The anomalies of a series.

    Args:
        days: complete ones, in order; the first is the first on which anything could be seen.
        least: the least that one costs more than usual in all.
    """
    usual = [_usual(days[max(0, at - BEFORE_DAYS) : at], 0) for at in range(len(days))]
    distances = [abs(cost - told) for cost, told in zip(days, usual, strict=True)]
    found: list[Run] = []
    at = LEAST_DAYS
    while at < len(days):
        distance = median(distances[max(WEEK, at - BEFORE_DAYS) : at])
        if not _is_far(days[at], usual[at], distance):
            at += 1
            continue
        # The usual stays as it was before; otherwise a long anomaly would hide itself.
        before = days[max(0, at - BEFORE_DAYS) : at]
        expected: list[float] = []
        end = at
        while end < len(days) and end - at < LONGEST:
            told = _usual(before, end - at)
            if not _is_far(days[end], told, distance):
                break
            expected.append(told)
            end += 1
        if sum(days[at:end]) - sum(expected) >= least:
            found.append(Run(at, end, tuple(expected)))
        at = end
    return found


def _usual(before: Sequence[float], ahead: int) -> float:
    """The usual cost of a day so far ahead: like the same weekdays, or last week's, if more."""
    weekday = before[(len(before) + ahead) % WEEK :: WEEK]
    return max(median(weekday), weekday[-1]) if weekday else 0.0


def _is_far(cost: float, usual: float, distance: float) -> bool:
    more = cost - usual
    return more > 0 and more > max(_FAR * distance, (TIMES - 1) * usual)
