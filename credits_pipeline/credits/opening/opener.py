"""Recognises a file's kind by its content, and opens it."""

from credits_pipeline.credits.opening.allocation import is_history, open_history
from credits_pipeline.credits.opening.archive import Kind, kind_of, unpacked
from credits_pipeline.credits.opening.opened import Opened
from credits_pipeline.credits.reading.refusal import NO_NAME, UnreadableFile

_ZIP = b"PK"
_OLE = b"\xd0\xcf\x11\xe0"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def open_file(
    data: bytes, *, name: str = NO_NAME, sheet: str | None = None, max_bytes: int
) -> Opened:
    """A file as the reader takes it; text stays as it is.

    Args:
        data: the file.
        name: what to call it in messages.
        sheet: the sheet to read, if it has several.
        max_bytes: a file that unpacks to more is refused.

    Raises:
        UnreadableFile: it can't be opened.
    """
    if data.startswith(_OLE):
        raise UnreadableFile(f"{name} {_of_ole(data)}.")
    if data.startswith(_ZIP):
        with unpacked(data, name=name, max_bytes=max_bytes) as archive:
            kind = kind_of(archive, name=name)
        return _spreadsheet(kind, data, name=name, sheet=sheet)
    if sheet is not None:
        raise UnreadableFile(f"{name} is not a spreadsheet: leave out --sheet.")
    return open_history(data, name=name) if is_history(data) else Opened(data)


def _spreadsheet(kind: Kind, data: bytes, *, name: str, sheet: str | None) -> Opened:
    try:
        if kind == "xlsx":
            from credits_pipeline.credits.opening.xlsx import open_xlsx  # noqa: PLC0415 - an extra

            return open_xlsx(data, name=name, asked=sheet)
        from credits_pipeline.credits.opening.ods import open_ods  # noqa: PLC0415 - as above
    except ImportError as error:
        raise UnreadableFile(
            f"{name} is a spreadsheet, and what reads those is not installed: pip install"
            " 'credits-pipeline[spreadsheets]', or save it as CSV."
        ) from error
    return open_ods(data, name=name, asked=sheet)


def _of_ole(data: bytes) -> str:
    if _ENCRYPTED in data:
        return "is protected with a password: save it without one"
    return "is an old Excel workbook (xls): save it as an Excel workbook (xlsx), or save it as CSV"
