"""Spreadsheets for the tests: xlsx by openpyxl, and handmade ods as LibreOffice writes it."""

import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import openpyxl

Rows = Sequence[Sequence[Any]]
_MIMETYPE = "application/vnd.oasis.opendocument.spreadsheet"
_SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "table", "text", "style")
)
_MANIFEST = (
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    "{}</manifest:manifest>"
)


def xlsx(
    rows: Rows, *, change: Callable[[Any], None] | None = None, title: str = "Credits"
) -> bytes:
    """A workbook with one sheet; ``change`` may edit the sheet before it is saved."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    if change is not None:
        change(sheet)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def ods(rows: Rows, *, name: str = "Credits") -> bytes:
    """A spreadsheet with one sheet; the XML of a `Raw` cell is used as it is."""
    return ods_of(f"<table:table table:name={quoteattr(name)}>{_table(rows)}</table:table>")


def ods_of(tables: str, *, styles: str = "", manifest: str = "", more: str | None = None) -> bytes:
    """A spreadsheet with whole tables."""
    content = (
        f"<office:document-content {_SPACES}><office:automatic-styles>{styles}"
        "</office:automatic-styles><office:body><office:spreadsheet>"
        f"{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    members = {
        "mimetype": _MIMETYPE,
        "content.xml": content,
        "META-INF/manifest.xml": _MANIFEST.format(manifest),
        **({more: "x"} if more else {}),
    }
    return zipped(members)


def zipped(members: dict[str, str | bytes]) -> bytes:
    """A zip archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def with_member(data: bytes, name: str, change: Callable[[str], str]) -> bytes:
    """An archive with one changed member."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members: dict[str, str | bytes] = {n: archive.read(n) for n in archive.namelist()}
    members[name] = change(bytes(members[name]).decode() if name in members else "")  # type: ignore[arg-type]
    return zipped(members)


class Raw(str):
    """The XML of a cell."""

    __slots__ = ()


def _table(rows: Rows) -> str:
    return "".join(f"<table:table-row>{''.join(map(_cell, row))}</table:table-row>" for row in rows)


def _cell(value: Any) -> str:
    if isinstance(value, Raw):
        return str(value)
    if value is None:
        return "<table:table-cell/>"
    if isinstance(value, bool):
        given, shown = f'boolean" office:boolean-value="{str(value).lower()}', str(value).upper()
    elif isinstance(value, int | float):
        given, shown = f'float" office:value="{value!r}', f"{value}"
    elif isinstance(value, date | datetime):
        given, shown = f'date" office:date-value="{value.isoformat()}', str(value)
    else:
        given, shown = "string", escape(value)
    return (
        f'<table:table-cell office:value-type="{given}"><text:p>{shown}</text:p></table:table-cell>'
    )
