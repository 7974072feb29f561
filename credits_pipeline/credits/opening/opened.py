"""An opened file: a table as CSV text, and what to report about it."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from credits_pipeline.credits.reading.refusal import UnreadableFile

_SHOWN = 5


@dataclass(frozen=True)
class Opened:
    """A file as the reader takes it.

    Attributes:
        data: CSV text; a sheet's row 7 is line 7 of it.
        delimiter: between its cells; None if the reader has to find out.
        warnings: sentences about what the text does not show.
        made: the text was made here, from another kind of file.
    """

    data: bytes = field(repr=False)
    delimiter: str | None = None
    warnings: tuple[str, ...] = ()
    made: bool = False


@dataclass(frozen=True)
class Sheet:
    """One sheet of a spreadsheet.

    Attributes:
        name: its name.
        hidden: people do not see it.
        empty: no cell has any content.
    """

    name: str
    hidden: bool
    empty: bool


def choose(sheets: Sequence[Sheet], asked: str | None, *, name: str) -> tuple[Sheet, list[str]]:
    """The sheet to read, and what to report about the others.

    Raises:
        UnreadableFile: more than one sheet could be meant, or none.
    """
    if asked is not None:
        found = next((sheet for sheet in sheets if sheet.name == asked), None)
        if found is None:
            raise UnreadableFile(f"{name} has no sheet {asked!r}: it has {_listed(sheets)}.")
        if found.empty:
            raise UnreadableFile(f"{name}: the sheet {asked!r} is empty.")
        return found, []
    seen = [sheet for sheet in sheets if not sheet.hidden and not sheet.empty]
    hidden = [sheet for sheet in sheets if sheet.hidden and not sheet.empty]
    if not seen:
        besides = f"; hidden are {_listed(hidden)}: name one with --sheet" if hidden else ""
        raise UnreadableFile(f"{name} has no sheet with anything in it{besides}.")
    if len(seen) > 1:
        raise UnreadableFile(
            f"{name} has {len(seen)} sheets, {_listed(seen)}: say which one holds the credits, with"
            f" --sheet {seen[0].name!r}."
        )
    told = [f"Hidden sheets were not read: {_listed(hidden)}."] if hidden else []
    return seen[0], told


def as_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows of cells as CSV, one line each."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        cells = [" ".join(cell.split("\n")).replace("\r", " ") for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            writer.writerow(cells if len(cells) > 1 else [*cells, ""])
        else:
            text.write("\n")
    return text.getvalue().encode()


def hidden_told(what: str, hidden: Sequence[str]) -> list[str]:
    """A sentence about hidden rows or columns, if there are any."""
    if not hidden:
        return []
    shown = ", ".join(hidden[:_SHOWN])
    more = f" and {len(hidden) - _SHOWN:,} more" if len(hidden) > _SHOWN else ""
    return [f"Hidden {what} were read like all others: {shown}{more}."]


def refuse_formula(cell: str, sheet: str, *, name: str) -> NoReturn:
    """Refuse a formula whose value is not stored.

    Raises:
        UnreadableFile: always.
    """
    raise UnreadableFile(
        f"{name}, sheet {sheet!r}, cell {cell}: a formula without a stored value; open the file in"
        " a spreadsheet program, save it, and try again."
    )


def refuse_merged(cells: str, sheet: str, *, name: str) -> NoReturn:
    """Refuse a number in a cell that spans several rows.

    Raises:
        UnreadableFile: always.
    """
    raise UnreadableFile(
        f"{name}, sheet {sheet!r}: the cells {cells} are merged into one over several rows; whose"
        " row its number belongs to is unclear: unmerge them, and write into each row what it"
        " says."
    )


def _listed(sheets: Sequence[Sheet]) -> str:
    shown = ", ".join(repr(sheet.name) for sheet in sheets[:_SHOWN])
    more = len(sheets) - _SHOWN
    return shown + (f" and {more} more" if more > 0 else "")
