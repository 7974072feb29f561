"""A file's columns as a person sees them: their values, and what those look like."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import polars as pl

from credits_pipeline.credits.reading.accounts import looks_like_account
from credits_pipeline.credits.reading.amounts import parse_amount
from credits_pipeline.credits.reading.characters import clean
from credits_pipeline.credits.reading.months import month_text
from credits_pipeline.credits.reading.profiles.months import moment
from credits_pipeline.credits.reading.profiles.profile import cell_key
from credits_pipeline.credits.reading.values import Values

_CODE = re.compile("[A-Z]{3}")


class UndecidedError(Exception):
    """Something that only a person can say; the message says how to say it."""


@dataclass
class Columns:
    """A file's columns below its header, and which of them have a meaning so far."""

    header: list[str]
    cells: list[list[str]]
    taken: set[int] = field(default_factory=set)

    def named(self, name: str, option: str) -> int:
        """The column of a name that a person gave."""
        keys = [cell_key(cell) for cell in self.header]
        if cell_key(name) not in keys:
            raise UndecidedError(
                f"there is no column {name!r} for {option}: the header has"
                f" {', '.join(map(repr, self.header))}"
            )
        return keys.index(cell_key(name))

    def free(self, fits: Callable[[int], bool]) -> list[int]:
        """The columns without a meaning so far that fit."""
        return [i for i in range(len(self.header)) if i not in self.taken and fits(i)]

    def values(self, index: int) -> list[str]:
        """The values of a column, without blanks."""
        return [cell for cell in map(clean, self.cells[index]) if cell]

    def seen(self, index: int) -> Values:
        """The same, each different value once."""
        return Values(pl.Series(self.cells[index], dtype=pl.String))

    def all(self, index: int, reads: Callable[[str], bool]) -> bool:
        """Whether a column has values, and every cell reads like this."""
        values = self.values(index)
        return bool(values) and all(map(reads, dict.fromkeys(values)))


def is_value(cell: str) -> bool:
    """Whether a cell holds an account id or an amount."""
    return looks_like_account(cell) or (any(map(str.isdigit, cell)) and is_amount(cell))


def is_amount(cell: str) -> bool:
    """Whether a cell reads as an amount, including a float's tail."""
    return parse_amount(cell).fault is None or has_tail(cell)


def has_tail(cell: str) -> bool:
    """Whether a cell has more decimals than are ever read."""
    return re.fullmatch(r"-?[0-9]+[.,][0-9]{13,40}", clean(cell)) is not None


def is_code(cell: str) -> bool:
    """Whether a cell is three capital letters."""
    return _CODE.fullmatch(cell) is not None


def is_month(cell: str) -> bool:
    """Whether a cell states a month."""
    return month_of_cell(cell) != cell


def month_of_cell(cell: str) -> str:
    """The month that a cell states, or the cell."""
    at = moment(clean(cell))
    if at is not None:
        return f"{at.year}-{at.month:02}"
    text = month_text(cell)
    return cell if text is None else str(text.month_first or text.day_first)


def sign_of(cell: str) -> str:
    """The sign of an amount: +, - or 0."""
    spelled = parse_amount(cell)
    value = spelled.point if spelled.point is not None else spelled.comma
    if value is None:
        return "-" if clean(cell).startswith("-") else "+"
    return "0" if value == Decimal(0) else "-" if value < 0 else "+"
