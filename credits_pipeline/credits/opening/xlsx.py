"""Excel workbooks, read by openpyxl: every cell by its stored value, type and number format."""

import io
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import iterparse
from openpyxl.reader.excel import ExcelReader
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from credits_pipeline.core.zipped import UNREADABLE
from credits_pipeline.credits.opening.numbers import shown_number
from credits_pipeline.credits.opening.opened import (
    Opened,
    Sheet,
    as_csv,
    choose,
    hidden_told,
    refuse_formula,
    refuse_merged,
)
from credits_pipeline.credits.reading.refusal import UnreadableFile

_DAMAGED = (
    *UNREADABLE,
    InvalidFileException,
    ParseError,
    TypeError,
    IndexError,
    AttributeError,
)
#: A format that shows nothing at all.
_INVISIBLE = ";;;"


def open_xlsx(data: bytes, *, name: str, asked: str | None) -> Opened:
    """One sheet of a workbook as CSV.

    Raises:
        UnreadableFile: it is damaged, or its meaning is not certain.
    """
    try:
        book, parts = _load(data)
    except _DAMAGED as error:
        raise UnreadableFile(
            f"{name} can't be read as an Excel workbook: save it again."
        ) from error
    sheets = [
        Sheet(sheet.title, sheet.sheet_state != "visible", _is_empty(sheet))
        for sheet in book.worksheets
    ]
    chosen, told = choose(sheets, asked, name=name)
    sheet = book[chosen.name]
    cell = _unsaved_formula(data, parts[chosen.name], name=name)
    if cell is not None:
        refuse_formula(cell, chosen.name, name=name)
    _refuse_merged(sheet, name=name)
    rows = [[_text(cell) for cell in row] for row in sheet.iter_rows()]
    told += hidden_told("rows", [str(row) for row in _hidden_rows(sheet)])
    told += hidden_told("columns", list(_hidden_columns(sheet, rows)))
    told += hidden_told("cells", [c.coordinate for c in _cells(sheet) if _is_invisible(c)])
    return Opened(as_csv(rows), ",", tuple(told), made=True)


def _load(data: bytes) -> tuple[Workbook, dict[str, str]]:
    """The workbook, and each sheet's part of the archive."""
    with warnings.catch_warnings():
        # What openpyxl ignores (validations, images) says nothing about a cell's value.
        warnings.simplefilter("ignore")
        reader = ExcelReader(io.BytesIO(data), data_only=True, keep_links=False)
        reader.read()
        parts = {sheet.name: rel.target for sheet, rel in reader.parser.find_sheets()}
    return reader.wb, parts


def _is_empty(sheet: Worksheet) -> bool:
    return all(cell.value is None for cell in _cells(sheet))


def _cells(sheet: Worksheet) -> Iterator[Any]:
    for row in sheet.iter_rows():
        yield from row


def _text(cell: Any) -> str:
    """A cell as text with the same meaning."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return shown_number(value, cell.number_format or "General")
    if isinstance(value, datetime):
        moment = value.replace(microsecond=0)
        return str(moment.date() if moment.time() == time() else moment)
    return str(value) if not isinstance(value, date) else value.isoformat()


def _is_invisible(cell: Any) -> bool:
    return cell.value is not None and (cell.number_format or "").strip() == _INVISIBLE


def _hidden_rows(sheet: Worksheet) -> list[int]:
    filled = {cell.row for cell in _cells(sheet) if cell.value is not None}
    return sorted(n for n, row in sheet.row_dimensions.items() if row.hidden and n in filled)


def _hidden_columns(sheet: Worksheet, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The letters of hidden columns with content, and the first content of each."""
    width = max(map(len, rows), default=0)
    for dimension in sheet.column_dimensions.values():
        if dimension.hidden:
            for index in range(dimension.min or 1, min(dimension.max or 1, width) + 1):
                first = next((row[index - 1] for row in rows if row[index - 1]), None)
                if first is not None:
                    yield f"{get_column_letter(index)} ({first})"


def _refuse_merged(sheet: Worksheet, *, name: str) -> None:
    for merged in sheet.merged_cells.ranges:
        value = sheet.cell(merged.min_row, merged.min_col).value
        if merged.max_row > merged.min_row and any(map(str.isdigit, str(value or ""))):
            refuse_merged(merged.coord, sheet.title, name=name)


def _unsaved_formula(data: bytes, part: str, *, name: str) -> str | None:
    """The first cell with a formula whose value is not stored."""
    try:
        with (
            zipfile.ZipFile(io.BytesIO(data)) as archive,
            archive.open(part.lstrip("/")) as stream,
        ):
            for _, element in iterparse(stream):
                if _local(element) == "c":
                    if _lacks_value(element):
                        return str(element.get("r", "?"))
                    element.clear()
    except _DAMAGED as error:
        raise UnreadableFile(
            f"{name} can't be read as an Excel workbook: save it again."
        ) from error
    return None


def _lacks_value(cell: Element) -> bool:
    """Whether a cell has a formula and no value; an empty text is one."""
    parts = {_local(child): child for child in cell}
    if "f" not in parts:
        return False
    return "v" not in parts or (not parts["v"].text and cell.get("t") != "str")


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
