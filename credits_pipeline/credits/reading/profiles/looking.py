"""Finds the header of a file that has no profile yet."""

from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from credits_pipeline.credits.reading.characters import clean
from credits_pipeline.credits.reading.grid import Grid, refuse_long_lines, split
from credits_pipeline.credits.reading.profiles.money import read_money
from credits_pipeline.credits.reading.profiles.profile import Profile
from credits_pipeline.credits.reading.profiles.sample import is_value
from credits_pipeline.credits.reading.profiles.table import Table
from credits_pipeline.credits.reading.refusal import UnreadableFile
from credits_pipeline.credits.reading.sums import exact_sum
from credits_pipeline.credits.reading.text import decode

_DELIMITERS = (",", ";", "\t", "|")
_WITHIN = 40


@dataclass(frozen=True)
class Looked:
    """A file's records, and which of them is the header."""

    grid: Grid
    header: int


def look(data: bytes, *, delimiter: str | None, max_records: int, name: str) -> Looked:
    """Find the header of a file.

    Args:
        data: CSV text.
        delimiter: between its cells, if known.
        max_records: more are refused.
        name: what to call it in messages.

    Raises:
        UnreadableFile: it is not text, or none of its first records is a header.
    """
    text = decode(data, name=name)
    refuse_long_lines(text, name=name)
    best: tuple[int, Looked] | None = None
    for sign in _DELIMITERS if delimiter is None else (delimiter,):
        if sign.encode() in text.utf8:
            grid = split(text, sign, skip_lines=0, max_records=max_records, name=name)
            header = _header(grid)
            if header is not None:
                width = len(grid.rows(header, header + 1)[0])
                if best is None or width > best[0]:
                    best = width, Looked(grid, header)
    if best is None:
        raise UnreadableFile(
            f"{name} has no header within its first {_WITHIN} records, and a profile is for a"
            " header: add a first line that names the columns."
        )
    return best[1]


def sum_of(looked: Looked, profile: Profile) -> tuple[Decimal, int, int]:
    """The sum of a profile's amount column over all rows, how many rows it covers, and unread ones.

    Raises:
        UnreadableFile: the amounts are not certain.
    """
    table = Table.below(profile, looked.grid, looked.header, name="the file")
    totals = pl.Series([index in table.total_rows() for index in range(table.grid.height)])
    cells, lines = table.column(*profile.amount.column), table.grid.lines
    keep = ~totals if len(totals) else pl.Series([], dtype=pl.Boolean)
    money = read_money(cells.filter(keep), lines.filter(keep), profile.amount, name=table.name)
    unread = money.usd.null_count()
    return exact_sum(money.usd), len(money.usd) - unread, unread


def _header(grid: Grid) -> int | None:
    """The first record that names columns: neither ids nor amounts, with rows as wide below."""
    rows = grid.rows(0, min(grid.height, _WITHIN + 1))
    for index, row in enumerate(rows[:-1]):
        filled = [clean(cell) for cell in row if clean(cell)]
        below = [clean(cell) for cell in rows[index + 1] if clean(cell)]
        if len(filled) >= len(below) > 1 and not any(map(is_value, filled)):
            return index
    return None
