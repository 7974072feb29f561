"""From bytes to text: which encoding, and which files are no text at all."""

import codecs
from dataclasses import dataclass, field, replace

from credits_pipeline.credits.reading.refusal import UnreadableFile, split_command

_SAVE_AS_CSV = "open it and save it as CSV"
#: First bytes of files that people rename to .csv, and what they are.
_SIGNATURES = (
    (
        b"PK\x03\x04",
        "is a spreadsheet or another zip archive, not CSV text: make its files with {command}",
    ),
    (b"PK\x05\x06", f"is an empty zip archive, not CSV text: {_SAVE_AS_CSV}"),
    (b"PK\x07\x08", f"is a zip archive, not CSV text: {_SAVE_AS_CSV}"),
    (b"\xd0\xcf\x11\xe0", f"is an old Excel workbook (xls), not CSV text: {_SAVE_AS_CSV}"),
    (b"\x1f\x8b", "is compressed with gzip: unpack it first"),
    (b"BZh", "is compressed with bzip2: unpack it first"),
    (b"\xfd7zXZ", "is compressed with xz: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "is compressed with zstd: unpack it first"),
    (b"7z\xbc\xaf", "is a 7-Zip archive: unpack it first"),
    (b"%PDF", "is a PDF document: export the table as CSV"),
    (b"PAR1", "is a Parquet file: export the table as CSV"),
    (b"{\\rtf", "is a rich-text document: export the table as CSV"),
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True)
class Text:
    """A file as text.

    Attributes:
        utf8: everything after the byte-order mark, as UTF-8, whatever it was encoded as.
        encoding: how it was encoded.
        warnings: sentences about what had to be assumed.
    """

    utf8: bytes = field(repr=False)
    encoding: str
    warnings: tuple[str, ...] = ()

    def decoded(self) -> str:
        """The whole text; most large files are read without it."""
        return self.utf8.decode()


def decode(data: bytes, *, name: str) -> Text:
    """Find a file's encoding.

    A byte-order mark is trusted. Without one, UTF-8 is tried strictly, then UTF-16 if the zero
    bytes show it, then Windows-1252 with a warning: it is what Excel writes as "CSV" in Western
    languages, and every byte of an id or an amount is the same in both.

    Raises:
        UnreadableFile: empty, not text, or text of no known encoding.
    """
    if not data:
        raise UnreadableFile(f"{name} is empty (zero bytes): upload it again with its rows.")
    for signature, what in _SIGNATURES:
        if data.startswith(signature):
            raise UnreadableFile(f"{name} {what.format(command=split_command(name))}.")
    text = _decoded(data, name=name)
    while text.utf8.startswith(codecs.BOM_UTF8):
        text = replace(text, utf8=text.utf8[len(codecs.BOM_UTF8) :])
    if b"\x00" in text.utf8:
        raise UnreadableFile(
            f"{name} holds NUL characters: it is damaged or not text; export it again."
        )
    start = text.utf8[:1000].lstrip()
    if start.startswith(b"<"):
        raise UnreadableFile(
            f"{name} is a web page or XML, not CSV text: it may be a sign-in page saved instead of"
            " the download; download the CSV again."
        )
    if start.startswith((b"{", b"[")):
        raise UnreadableFile(f"{name} is JSON, not CSV text: export the table as CSV.")
    return text


def _decoded(data: bytes, *, name: str) -> Text:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            try:
                return Text(data[len(bom) :].decode(encoding).encode(), encoding)
            except UnicodeDecodeError as error:
                raise UnreadableFile(
                    f"{name} says that it is {encoding} but is not, from byte"
                    f" {len(bom) + error.start} on: it is cut off or damaged; export it again."
                ) from error
    if b"\x00" in data:
        return _utf16_without_bom(data, name=name)
    try:
        if not data.isascii():
            data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    else:
        return Text(data, "utf-8")
    try:
        content = data.decode("cp1252")
    except UnicodeDecodeError as error:
        raise UnreadableFile(
            f"{name} is neither UTF-8 nor Windows-1252 text (byte {error.start}): save it as CSV"
            " UTF-8."
        ) from error
    warning = f"Not UTF-8 (line {line}): read as Windows-1252; save it as CSV UTF-8."
    return Text(content.encode(), "cp1252", (warning,))


def _utf16_without_bom(data: bytes, *, name: str) -> Text:
    for encoding, offset in (("utf-16-le", 1), ("utf-16-be", 0)):
        high, low = data[offset::2], data[1 - offset :: 2]
        if 2 * high.count(0) > len(high) and not low.count(0):
            try:
                content = data.decode(encoding)
            except UnicodeDecodeError as error:
                raise UnreadableFile(
                    f"{name} looks like {encoding} but is not, from byte {error.start} on: it is"
                    " cut off or damaged; export it again."
                ) from error
            return Text(content.encode(), encoding, (f"No byte-order mark: read as {encoding}.",))
    raise UnreadableFile(f"{name} holds zero bytes: it is damaged or not text; export it again.")
