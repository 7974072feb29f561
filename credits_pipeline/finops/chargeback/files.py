"""Tables as files: CSV and spreadsheets, the same bytes each time, with hostile names as text."""

import io
import zipfile
from collections.abc import Iterable, Mapping
from decimal import Decimal

from credits_pipeline.finops.chargeback.lines import Table
from credits_pipeline.text import Outside
from credits_pipeline.text.spreadsheet import csv_cell, csv_file

#: The earliest time that a ZIP can have; files have no time of their own.
_MOMENT = (1980, 1, 1, 0, 0, 0)
_WIDEST = 60


def as_csv(table: Table) -> bytes:
    """UTF-8, a comma, a dot in decimals."""
    rows = (
        [
            cell if head in table.money else csv_cell(cell)
            for head, cell in zip(table.heads, row, strict=True)
        ]
        for row in table.rows
    )
    return csv_file([table.heads, *rows])


def as_xlsx(tables: Iterable[Table]) -> bytes:
    """A workbook with a sheet for each table; amounts are numbers to the cent, all else is text."""
    from openpyxl import Workbook  # noqa: PLC0415 - loads a library of sheets
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415 - as above
    from openpyxl.styles import Font  # noqa: PLC0415 - as above

    book = Workbook(write_only=True)
    for table in tables:
        sheet = book.create_sheet(table.name)
        sheet.freeze_panes = "A2"
        for at, head in enumerate(table.heads):
            widest = max((len(row[at]) for row in table.rows), default=0)
            letters = sheet.column_dimensions
            letters[_column(at)].width = min(_WIDEST, 2 + max(len(head), widest))
        heads = []
        for head in table.heads:
            cell = WriteOnlyCell(sheet, head)
            cell.font = Font(bold=True)
            heads.append(cell)
        sheet.append(heads)
        for row in table.rows:
            cells = []
            for head, text in zip(table.heads, row, strict=True):
                if head in table.money and text:
                    cell = WriteOnlyCell(sheet, Decimal(text))
                    # Invoices have more places than cents; these are shown too.
                    cell.number_format = "#,##0.00##########"
                else:
                    # A text is never read as a formula, whatever it begins with.
                    cell = WriteOnlyCell(sheet, Outside(text).line())
                    cell.data_type = "s"
                cells.append(cell)
            sheet.append(cells)
    book.properties.creator = "credits-pipeline"
    out = io.BytesIO()
    book.save(out)
    return _without_moments(out.getvalue())


def as_zip(files: Mapping[str, bytes]) -> bytes:
    """An archive of files in the order of their names, without timestamps."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in sorted(files.items()):
            about = zipfile.ZipInfo(name, _MOMENT)
            about.compress_type = zipfile.ZIP_DEFLATED
            about.external_attr = 0o644 << 16
            archive.writestr(about, content)
    return out.getvalue()


def _column(at: int) -> str:
    from openpyxl.utils import get_column_letter  # noqa: PLC0415 - see above

    return str(get_column_letter(at + 1))


def _without_moments(workbook: bytes) -> bytes:
    """The same workbook without the time of writing."""
    found: dict[str, bytes] = {}
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        for name in archive.namelist():
            found[name] = archive.read(name)
    moment = b"1980-01-01T00:00:00Z"
    core = found["docProps/core.xml"]
    for tag in (b"created", b"modified"):
        before, opened, rest = core.partition(b"<dcterms:" + tag)
        attributes, close, after = rest.partition(b">")
        _, end, tail = after.partition(b"</dcterms:")
        core = before + opened + attributes + close + moment + end + tail
    found["docProps/core.xml"] = core
    return as_zip(found)
