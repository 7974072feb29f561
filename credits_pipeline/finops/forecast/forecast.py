"""The forecast of a period: what is known, what is expected of the days left, and the range.

Under 14 days of history there is a run rate only; from then on it is shown beside the forecast.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.forecast.course import Course
from credits_pipeline.finops.forecast.lumps import ToCome, habits, still_to_come
from credits_pipeline.finops.forecast.method import LEAST_DAYS, WEEK
from credits_pipeline.finops.queries.daily import History
from credits_pipeline.finops.queries.exactly import total
from credits_pipeline.finops.queries.periods import Period

_CENT = Decimal("0.01")
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Forecast:
    """What a period will cost. All but `so_far` are estimates, rounded to the cent.

    Attributes:
        period: the period forecast.
        so_far: what its bills say up to now, exact.
        until: the day after the last complete one; None without a bill.
        past: what each complete day of the period cost, exact, in order.
        days: what each other day is expected to cost, in order; with `past` it sums to `expected`.
        expected: what the whole period will cost; None if that can't be estimated yet.
        low: nine of ten past forecasts ended above it; None if too few are past.
        high: the same, below it.
        run_rate: what the period would cost if its days went on at their average.
        history_days: complete days that it was made from.
        why_not: why there is no forecast; empty if there is one.
    """

    period: Period
    so_far: Decimal
    until: date | None
    past: tuple[tuple[date, Decimal], ...] = ()
    days: tuple[tuple[date, Decimal], ...] = ()
    expected: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    run_rate: Decimal | None = None
    history_days: int = 0
    why_not: str = ""

    @property
    def is_over(self) -> bool:
        """Whether every day of the period is complete, and nothing is left to be forecast."""
        return self.until is not None and self.until >= self.period.end

    def widened(self, times: Decimal) -> "Forecast":
        """The same with a range that is this many times as wide."""
        if self.expected is None or self.low is None or self.high is None:
            return self
        below = ((self.expected - self.low) * times).quantize(_CENT, ROUND_HALF_UP)
        above = ((self.high - self.expected) * times).quantize(_CENT, ROUND_HALF_UP)
        return replace(self, low=self.expected - below, high=self.expected + above)


class Forecaster:
    """Forecasts over one history, as they are now and as they were on a day of the past."""

    def __init__(self, history: History) -> None:
        """Take the days of a scope.

        Args:
            history: of it.
        """
        self.history = history
        self._first = min(history.use, default=None)
        self._course = Course(self._use())

    def forecast(self, period: Period, at: date | None = None) -> Forecast:
        """What a period will cost.

        Args:
            period: whole months.
            at: as it was forecast on a day of the past, that day being incomplete; None for now.
        """
        known = self.history if at is None else _before(self.history, at)
        until = known.until
        so_far = known.so_far(period.start, period.end)
        if until is None or known.first is None:
            return Forecast(period, so_far, until, why_not="no bill covers it")
        past = _past(known, period, until)
        run_rate = _run_rate(past, period)
        if until >= period.end:
            return Forecast(
                period, so_far, until, past=past, expected=so_far, low=so_far, high=so_far,
                run_rate=so_far, history_days=known.days,
            )  # fmt: skip
        if known.days < LEAST_DAYS:
            why = f"there are {known.days} complete days, and a forecast needs {LEAST_DAYS}"
            return Forecast(
                period, so_far, until, past=past, run_rate=run_rate, history_days=known.days,
                why_not=why,
            )  # fmt: skip
        days, margin = self._days(known, period, until)
        fees = self._fees(known, period, until)
        start = max(until, period.start)
        # Non-recurring cost is known, even on an incomplete day.
        came = [(one.day, one.cost) for one in known.lumps if start <= one.day < period.end]
        left: dict[date, Decimal] = {}
        for day, cost in (*days, *came, *((fee.day, fee.cost) for fee in fees)):
            left[day] = left.get(day, Decimal(0)) + cost
        expected = total([*(cost for _, cost in past), *left.values()])
        expected = expected.quantize(_CENT, ROUND_HALF_UP)
        spread = None
        if margin is not None:
            use = total(cost for _, cost in days)
            spread = abs(_money(float(use) * margin))
            # Monthly charges may change as much as they did last month.
            spread += abs(total(fee.change for fee in fees)).quantize(_CENT, ROUND_HALF_UP)
        return Forecast(
            period,
            so_far,
            until,
            past=past,
            days=tuple(sorted(left.items())),
            expected=expected,
            low=None if spread is None else expected - spread,
            high=None if spread is None else expected + spread,
            run_rate=run_rate,
            history_days=known.days,
        )

    def naive(self, period: Period, at: date) -> Decimal | None:
        """The seasonal naive: each day as the same weekday of the week before; for comparison."""
        known = _before(self.history, at)
        if known.until is None or known.days < WEEK:
            return None
        start = max(known.until, period.start)
        days = [known.until - n * _DAY for n in range(WEEK, 0, -1)]
        week = [known.so_far(day, day + _DAY) for day in days]
        shift = (start - known.until).days
        rest = total(week[(shift + n) % WEEK] for n in range((period.end - start).days))
        return known.so_far(period.start, known.until) + rest

    def _use(self) -> list[float]:
        if self._first is None or self.history.until is None:
            return []
        count = (self.history.until - self._first).days
        return [
            float(self.history.use.get(self._first + timedelta(days=at), Decimal(0)))
            for at in range(max(0, count))
        ]

    def _days(
        self, known: History, period: Period, until: date
    ) -> tuple[list[tuple[date, Decimal]], float | None]:
        """The expected usage cost of each incomplete day, and by what share it may be wrong."""
        start, count = max(until, period.start), (period.end - until).days
        if self._first is None:
            return [], 0.0
        at = (until - self._first).days
        found = self._course.fit(at)
        if found is None:
            # Usage-based cost began later than the fees.
            seen = [known.use.get(self._first + timedelta(days=n), Decimal(0)) for n in range(at)]
            mean = _money(float(total(seen)) / len(seen)) if seen else Decimal(0)
            return [(until + timedelta(days=n), mean) for n in range(count)
                    if until + timedelta(days=n) >= start], None  # fmt: skip
        days = []
        for offset, value in enumerate(found.days(count)):
            day = until + timedelta(days=offset)
            if day >= start:
                # A day that has begun costs at least what it did so far.
                days.append((day, max(_money(value), known.use.get(day, Decimal(0)))))
        return days, self._course.margin(at, count)

    def _fees(self, known: History, period: Period, until: date) -> list[ToCome]:
        now = BillingMonth(until.year, until.month)
        usual = habits(known.lumps, now.shift(-1), known.first or until)
        found: list[ToCome] = []
        for word in period.months:
            month = BillingMonth.parse(word)
            start, end = month.start.date(), month.shift(1).start.date()
            if end <= until:
                continue
            came: dict[tuple[str, ...], Decimal] = {}
            for lump in known.lumps:
                if start <= lump.day < end:
                    came[lump.key] = came.get(lump.key, Decimal(0)) + lump.cost
            found += still_to_come(came, usual, month, until)
        return found


def _before(history: History, at: date) -> History:
    """The history as it was when a day began."""
    until = at if history.until is None else min(at, history.until)
    return History(
        {day: cost for day, cost in history.use.items() if day < at},
        tuple(lump for lump in history.lumps if lump.day < at),
        history.first if history.first is not None and history.first < at else None,
        until,
    )


def _past(known: History, period: Period, until: date) -> tuple[tuple[date, Decimal], ...]:
    """What each complete day of a period cost, including those without a charge."""
    end = min(until, period.end)
    found = {period.start + n * _DAY: Decimal(0) for n in range(max(0, (end - period.start).days))}
    for day, cost in (*known.use.items(), *((lump.day, lump.cost) for lump in known.lumps)):
        if day in found:
            found[day] = total([found[day], cost])
    return tuple(found.items())


def _run_rate(past: tuple[tuple[date, Decimal], ...], period: Period) -> Decimal | None:
    if not past:
        return None
    spent = total(cost for _, cost in past)
    return (spent * period.days / len(past)).quantize(_CENT, ROUND_HALF_UP)


def _money(value: float) -> Decimal:
    return Decimal(repr(value)).quantize(_CENT, ROUND_HALF_UP)
