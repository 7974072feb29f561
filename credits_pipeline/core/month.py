"""The billing month: the unit in which credits are owed, filed, partitioned and dropped."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

_TEXT = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})")


@dataclass(frozen=True, order=True)
class BillingMonth:
    """A calendar month in UTC, written ``YYYY-MM``. Ordered by time."""

    year: int
    month: int

    def __post_init__(self) -> None:
        """Reject what is not a month.

        Raises:
            ValueError: the month is not 1 to 12 or the year not 1 to 9998.
        """
        if not (1 <= self.month <= 12 and 1 <= self.year <= 9998):  # noqa: PLR2004 - the calendar
            raise ValueError(f"{self.year:04d}-{self.month:02d} is not a month of the calendar")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``YYYY-MM``.

        Raises:
            ValueError: the text is not of that form, or not a month of the calendar.
        """
        match = _TEXT.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a month: write YYYY-MM, such as 2025-01")
        return cls(int(match["year"]), int(match["month"]))

    @classmethod
    def of_partition(cls, key: str) -> Self:
        """Read Dagster's monthly partition key, ``YYYY-MM-01``."""
        return cls.parse(key.removesuffix("-01") if len(key) == len("YYYY-MM-01") else key)

    @classmethod
    def at(cls, moment: datetime) -> Self:
        """The month that an aware moment falls in, in UTC."""
        utc = moment.astimezone(UTC)
        return cls(utc.year, utc.month)

    @property
    def partition_key(self) -> str:
        """Dagster's key of this month, ``YYYY-MM-01``."""
        return f"{self}-01"

    @property
    def start(self) -> datetime:
        """The first second of the month, aware, UTC."""
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The last second of the month, aware, UTC."""
        return self.shift(1).start - timedelta(seconds=1)

    @property
    def hours(self) -> int:
        """How many hours the month has: 672 to 744."""
        return (self.shift(1).start - self.start) // timedelta(hours=1)

    def shift(self, months: int) -> Self:
        """The month so many months later, or earlier if negative."""
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        return type(self)(year, month + 1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"
