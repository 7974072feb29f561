"""The profile: which columns are the account, the amount and the month, and which rows count."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from credits_pipeline.credits.reading.characters import clean

#: The sign of a credit. ``either``: all amounts have one sign, and that is the credit's.
Credit = Literal["negative", "positive", "either"]
Others = Literal["refuse", "leave_out"]
Dates = Literal["day_first", "month_first"]

_SHORT = 12


class ProfileError(Exception):
    """A profile can't be used; the message names its file, the line and the key."""


def cell_key(text: str) -> str:
    """A cell as profiles compare it: without case, invisible characters and doubled spaces."""
    return " ".join(clean(text).split()).casefold()


@dataclass(frozen=True)
class RowRule:
    """What one column says about whether a row counts.

    Attributes:
        column: its name.
        count: values of rows that count.
        leave_out: values of rows that are not credits; they are reported with their dollars.
        estimate: values of rows that may still change; they count once a person says so.
        others: what to do with any other value: refuse the file, or leave the row out.
    """

    column: str
    count: tuple[str, ...]
    leave_out: tuple[str, ...] = ()
    estimate: tuple[str, ...] = ()
    others: Others = "refuse"


@dataclass(frozen=True)
class AmountColumn:
    """Where the amount is and how it is read.

    Attributes:
        column: names, of which a file has one.
        credit: the sign that means credit.
        decimals: how many decimals count; None reads every one.
        mark: the decimal mark; None decides it over the whole file.
        exponents: amounts such as ``5E-7`` are exact, and not shortened by a spreadsheet.
    """

    column: tuple[str, ...]
    credit: Credit
    decimals: int | None = None
    mark: Literal[".", ","] | None = None
    exponents: bool = False


@dataclass(frozen=True)
class MonthColumn:
    """Where the month is.

    Attributes:
        column: names, of which the first that a file has is read; empty with `year`.
        until: the column with the end of the period, which must lie in the same month.
        year: the column of the year, if the month has its own.
        number: the column of the month beside `year`.
        dates: what ``2/1/2025`` means; None decides it over the whole file.
    """

    column: tuple[str, ...] = ()
    until: str | None = None
    year: str | None = None
    number: str | None = None
    dates: Dates | None = None


@dataclass(frozen=True)
class Profile:
    """A shape of file, described.

    Attributes:
        name: short, unique, also its file's name.
        about: one sentence for people.
        header: every cell of the header; empty if `ignored` says what may appear beside the
            columns that are read.
        account: names of the account's column, of which a file has one.
        amount: see `AmountColumn`.
        month: see `MonthColumn`; None if the file's name states the month.
        currency: names of the currency's column; empty if the profile states US dollars.
        rows: see `RowRule`; a row counts if every rule counts it.
        sums: an account's rows are parts of one credit.
        ignored: columns that change nothing; ``*`` stands for anything.
        notes: lines above and below the table that change nothing; ``*`` as above.
        text: the profile's file.
        shipped: it came with the product.
    """

    name: str
    account: tuple[str, ...]
    amount: AmountColumn
    about: str = ""
    header: tuple[str, ...] = ()
    month: MonthColumn | None = None
    currency: tuple[str, ...] = ()
    rows: tuple[RowRule, ...] = ()
    sums: bool = False
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    text: bytes = field(default=b"", repr=False, compare=False)
    shipped: bool = field(default=False, compare=False)

    @property
    def digest(self) -> str:
        """SHA-256 of its file."""
        return hashlib.sha256(self.text).hexdigest()

    @property
    def told(self) -> str:
        """The profile for people: its name and the beginning of its digest."""
        return f"{self.name} ({self.digest[:_SHORT]})"

    @property
    def used(self) -> tuple[tuple[str, ...], ...]:
        """The columns that are read, each with the names it may have."""
        month = self.month or MonthColumn()
        alone = [month.until, month.year, month.number, *(rule.column for rule in self.rows)]
        groups = [self.account, self.amount.column, month.column, self.currency]
        return tuple(
            [group for group in groups if group] + [(name,) for name in alone if name is not None]
        )

    def fits(self, cells: Sequence[str]) -> bool:
        """Whether a record of these cells is the header that the profile is for."""
        keys = [cell_key(cell) for cell in cells]
        while keys and not keys[-1]:
            keys.pop()
        if self.header and Counter(keys) != Counter(map(cell_key, self.header)):
            return False
        taken = set()
        for names in self.used:
            found = [key for key in map(cell_key, names) if key in keys]
            if not found or keys.count(found[0]) > 1:
                return False
            taken.add(found[0])
        return all(key in taken or self.ignores(key) for key in keys)

    def ignores(self, key: str) -> bool:
        """Whether a column of this `cell_key` changes nothing."""
        return matches(self.ignored, key)

    def notes_on(self, cells: Sequence[str]) -> bool:
        """Whether a record is one of the lines that change nothing."""
        return matches(self.notes, cell_key(" ".join(cell for cell in cells if clean(cell))))


def matches(patterns: Sequence[str], key: str) -> bool:
    """Whether one of the patterns, in which ``*`` stands for anything, is the whole key."""
    return any(
        re.fullmatch(".*".join(map(re.escape, cell_key(pattern).split("*"))), key, re.DOTALL)
        for pattern in patterns
    )
