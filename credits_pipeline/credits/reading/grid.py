"""From text to records: a grid of cells with the line on which each record begins.

`_by_csv` is the definition (Python's csv, with malformed quoting made visible). `_by_polars` is
the shortcut for regular text, and is taken only where both are sure to agree.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest

import polars as pl

from credits_pipeline.credits.reading.refusal import Refusal
from credits_pipeline.credits.reading.text import Text

#: Longer lines are refused before they are split: no credits file has them.
LONGEST_LINE = 4_000_000
_CHUNK = 50_000
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


@dataclass(frozen=True)
class Grid:
    """Records and their cells.

    Attributes:
        columns: String per column; null where a record has no such cell.
        lines: Int64, the line on which each record begins, 1-based.
        malformed: Boolean by record, quotes that do not fit; None if none.
        text: the file's text.
        delimiter: the field separator.
    """

    columns: tuple[pl.Series, ...]
    lines: pl.Series
    malformed: pl.Series | None
    text: Text
    delimiter: str
    _starts: list[int] = field(default_factory=list, repr=False, compare=False)

    @property
    def height(self) -> int:
        """Records, blank ones included."""
        return len(self.lines)

    @property
    def width(self) -> int:
        """Cells of the longest record."""
        return len(self.columns)

    def source(self, first: int, after: int | None) -> str:
        """The text of the lines from ``first`` up to before ``after`` (the end if None)."""
        starts = self._line_starts()
        begin = starts[first - 1]
        end = len(self.text.content) if after is None else starts[after - 1]
        return self.text.content[begin:end].rstrip("\r\n")

    def _line_starts(self) -> list[int]:
        if not self._starts:
            self._starts.extend(match.start() for match in _LINE.finditer(self.text.content))
        return self._starts


def split(text: Text, delimiter: str, *, skip_lines: int, max_records: int, name: str) -> Grid:
    """Split a text into records and cells.

    Args:
        text: the file's text.
        delimiter: the field separator.
        skip_lines: lines at the top that are no records (``sep=;``).
        max_records: more non-blank records are refused.
        name: what to call the file in a refusal.

    Raises:
        Refusal: too many records, a line or field too long, or a quote that is never closed.
    """
    _refuse_long_lines(text.content, name=name)
    if skip_lines == 0:
        fast = _by_polars(text, delimiter, max_records=max_records)
        if fast is not None:
            return fast
    return _by_csv(text, delimiter, skip_lines=skip_lines, max_records=max_records, name=name)


def _refuse_long_lines(content: str, *, name: str) -> None:
    position = 0
    while len(content) - position > LONGEST_LINE:
        window = position, position + LONGEST_LINE + 1
        end = max(content.rfind("\n", *window), content.rfind("\r", *window))
        if end < 0:
            raise Refusal(
                f"{name} has a line of more than {LONGEST_LINE:,} characters: it is not a table of"
                " credits."
            )
        position = end + 1


def _by_polars(text: Text, delimiter: str, *, max_records: int) -> Grid | None:
    """The grid of regular text, or None.

    Regular: every line is a record, every field is bare without quotes or quoted without quotes
    inside, every record has the same number of fields, and none is empty.
    """
    content = text.content
    if text.encoding != "utf-8" or not content:
        return None
    if "\r" in content:
        content = content.replace("\r\n", "\n")
        if "\r" in content:
            return None
    encoded = content.encode()
    lines = encoded.count(b"\n") + (not encoded.endswith(b"\n"))
    if lines > max_records or b"\n\n" in encoded or encoded.startswith(b"\n"):
        return None
    if b'"' in encoded:
        sign = re.escape(delimiter)
        bare, quoted = rf'[^"{sign}]+', r'"[^"]+"'
        regular = rf"^(?:{bare}|{quoted})(?:{sign}(?:{bare}|{quoted}))*$"
        if not pl.read_lines(io.BytesIO(encoded)).to_series().str.contains(regular).all():
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
    if frame.height != lines or any(column.null_count() for column in frame):
        return None
    return Grid(
        columns=tuple(frame.get_columns()),
        lines=pl.int_range(1, lines + 1, dtype=pl.Int64, eager=True),
        malformed=None,
        text=text,
        delimiter=delimiter,
    )


def _by_csv(text: Text, delimiter: str, *, skip_lines: int, max_records: int, name: str) -> Grid:
    chunks: list[tuple[int, list[pl.Series]]] = []
    starts: list[int] = []
    malformed: list[int] = []
    rows: list[list[str]] = []
    filled = 0
    well_formed, unterminated = _quoting(delimiter)
    source = _Lines(text.content, skip_lines)
    reader = csv.reader(source, delimiter=delimiter, skipinitialspace=True)
    try:
        for row in reader:
            raw = source.taken()
            if '"' in raw and well_formed.fullmatch(raw.rstrip("\r\n")) is None:
                malformed.append(len(starts))
                if source.at_end and unterminated.fullmatch(raw):
                    raise Refusal(
                        f"{name} ends inside a quoted cell that opens on line"
                        f" {source.record_line}: it is cut off, or a quote is missing; export it"
                        " again."
                    )
            starts.append(source.record_line)
            source.next_record()
            rows.append(row)
            filled += any(row)
            if filled > max_records:
                raise Refusal(
                    f"{name} has more than {max_records:,} records: split it, or raise"
                    " CREDITS_MAX_RECORDS."
                )
            if len(rows) == _CHUNK:
                chunks.append(_columns(rows))
                rows = []
    except csv.Error as error:
        raise Refusal(
            f"{name}, line {source.record_line}: {error}; a quote may be missing its other half."
        ) from error
    if rows:
        chunks.append(_columns(rows))
    return Grid(
        columns=_together(chunks),
        lines=pl.Series("line", starts, dtype=pl.Int64),
        malformed=_flags(malformed, len(starts)),
        text=text,
        delimiter=delimiter,
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
    """Patterns of a record whose quotes fit, and of one that ends inside a quoted cell."""
    sign = re.escape(delimiter)
    quoted = r' *"(?:[^"]++|"")*+"'
    bare = rf'(?: *[^"{sign}\r\n ][^{sign}\r\n]*+| *+)'
    fitting = rf"(?:{quoted} *+|{bare})"
    loose = rf"(?:{quoted}[^{sign}\r\n]*+|{bare})"
    return (
        re.compile(rf"{fitting}(?:{sign}{fitting})*+"),
        re.compile(rf'(?:{loose}{sign})*+ *"(?:[^"]++|"")*+'),
    )


def _columns(rows: list[list[str]]) -> tuple[int, list[pl.Series]]:
    return len(rows), [pl.Series(cells, dtype=pl.String) for cells in zip_longest(*rows)]


def _together(chunks: list[tuple[int, list[pl.Series]]]) -> tuple[pl.Series, ...]:
    width = max((len(columns) for _, columns in chunks), default=0)
    return tuple(
        pl.concat(
            columns[index] if index < len(columns) else pl.Series([None] * height, dtype=pl.String)
            for height, columns in chunks
        )
        for index in range(width)
    )


def _flags(indices: list[int], height: int) -> pl.Series | None:
    if not indices:
        return None
    return pl.int_range(height, eager=True).is_in(indices)
