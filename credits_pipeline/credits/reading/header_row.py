"""The header of a table: finds it below titles, in one line or two."""

import re
from dataclasses import dataclass

from credits_pipeline.credits.reading import headers
from credits_pipeline.credits.reading.accounts import looks_like_account
from credits_pipeline.credits.reading.characters import folded, plain
from credits_pipeline.credits.reading.grid import Grid
from credits_pipeline.credits.reading.lines import Line, is_ruled

#: The most records of titles above the header.
_TITLES = 30
_NAMES = re.compile(
    r"\b(?:name|alias|label|team|owner|department|dept|project|nom|nombre|nome|kontoname|abteilung)\w*|名"
)
_NO_NAMES = re.compile(r"\b(?:service|product|credit|program\w*|dienst|produkt)\b")
_PAYER = re.compile("payer|management|master|paying|billing|organi[sz]ation")


@dataclass(frozen=True)
class Header:
    """A header record.

    Attributes:
        row: the index of its last line among the records.
        line: the line on which it begins.
        cells: its cells, as written; those of two lines joined.
        above: the lines above it that are not blank.
    """

    row: int
    line: int
    cells: tuple[str, ...]
    above: tuple[Line, ...] = ()

    @property
    def last(self) -> int:
        """The index of the last column that has a name."""
        return max(i for i, cell in enumerate(self.cells) if plain(cell))

    def cell(self, column: int) -> str:
        """A column's header; empty where it has none."""
        return self.cells[column] if column < len(self.cells) else ""

    def name(self, column: int) -> str:
        """A column's name, or its number where it has none."""
        return plain(self.cell(column)) or f"column {column + 1} (no name)"

    def is_name(self, column: int) -> bool:
        """Whether a column has names of accounts or people, which mean nothing else."""
        words = folded(self.cell(column))
        return _NAMES.search(words) is not None and not _NO_NAMES.search(words)

    def ignored(self, used: set[int]) -> tuple[str, ...]:
        """The names of the columns up to the last that were not used."""
        return tuple(self.name(column) for column in range(self.last + 1) if column not in used)


def find_header(head: Grid) -> Header | None:
    """The header record: the first that names both an account and a credit or a month.

    Without one, the first that names either. Records with an account id are data: a header can't be
    below them, unless the id is the payer's in a title.
    """
    partial: Header | None = None
    above: list[Line] = []
    rows = head.rows(0, min(_TITLES, head.height))
    for index, row in enumerate(rows):
        filled = [cell for cell in row if plain(cell)]
        if any(looks_like_account(cell) for cell in filled) and not _is_payer_title(filled):
            break
        if len(filled) > 1 and not is_ruled(row) and not _is_payer_title(filled):
            named = any(headers.is_account(cell) for cell in filled)
            credited = any(map(_is_credit_or_month, filled))
            header = Header(index, head.lines[index], tuple(row), tuple(above))
            if named and credited:
                return _with_second_line(header, rows)
            if partial is None and (named or credited):
                partial = header
        if filled:
            above.append(Line(head.lines[index], tuple(filled)))
    return partial


def header_below(grid: Grid) -> tuple[Header, Grid]:
    """The header of a grid that has one, and the records below it."""
    header = find_header(grid)
    if header is None:
        raise LookupError("the grid was recognised by its header")
    return header, grid.below(header.row)


def _is_credit_or_month(cell: str) -> bool:
    return (
        headers.is_amount(cell)
        or headers.may_be_amount(cell)
        or headers.is_not_an_amount(cell)
        or headers.month_in(cell) is not None
    )


def _is_payer_title(filled: list[str]) -> bool:
    """Whether a record is a label of the payer and its id: ``Payer account,999999999999``."""
    words = folded(filled[0])
    return (
        len(filled) <= 2  # noqa: PLR2004 - a label and an id
        and _PAYER.search(words) is not None
        and not any(character.isdigit() for character in words)
        and (len(filled) == 1 or looks_like_account(filled[1]))
    )


def _with_second_line(header: Header, rows: list[list[str]]) -> Header:
    """The header with the next line joined, if that contains the rest of its names."""
    if header.row + 1 >= len(rows):
        return header
    second = rows[header.row + 1]
    filled = [plain(cell) for cell in second if plain(cell)]
    if len(filled) < 2 or len(second) > len(header.cells) or is_ruled(second):  # noqa: PLR2004 - of two columns
        return header
    if any(character.isdigit() for cell in filled for character in cell):
        return header
    joined = tuple(
        f"{plain(cell)} {plain(second[i])}".strip() if i < len(second) else cell
        for i, cell in enumerate(header.cells)
    )
    if tuple(map(plain, second)) == tuple(map(plain, header.cells)):
        return header
    if any(map(headers.is_account, joined)) and any(map(headers.is_amount, joined)):
        return Header(header.row + 1, header.line, joined, header.above)
    return header
