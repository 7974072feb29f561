"""Several months: a quarter, the year to date, a fiscal year, and the same a year before."""

from dataclasses import dataclass
from typing import Protocol, Self

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.chargeback.model import Model
from credits_pipeline.finops.chargeback.statement import Statement

MONTH, QUARTER, TO_DATE, YEAR = SPANS = ("month", "quarter", "year-to-date", "fiscal-year")
_QUARTER, _YEAR = 3, 12


class Stating(Protocol):
    """Anything that has the statement of a month."""

    def statement(self, month: BillingMonth, model: Model) -> Statement:
        """As it was closed, or as it is now."""
        ...


@dataclass(frozen=True)
class Span:
    """Consecutive whole months.

    Attributes:
        name: for people, such as ``Q2 of FY2027``.
        months: in order.
    """

    name: str
    months: tuple[BillingMonth, ...]

    @classmethod
    def of(cls, word: str, month: BillingMonth, begins: int = 1) -> Self:
        """The span that contains a month.

        Args:
            word: one of `SPANS`; the year to date ends with the month.
            month: the month.
            begins: the month of the calendar in which the fiscal year begins.

        Raises:
            ValueError: there is no such span.
        """
        if word == MONTH:
            return cls(str(month), (month,))
        into = (month.month - begins) % _YEAR
        first = month.shift(-into)
        # A fiscal year is named after the year in which it ends.
        ends = first.shift(_YEAR - 1).year
        year = f"{ends}" if begins == 1 else f"FY{ends}"
        match word:
            case "quarter":
                number = into // _QUARTER
                start = first.shift(number * _QUARTER)
                return cls(f"Q{number + 1} of {year}", _row(start, _QUARTER))
            case "year-to-date":
                return cls(f"{year} to {month}", _row(first, into + 1))
            case "fiscal-year":
                return cls(year, _row(first, _YEAR))
            case _:
                raise ValueError(f"{word!r} is not one of {', '.join(SPANS)}")

    @property
    def last_year(self) -> "Span":
        """The same months a year before."""
        return Span(
            f"{self.name}, a year before", tuple(month.shift(-_YEAR) for month in self.months)
        )


@dataclass(frozen=True)
class Owed:
    """What owners owe over a span.

    Attributes:
        span: the months.
        cents: by currency and owner; None for unallocated.
        stated: the months that have a statement.
    """

    span: Span
    cents: dict[str, dict[str | None, int]]
    stated: tuple[str, ...]


def owed(stating: Stating, model: Model, span: Span) -> Owed:
    """Add up the statements of a span; currencies are never added."""
    cents: dict[str, dict[str | None, int]] = {}
    there = []
    for month in span.months:
        statement = stating.statement(month, model)
        if statement.sections:
            there.append(str(month))
        for section in statement.sections:
            sums = cents.setdefault(section.currency, {})
            for owner, kinds in section.owners.items():
                sums[owner] = sums.get(owner, 0) + sum(kinds.values())
    return Owed(span, cents, tuple(there))


def _row(first: BillingMonth, count: int) -> tuple[BillingMonth, ...]:
    return tuple(first.shift(at) for at in range(count))
