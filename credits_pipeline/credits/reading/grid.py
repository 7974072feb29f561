"""From text to records: a grid of cells with the line on which each record begins.

`_by_csv` is the definition (Python's csv, with malformed quoting made visible). `_by_polars` is the
shortcut for regular text, used only where both are certain to agree.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import zip_longest

import polars as pl

from credits_pipeline.credits.reading.refusal import UnreadableFile
from credits_pipeline.credits.reading.text import Text

#: Longer lines are refused before they are split: no credits file has them.
LONGEST_LINE = 4_000_000
#: Wider records, and larger grids, are refused: no credits file has them.
MOST_COLUMNS = 30_000
MOST_CELLS = 40_000_000
#: As many records of titles and header are allowed above the data.
LINES_ABOVE = 100
#: A layout can be recognised within this many lines.
HEAD_LINES = 300
_CHUNK_CELLS = 1_000_000
#: Grids with more columns gain nothing from the shortcut.
_MOST_REGULAR = 64
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_LINE_BYTES = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


@dataclass(frozen=True)
class Source:
    """Where the records are in the text, for showing them.

    Attributes:
        lines: Int64, the line on which each record begins.
        text: the file's text.
        delimiter: the field separator.
    """

    lines: pl.Series
    text: Text
    delimiter: str
    _starts: list[int] = field(default_factory=list, repr=False, compare=False)

    def records(self, lines: pl.Series) -> list[str]:
        """The text of the records that begin on these lines."""
        following = dict(zip(self.lines, [*self.lines.slice(1), None], strict=True))
        return [self._record(line, following[line]) for line in lines]

    def numbered_lines(self, first: int, last: int) -> list[tuple[int, str]]:
        """The lines from ``first`` to ``last`` with their numbers, as far as they exist."""
        starts = self._line_starts()
        return [
            (line, self._record(line, line + 1 if line < len(starts) else None))
            for line in range(first, min(last, len(starts)) + 1)
        ]

    def _record(self, first: int, after: int | None) -> str:
        """The text from line ``first`` up to before ``after``, or to the end if None."""
        starts = self._line_starts()
        end = None if after is None else starts[after - 1]
        return self.text.utf8[starts[first - 1] : end].decode().rstrip("\r\n")

    def _line_starts(self) -> list[int]:
        if not self._starts:
            self._starts.extend(match.start() for match in _LINE_BYTES.finditer(self.text.utf8))
        return self._starts


@dataclass(frozen=True)
class Grid:
    """Records and their cells.

    Attributes:
        columns: String per column; null where a record has no such cell.
        lines: Int64, the line on which each record begins, 1-based.
        malformed: Boolean by record: unbalanced quotes; None if none.
        text: the file's text.
        delimiter: the field separator.
    """

    columns: tuple[pl.Series, ...]
    lines: pl.Series
    malformed: pl.Series | None
    text: Text
    delimiter: str

    @property
    def height(self) -> int:
        """Records, blank ones included."""
        return len(self.lines)

    @property
    def width(self) -> int:
        """Cells of the longest record."""
        return len(self.columns)

    @property
    def source(self) -> Source:
        """Where the records are, without their cells."""
        return Source(self.lines, self.text, self.delimiter)

    def below(self, row: int) -> "Grid":
        """The records after the one with index ``row``."""
        return replace(
            self,
            columns=tuple(column.slice(row + 1) for column in self.columns),
            lines=self.lines.slice(row + 1),
            malformed=None if self.malformed is None else self.malformed.slice(row + 1),
        )

    def rows(self, start: int, stop: int) -> list[list[str]]:
        """The cells of some records, without the ones that a record does not have."""
        columns = [column.slice(start, stop - start).to_list() for column in self.columns]
        return [[cell for cell in row if cell is not None] for row in zip(*columns, strict=True)]


def split(text: Text, delimiter: str, *, skip_lines: int, max_records: int, name: str) -> Grid:
    """Split a text into records and cells.

    Args:
        text: the file's text.
        delimiter: the field separator.
        skip_lines: lines at the top that are not records (``sep=;``).
        max_records: more non-blank records are refused.
        name: what to call the file in a refusal.

    Raises:
        UnreadableFile: too many records, a field too long, or a quote that is never closed.
    """
    if skip_lines == 0:
        fast = _by_polars(text, delimiter, max_records=max_records)
        if fast is not None:
            return fast
    return _by_csv(text, delimiter, skip_lines=skip_lines, max_records=max_records, name=name)


def split_head(text: Text, delimiter: str, *, skip_lines: int, name: str) -> Grid:
    """The first records of a text, to recognise its layout by.

    Raises:
        UnreadableFile: as `split`.
    """
    end = 0
    for count, match in enumerate(_LINE_BYTES.finditer(text.utf8)):
        if count == HEAD_LINES:
            break
        end = match.end()
    whole = end == len(text.utf8)
    head = text if whole else replace(text, utf8=text.utf8[:end])
    return _by_csv(
        head, delimiter, skip_lines=skip_lines, max_records=HEAD_LINES, name=name, whole=whole
    )


def too_many_records(name: str, most: int) -> UnreadableFile:
    """The refusal of a file with more records than are allowed."""
    return UnreadableFile(
        f"{name} has more than {most:,} records: split it, or raise CREDITS_MAX_RECORDS."
    )


def refuse_long_lines(text: Text, *, name: str) -> None:
    """Refuse a text with a line longer than any table has, before it is split.

    Raises:
        UnreadableFile: it has one.
    """
    utf8 = text.utf8
    position = 0
    while len(utf8) - position > LONGEST_LINE:
        window = position, position + LONGEST_LINE + 1
        end = max(utf8.rfind(b"\n", *window), utf8.rfind(b"\r", *window))
        if end < 0:
            raise UnreadableFile(
                f"{name} has a line of more than {LONGEST_LINE:,} bytes: it is not a table of"
                " credits."
            )
        position = end + 1


def _by_polars(text: Text, delimiter: str, *, max_records: int) -> Grid | None:
    """The grid of regular text, or None.

    Regular: every line is a record, every field is bare without quotes or quoted without quotes
    inside, every record has as many fields as the first, and none is empty.
    """
    encoded = _regular_lines(text)
    if encoded is None:
        return None
    width = _width(encoded, delimiter)
    if not 1 < width <= _MOST_REGULAR:
        return None
    lines = _lines_of_width(encoded, delimiter, width)
    if lines is None or lines > max_records + LINES_ABOVE:
        return None
    try:
        frame = pl.read_csv(
            io.BytesIO(encoded),
            has_header=False,
            separator=delimiter,
            quote_char='"',
            infer_schema=False,
            truncate_ragged_lines=False,
            raise_if_empty=False,
        )
    except pl.exceptions.PolarsError:
        return None
    if frame.shape != (lines, width) or any(column.null_count() for column in frame):
        return None
    return Grid(
        columns=tuple(frame.get_columns()),
        lines=pl.int_range(1, lines + 1, dtype=pl.Int64, eager=True),
        malformed=None,
        text=text,
        delimiter=delimiter,
    )


def _width(encoded: bytes, delimiter: str) -> int:
    """How many fields the first line has."""
    first = encoded[: encoded.find(b"\n")] if b"\n" in encoded else encoded
    return len(next(csv.reader([first.decode()], delimiter=delimiter), []))


def _lines_of_width(encoded: bytes, delimiter: str, width: int) -> int | None:
    """How many lines there are if each has this many fields with regular quotes, else None.

    Polars drops an empty field after the last one, and blank lines, so both are counted here: if
    the total number of delimiters fits, one line with too few means another with too many.
    """
    if b'"' not in encoded:
        lines = encoded.count(b"\n") + (not encoded.endswith(b"\n"))
        return lines if encoded.count(delimiter.encode()) == lines * (width - 1) else None
    sign = re.escape(delimiter)
    form = rf'(?:[^"{sign}]+|"[^"]+")'
    lines, regular = (
        pl.scan_lines(io.BytesIO(encoded), name="line")
        .select(
            pl.len(),
            pl.col("line").str.contains(rf"^{form}(?:{sign}{form}){{{width - 1}}}$").all(),
        )
        .collect(engine="streaming")
        .row(0)
    )
    return lines if regular else None


def _regular_lines(text: Text) -> bytes | None:
    """The text's bytes with line feeds only, or None if it has other line ends."""
    encoded = text.utf8
    if b"\r" in encoded:
        encoded = encoded.replace(b"\r\n", b"\n")
    return None if not encoded or b"\r" in encoded else encoded


def _by_csv(
    text: Text,
    delimiter: str,
    *,
    skip_lines: int,
    max_records: int,
    name: str,
    whole: bool = True,
) -> Grid:
    found = _Records(name)
    malformed: list[int] = []
    filled = 0
    well_formed, unterminated = _quoting(delimiter)
    source = _Lines(text.decoded(), skip_lines)
    try:
        for row in csv.reader(source, delimiter=delimiter, skipinitialspace=True):
            raw = source.taken()
            if '"' in raw and well_formed.fullmatch(raw.rstrip("\r\n")) is None:
                if source.at_end and unterminated.fullmatch(raw):
                    if not whole:
                        break
                    raise UnreadableFile(
                        f"{name} ends inside a quoted cell of the record that begins on line"
                        f" {source.record_line}: it is cut off, or a quote is missing; export it"
                        " again."
                    )
                malformed.append(found.height)
            found.add(row, source.record_line)
            source.next_record()
            filled += any(map(str.strip, row))
            if filled > max_records + LINES_ABOVE:
                raise too_many_records(name, max_records)
    except csv.Error as error:
        raise UnreadableFile(
            f"{name}, line {source.record_line}: {error}; a quote may be missing its other half."
        ) from error
    return Grid(
        columns=found.columns(),
        lines=pl.Series("line", found.lines, dtype=pl.Int64),
        malformed=_flags(malformed, found.height),
        text=text,
        delimiter=delimiter,
    )


class _Records:
    """Records being collected into columns, a bounded number of cells at a time."""

    def __init__(self, name: str) -> None:
        self.lines: list[int] = []
        self._name = name
        self._rows: list[list[str]] = []
        self._width = 0
        self._widest = 0
        self._chunks: list[tuple[int, list[pl.Series]]] = []

    @property
    def height(self) -> int:
        return len(self.lines)

    def add(self, row: list[str], line: int) -> None:
        self.lines.append(line)
        self._rows.append(row)
        self._width = max(self._width, len(row))
        if self._width * len(self._rows) > _CHUNK_CELLS:
            self._flush()

    def _flush(self) -> None:
        self._widest = max(self._widest, self._width)
        if self._widest > MOST_COLUMNS or self._widest * self.height > MOST_CELLS:
            raise UnreadableFile(
                f"{self._name} has too many cells ({self._widest:,} columns by line"
                f" {self.lines[-1]:,}): it is not a table of credits."
            )
        columns = [pl.Series(cells, dtype=pl.String) for cells in zip_longest(*self._rows)]
        self._chunks.append((len(self._rows), columns))
        self._rows, self._width = [], 0

    def columns(self) -> tuple[pl.Series, ...]:
        if self._rows:
            self._flush()
        return tuple(
            pl.concat(
                columns[index]
                if index < len(columns)
                else pl.Series([None], dtype=pl.String).extend_constant(None, height - 1)
                for height, columns in self._chunks
            )
            for index in range(self._widest)
        )


class _Lines:
    """The lines of a text for `csv.reader`, with the record that each belongs to."""

    def __init__(self, content: str, skip: int) -> None:
        self._matches = _LINE.finditer(content)
        self._length = len(content)
        self._taken: list[str] = []
        self.line = 0
        self.record_line = skip + 1
        self.at_end = False
        for _ in range(skip):
            next(self._matches, None)
            self.line += 1

    def __iter__(self) -> Iterator[str]:
        for match in self._matches:
            self.line += 1
            self.at_end = match.end() == self._length
            self._taken.append(match[0])
            yield match[0]

    def taken(self) -> str:
        return self._taken[0] if len(self._taken) == 1 else "".join(self._taken)

    def next_record(self) -> None:
        self._taken.clear()
        self.record_line = self.line + 1


def _quoting(delimiter: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Patterns of a record with balanced quotes, and of one that ends inside a quoted cell."""
    sign = re.escape(delimiter)
    quoted = r' *"(?:[^"]++|"")*+"'
    bare = rf'(?: *[^"{sign}\r\n ][^{sign}\r\n]*+| *+)'
    fitting = rf"(?:{quoted}[ \u00a0\u2007\u202f]*+|{bare})"
    loose = rf"(?:{quoted}[^{sign}\r\n]*+|{bare})"
    return (
        re.compile(rf"{fitting}(?:{sign}{fitting})*+"),
        re.compile(rf'(?:{loose}{sign})*+ *"(?:[^"]++|"")*+'),
    )


def _flags(indices: list[int], height: int) -> pl.Series | None:
    if not indices:
        return None
    return pl.int_range(height, eager=True).is_in(indices)
