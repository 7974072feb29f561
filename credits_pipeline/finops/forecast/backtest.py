"""How good forecasts would have been: every whole past month, as forecast on its days.

The run rate and the seasonal naive are shown beside the method, so that a worse method shows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from statistics import fmean

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.forecast.forecast import Forecaster
from credits_pipeline.finops.queries.daily import History
from credits_pipeline.finops.queries.periods import Period

#: The numbers of complete days after which the end of a month was forecast.
DAYS = (5, 10, 15, 20)
#: With this many past ranges, a range is widened so that this share of them would have held.
_LEAST_SCORES = 8
_SHARE = 0.9
_WIDEST = Decimal(5)
METHODS = ("forecast", "run rate", "seasonal naive")


@dataclass(frozen=True)
class Told:
    """One forecast of a month on one of its days.

    Attributes:
        month: as YYYY-MM.
        day: how many of its days were complete.
        actual: what it cost in the end.
        expected: by each of `METHODS`; None if it had no answer.
        low: of the range; None if there was none.
        high: the same.
    """

    month: str
    day: int
    actual: Decimal
    expected: dict[str, Decimal | None]
    low: Decimal | None
    high: Decimal | None

    @property
    def hit(self) -> bool | None:
        """Whether the range held; None if there was none."""
        if self.low is None or self.high is None:
            return None
        return self.low <= self.actual <= self.high

    def error(self, method: str) -> float | None:
        """The error of a method, as a share of the actual cost."""
        expected = self.expected[method]
        if expected is None or not self.actual:
            return None
        return abs(float((expected - self.actual) / self.actual))


@dataclass(frozen=True)
class Quality:
    """How good past forecasts were.

    Attributes:
        told: each of them.
        widening: the factor by which a forecast's range is widened, so that it holds as often.
    """

    told: tuple[Told, ...] = ()
    widening: Decimal = Decimal(1)

    @property
    def hits(self) -> int:
        """How many ended within their range."""
        return sum(one.hit is True for one in self.told)

    @property
    def ranges(self) -> int:
        """How many had a range."""
        return sum(one.hit is not None for one in self.told)

    def mean_error(self, method: str, day: int | None = None) -> float | None:
        """The mean error of a method, as a share; None if there is none.

        Args:
            method: one of `METHODS`.
            day: only of forecasts of this day.
        """
        errors = [
            error
            for one in self.told
            if (day is None or one.day == day) and (error := one.error(method)) is not None
        ]
        return fmean(errors) if errors else None


def backtest(history: History, forecaster: Forecaster | None = None) -> Quality:
    """Forecast every whole month of a history again, from what was known on `DAYS`."""
    if history.first is None or history.until is None:
        return Quality()
    made = forecaster or Forecaster(history)
    told: list[Told] = []
    scores: list[Decimal] = []
    for month in _whole_months(history.first, history.until):
        period = Period.of_month(month)
        actual = history.so_far(period.start, period.end)
        # Only what was over by then counts as experience.
        factor, learnt = _widening(scores), []
        for day in DAYS:
            at = period.start + timedelta(days=day)
            raw = made.forecast(period, at)
            if raw.expected is None:
                continue
            found = raw.widened(factor)
            told.append(
                Told(
                    str(month),
                    day,
                    actual,
                    {
                        "forecast": raw.expected,
                        "run rate": raw.run_rate,
                        "seasonal naive": made.naive(period, at),
                    },
                    found.low,
                    found.high,
                )
            )
            if raw.high is not None and raw.high > raw.expected:
                learnt.append(abs(actual - raw.expected) / (raw.high - raw.expected))
        scores += learnt
    return Quality(tuple(told), _widening(scores))


def _widening(scores: list[Decimal]) -> Decimal:
    """The factor that a forecast's range needed so that nine of ten held; at least one."""
    if len(scores) < _LEAST_SCORES:
        return Decimal(1)
    ordered = sorted(scores)
    found = ordered[min(len(ordered) - 1, int(_SHARE * len(ordered)))]
    return min(max(found, Decimal(1)), _WIDEST).quantize(Decimal("0.01"))


def _whole_months(first: date, until: date) -> Iterable[BillingMonth]:
    month = BillingMonth(first.year, first.month)
    if first.day > 1:
        month = month.shift(1)
    while month.shift(1).start.date() <= until:
        yield month
        month = month.shift(1)
