"""OpenDocument spreadsheets: every cell by its stored value, type, currency and shown text."""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import parse

from credits_pipeline.core.zipped import UNREADABLE
from credits_pipeline.credits.opening.numbers import plain_number
from credits_pipeline.credits.opening.opened import (
    Opened,
    Sheet,
    as_csv,
    choose,
    hidden_told,
    refuse_formula,
    refuse_merged,
)
from credits_pipeline.credits.reading.amounts import foreign_sign
from credits_pipeline.credits.reading.refusal import UnreadableFile

_NAMES = {
    "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
    "style": "urn:oasis:names:tc:opendocument:xmlns:style:1.0",
    "calcext": "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0",
}
_MOST_CELLS = 20_000_000
_MOST_ROWS = 1_048_576
_NUMBERS = frozenset({"float", "currency", "percentage"})
_FLOAT = re.compile(r"-?[0-9]+")


def _tag(name: str) -> str:
    space, _, local = name.partition(":")
    return f"{{{_NAMES[space]}}}{local}"


@dataclass
class _Cells:
    """A sheet being read: its rows of texts, and what was noticed in them."""

    rows: list[list[str]] = field(default_factory=list)
    hidden_rows: list[str] = field(default_factory=list)
    formula: str | None = None
    merged: str | None = None
    blank_above: int = 0
    held: int = 0


def open_ods(data: bytes, *, name: str, asked: str | None) -> Opened:
    """One sheet of a spreadsheet as CSV.

    Raises:
        UnreadableFile: it is damaged, or its meaning is not certain.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open("content.xml") as stream:
            root = parse(stream).getroot()
    except (*UNREADABLE, ParseError, DefusedXmlException) as error:
        raise UnreadableFile(
            f"{name} can't be read as an OpenDocument spreadsheet: save it again."
        ) from error
    hidden = _hidden_styles(root)
    tables = list(root.iterfind(".//office:spreadsheet/table:table", _NAMES))
    found = [
        (
            Sheet(
                table.get(_tag("table:name"), ""),
                table.get(_tag("table:style-name"), "") in hidden,
                not any(_holds(cell) for cell in table.iter(_tag("table:table-cell"))),
            ),
            table,
        )
        for table in tables
    ]
    chosen, told = choose([sheet for sheet, _ in found], asked, name=name)
    table = next(table for sheet, table in found if sheet.name == chosen.name)
    cells = _read(table, name=name)
    if cells.formula is not None:
        refuse_formula(cells.formula, chosen.name, name=name)
    if cells.merged is not None:
        refuse_merged(cells.merged, chosen.name, name=name)
    told += hidden_told("rows", cells.hidden_rows)
    told += hidden_told("columns", list(_hidden_columns(table, cells.rows)))
    return Opened(as_csv(cells.rows), ",", tuple(told), made=True)


def _hidden_styles(root: Element) -> set[str]:
    return {
        style.get(_tag("style:name"), "")
        for style in root.iter(_tag("style:style"))
        for properties in style.iterfind("style:table-properties", _NAMES)
        if properties.get(_tag("table:display")) == "false"
    }


def _holds(cell: Element) -> bool:
    return cell.get(_tag("office:value-type")) is not None or bool(_shown(cell).strip())


def _rows(table: Element) -> Iterator[Element]:
    """The rows of a sheet, including grouped ones, but not those of a table inside a cell."""
    for child in table:
        if child.tag == _tag("table:table-row"):
            yield child
        elif child.tag in {
            _tag("table:table-rows"),
            _tag("table:table-header-rows"),
            _tag("table:table-row-group"),
        }:
            yield from _rows(child)


def _read(table: Element, *, name: str) -> _Cells:
    cells = _Cells()
    for row in _rows(table):
        times = int(row.get(_tag("table:number-rows-repeated"), "1"))
        texts = _row(row, cells, len(cells.rows) + cells.blank_above + 1)
        if not any(texts):
            cells.blank_above += times
            continue
        cells.held += len(texts) * times
        above = len(cells.rows) + cells.blank_above
        if above + times > _MOST_ROWS or cells.held > _MOST_CELLS:
            raise UnreadableFile(f"{name} has more cells than a sheet of credits: split it.")
        cells.rows += [[]] * cells.blank_above + [texts] * times
        cells.blank_above = 0
        if row.get(_tag("table:visibility")) in {"collapse", "filter"}:
            cells.hidden_rows += [str(above + number) for number in range(1, times + 1)]
    return cells


def _row(row: Element, cells: _Cells, number: int) -> list[str]:
    texts: list[str] = []
    blank = 0
    for cell in row:
        if cell.tag not in {_tag("table:table-cell"), _tag("table:covered-table-cell")}:
            continue
        times = int(cell.get(_tag("table:number-columns-repeated"), "1"))
        covered = cell.tag == _tag("table:covered-table-cell")
        text = "" if covered else _text(cell)
        where = f"{_letter(len(texts) + blank)}{number}"
        if cell.get(_tag("table:formula")) and cell.get(_tag("office:value-type")) is None:
            cells.formula = cells.formula or where
        spanned = int(cell.get(_tag("table:number-rows-spanned"), "1"))
        if spanned > 1 and any(map(str.isdigit, text)):
            cells.merged = cells.merged or where
        if text:
            texts += [""] * blank + [text] * min(times, _MOST_ROWS)
            blank = 0
        else:
            blank += times
    return texts


def _text(cell: Element) -> str:
    """A cell as text with the same meaning."""
    kind = cell.get(_tag("office:value-type"))
    shown = _shown(cell)
    if kind in _NUMBERS:
        return _number(cell, kind or "", shown)
    if kind == "date":
        return (
            (cell.get(_tag("office:date-value")) or "").removesuffix("T00:00:00").replace("T", " ")
        )
    if kind == "boolean":
        return (cell.get(_tag("office:boolean-value")) or "").upper()
    if kind == "string":
        return cell.get(_tag("office:string-value")) or shown
    return shown


def _number(cell: Element, kind: str, shown: str) -> str:
    if cell.get(_tag("calcext:value-type")) == "error":
        return shown
    written = cell.get(_tag("office:value")) or ""
    value = int(written) if _FLOAT.fullmatch(written) else float(written or "nan")
    text = plain_number(value)
    if kind == "percentage":
        return f"{plain_number(value * 100)}%"
    if shown.isdigit() and text.isdigit() and int(shown) == int(text):
        # The format writes leading zeros.
        return shown
    currency = cell.get(_tag("office:currency")) or foreign_sign(shown) or ""
    words = "".join(c for c in shown if c.isalpha()) if kind == "float" else ""
    beside = currency or words
    return text if beside.upper() in {"", "USD", "US", "E"} else f"{text} {beside}"


def _shown(cell: Element) -> str:
    """What a cell shows: its paragraphs, including spaces and tabs stored as elements."""
    return " ".join(_inside(paragraph) for paragraph in cell.iterfind("text:p", _NAMES))


def _inside(element: Element) -> str:
    parts = [element.text or ""]
    for child in element:
        if child.tag == _tag("text:s"):
            parts.append(" " * int(child.get(_tag("text:c"), "1")))
        elif child.tag in {_tag("text:tab"), _tag("text:line-break")}:
            parts.append(" ")
        elif child.tag != _tag("office:annotation"):
            parts.append(_inside(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _hidden_columns(table: Element, rows: list[list[str]]) -> Iterator[str]:
    index = 0
    for column in table.iter(_tag("table:table-column")):
        times = int(column.get(_tag("table:number-columns-repeated"), "1"))
        if column.get(_tag("table:visibility")) in {"collapse", "filter"}:
            width = max(map(len, rows), default=0)
            for at in range(index, min(index + times, width)):
                first = next((row[at] for row in rows if at < len(row) and row[at]), None)
                if first is not None:
                    yield f"{_letter(at)} ({first})"
        index += times


def _letter(index: int) -> str:
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
