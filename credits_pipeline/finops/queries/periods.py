"""A period in words, and its days. Whole months are billing months; other days are charge dates."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

from credits_pipeline.core.month import BillingMonth

THIS_MONTH, LAST_MONTH = "This month", "Last month"
PERIOD_WORDS = (THIS_MONTH, LAST_MONTH, "Last 30 days", "Last 90 days", "Last 12 months")
_ROLLING = {"Last 30 days": 30, "Last 90 days": 90}
_YEAR = 12
_BETWEEN = ".."
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_FORMS = (
    f"write one of {', '.join(PERIOD_WORDS)}, a month such as 2026-05, or a range such as "
    "2026-05-03..2026-05-09 or 2026-01..2026-03"
)


class PeriodError(ValueError):
    """The text is not a period; the message says what is one."""


@dataclass(frozen=True)
class Period:
    """Days one after the other.

    Attributes:
        word: as it was asked for.
        start: the first day.
        end: the day after the last.
        by_month: whether it is billing months, as invoices are, and not days of charges.
    """

    word: str
    start: date
    end: date
    by_month: bool

    @classmethod
    def parse(cls, text: str, today: date) -> Self:
        """Read a period.

        Args:
            text: one of `PERIOD_WORDS` in any case, ``YYYY-MM``, or ``from..to``, both included.
            today: in UTC. A day that has begun is in no rolling period; on the first of a month,
                this month is still the last one.

        Raises:
            PeriodError: it is none of them.
        """
        word = text.strip()
        named = {known.lower(): known for known in PERIOD_WORDS}.get(word.lower())
        if named is not None:
            return cls._named(named, today)
        first, between, last = word.partition(_BETWEEN)
        try:
            start = _first_day(first)
            end = _end(last if between else first)
        except (ValueError, OverflowError) as error:
            reason = "" if isinstance(error, PeriodError) else f": {error}"
            raise PeriodError(f"{text!r} is not a period{reason}; {_FORMS}") from None
        if not between and _DAY.fullmatch(first):
            raise PeriodError(
                f"{text!r} is not a period; for one day, write {first}{_BETWEEN}{first}"
            )
        if end <= start:
            raise PeriodError(f"{text!r} ends before it begins; write {last}{_BETWEEN}{first}")
        return cls(word, start, end, by_month=start.day == end.day == 1)

    @classmethod
    def of_month(cls, month: BillingMonth) -> Self:
        """A billing month."""
        return cls(str(month), _first(month), _first(month.shift(1)), by_month=True)

    @classmethod
    def _named(cls, word: str, today: date) -> Self:
        if word in _ROLLING:
            return cls(word, today - timedelta(days=_ROLLING[word]), today, by_month=False)
        now = BillingMonth(today.year, today.month)
        if word == THIS_MONTH:
            first = now if today.day > 1 else now.shift(-1)
            return cls(word, _first(first), _first(first.shift(1)), by_month=True)
        months = 1 if word == LAST_MONTH else _YEAR
        return cls(word, _first(now.shift(-months)), _first(now), by_month=True)

    @property
    def last(self) -> date:
        """The last day."""
        return self.end - timedelta(days=1)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days

    @property
    def months(self) -> tuple[str, ...]:
        """The months that it touches, as ``YYYY-MM``."""
        return tuple(str(month) for month in _months(self.start, self.last))

    def first_days(self, days: int) -> Self:
        """Its first days, by the dates of charges."""
        end = self.start + timedelta(days=days)
        return type(self)(_range(self.start, end), self.start, end, by_month=False)

    def previous(self) -> Self:
        """What stands before it: as many months, or as many days."""
        if not self.by_month:
            start = self.start - timedelta(days=self.days)
            return type(self)(_range(start, self.start), start, self.start, by_month=False)
        start = _first(BillingMonth(self.start.year, self.start.month).shift(-len(self.months)))
        months = tuple(_months(start, self.start - timedelta(days=1)))
        word = str(months[0]) if len(months) == 1 else f"{months[0]}{_BETWEEN}{months[-1]}"
        return type(self)(word, start, self.start, by_month=True)


def _range(start: date, end: date) -> str:
    return f"{start}{_BETWEEN}{end - timedelta(days=1)}"


def _first_day(text: str) -> date:
    if _DAY.fullmatch(text):
        return date.fromisoformat(text)
    return _first(_month(text))


def _end(text: str) -> date:
    if _DAY.fullmatch(text):
        return date.fromisoformat(text) + timedelta(days=1)
    return _first(_month(text).shift(1))


def _month(text: str) -> BillingMonth:
    try:
        return BillingMonth.parse(text)
    except ValueError as error:
        raise PeriodError(str(error)) from None


def _first(month: BillingMonth) -> date:
    return date(month.year, month.month, 1)


def _months(first: date, last: date) -> Iterator[BillingMonth]:
    month, end = BillingMonth(first.year, first.month), BillingMonth(last.year, last.month)
    while month <= end:
        yield month
        month = month.shift(1)
