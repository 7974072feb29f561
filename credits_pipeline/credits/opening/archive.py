"""The zip archive that a spreadsheet is: how much it unpacks to, and which kind it is."""

import io
import zipfile
from typing import Literal

from credits_pipeline.core.zipped import UNREADABLE
from credits_pipeline.credits.reading.refusal import UnreadableFile

Kind = Literal["xlsx", "ods"]

_MOST_MEMBERS = 5_000
_LISTED = "[Content_Types].xml"
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"
#: An archive's own directory, which is read before it is known to be a spreadsheet.
_LONGEST_LIST = 2_000_000
_ENCRYPTED = 0x1


def unpacked(data: bytes, *, name: str, max_bytes: int) -> zipfile.ZipFile:
    """The archive, unless it would fill the memory.

    Raises:
        UnreadableFile: it is damaged, protected, or unpacks to too much.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except UNREADABLE as error:
        raise UnreadableFile(
            f"{name} is a damaged zip archive: save it again, or save it as CSV."
        ) from error
    members = archive.infolist()
    size = sum(member.file_size for member in members)
    if size > max_bytes or len(members) > _MOST_MEMBERS:
        raise UnreadableFile(
            f"{name} unpacks to {size:,} bytes in {len(members):,} parts; at most {max_bytes:,} are"
            " read: leave in it only the sheet with the credits, or raise CREDITS_MAX_BYTES."
        )
    if any(member.flag_bits & _ENCRYPTED for member in members):
        raise UnreadableFile(f"{name} is protected with a password: save it without one.")
    return archive


def kind_of(archive: zipfile.ZipFile, *, name: str) -> Kind:
    """Which kind of spreadsheet it is.

    Raises:
        UnreadableFile: it is of a kind that is not read.
    """
    names = set(archive.namelist())
    types = _member(archive, _LISTED, name=name).decode(errors="replace")
    if "sheet.binary" in types or "xl/workbook.bin" in names:
        raise UnreadableFile(
            f"{name} is a binary Excel workbook (xlsb): save it as an Excel workbook (xlsx)."
        )
    with_macros = "macroEnabled" in types or any(n.endswith("vbaProject.bin") for n in names)
    if with_macros or any(n.startswith("Basic/") for n in names):
        raise UnreadableFile(
            f"{name} holds macros: save it without them, as an Excel workbook (xlsx) or an"
            " OpenDocument spreadsheet (ods)."
        )
    if "spreadsheetml.sheet.main" in types or "spreadsheetml.template.main" in types:
        return "xlsx"
    if _member(archive, "mimetype", name=name).startswith(_ODS):
        if b"encryption-data" in _member(archive, "META-INF/manifest.xml", name=name):
            raise UnreadableFile(f"{name} is protected with a password: save it without one.")
        return "ods"
    if "Index/Document.iwa" in names or any(n.endswith(".iwa") for n in names):
        raise UnreadableFile(f"{name} is an Apple Numbers document: export it as Excel or CSV.")
    raise UnreadableFile(f"{name} is a zip archive, not a spreadsheet: unpack it first.")


def _member(archive: zipfile.ZipFile, member: str, *, name: str) -> bytes:
    try:
        with archive.open(member) as stream:
            return stream.read(_LONGEST_LIST)
    except KeyError:
        return b""
    except UNREADABLE as error:
        raise UnreadableFile(
            f"{name} is a damaged zip archive: save it again, or save it as CSV."
        ) from error
