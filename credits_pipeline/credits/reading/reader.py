"""Reads a file: bytes in; its months, or the reason why not, out."""

import re
from dataclasses import dataclass, field, replace

import polars as pl

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.model.decisions import Decisions
from credits_pipeline.credits.reading.assembly import MonthReading, assemble
from credits_pipeline.credits.reading.controls import Controls
from credits_pipeline.credits.reading.entries import ReadEntries, read_entries
from credits_pipeline.credits.reading.extract import Extract
from credits_pipeline.credits.reading.grid import (
    Source,
    refuse_long_lines,
    split,
    split_head,
    too_many_records,
)
from credits_pipeline.credits.reading.layouts import LAYOUTS
from credits_pipeline.credits.reading.layouts.context import Context, Layout
from credits_pipeline.credits.reading.layouts.profiled import Profiled
from credits_pipeline.credits.reading.profiles.book import Profiles, shipped
from credits_pipeline.credits.reading.refusal import (
    NO_NAME,
    UnreadableFile,
    profile_command,
    split_command,
)
from credits_pipeline.credits.reading.several import Counted, counted
from credits_pipeline.credits.reading.text import Text, decode

#: Tried in this order; the first of equally good ones is used.
_DELIMITERS = (",", ";", "\t", "|")
#: Excel's way of naming the delimiter, on the first line.
_NAMED_DELIMITER = re.compile(
    r'"?sep=(?P<delimiter>[,;\t|:^~])"?[,;\t ]*(?:\r\n|\r|\n|\Z)', re.IGNORECASE
)
_QUOTED_LINE = re.compile(r'"[^"\r\n]*[0-9]{12}[^"\r\n]*[,;\t|][^"\r\n]*"[ \t]*[\r\n]')
_MONTHS_SHOWN = 6
_FIRST_LINE = 100


@dataclass(frozen=True)
class Limits:
    """How large a file may be. Larger ones are refused before they are expanded in memory."""

    max_bytes: int = 100_000_000
    max_records: int = 1_000_000

    def refuse_larger(self, size: int, *, name: str) -> None:
        """Refuse a file of this many bytes if it is too large to be read.

        Raises:
            UnreadableFile: it is.
        """
        if size > self.max_bytes:
            raise UnreadableFile(
                f"{name} has {size:,} bytes; at most {self.max_bytes:,} are read: split it, or"
                " raise CREDITS_MAX_BYTES."
            )


_NO_CONTROLS = Controls()
_RULE = Decisions()
_LIMITS = Limits()


@dataclass(frozen=True)
class Sheet:
    """A file with its layout recognised and its cells read; months are assembled on demand.

    Attributes:
        layout: the layout's name.
        dated: whether the file itself states its months.
        months: the months that it states, in order; empty if it states none.
    """

    layout: str
    dated: bool
    months: tuple[BillingMonth, ...]
    _extract: Extract = field(repr=False)
    _entries: ReadEntries = field(repr=False)
    _counted: Counted = field(repr=False)
    _source: Source = field(repr=False)
    _name: str = field(repr=False)

    def month(self, month: BillingMonth, *, controls: Controls = _NO_CONTROLS) -> MonthReading:
        """One month of the file; any month if the file states none.

        Raises:
            UnreadableFile: the month's amounts don't fit, or ``controls`` can't be read.
        """
        return assemble(
            month,
            self._extract,
            self._entries,
            self._counted,
            self._source,
            controls=controls,
            name=self._name,
        )

    def lines(self, first: int, last: int) -> list[tuple[int, str]]:
        """Lines of the file with their numbers, as far as it has them."""
        return self._source.numbered_lines(max(first, 1), last)

    def refuse_other_months(self, month: BillingMonth) -> None:
        """Refuse a file that states another month, or several.

        Raises:
            UnreadableFile: it does.
        """
        bare = self._extract.bare_months
        if bare - {month.month} and len(self.months) <= 1:
            raise UnreadableFile(
                f"{self._name}: a title or a note names another month than {month}, by its name;"
                f" correct what is wrong, or say what the columns mean with:"
                f" {profile_command(self._name)}",
                layout=self.layout,
            )
        if not self.months or self.months == (month,):
            return
        shown = ", ".join(str(month) for month in self.months[:_MONTHS_SHOWN])
        if len(self.months) > _MONTHS_SHOWN:
            shown = f"{shown} … {self.months[-1]}"
        holds = "the month" if len(self.months) == 1 else f"{len(self.months)} months,"
        raise UnreadableFile(
            f"{self._name} holds {holds} {shown}, but one file holds one month, here {month}; make"
            f" one file a month with: {split_command(self._name)}",
            layout=self.layout,
        )


def read_sheet(
    data: bytes,
    *,
    first_month: BillingMonth | None = None,
    decisions: Decisions = _RULE,
    limits: Limits = _LIMITS,
    name: str = NO_NAME,
    profiles: Profiles | None = None,
    accept_estimates: bool = False,
    delimiter: str | None = None,
) -> Sheet:
    """Read a file of any layout, with one month or several.

    Args:
        data: the file.
        first_month: the month of the first amount column, if the layout does not state it.
        decisions: what a person decided about this version of the file.
        limits: how large it may be.
        name: what to call it in messages.
        profiles: tried before the layouts; the product's own if None.
        accept_estimates: a person wants rows that a profile calls estimates to count.
        delimiter: the field separator, if known.

    Raises:
        UnreadableFile: no table can be made of it.
    """
    limits.refuse_larger(len(data), name=name)
    text = decode(data, name=name)
    if not text.utf8[:_FIRST_LINE].strip() and not text.utf8.strip():
        raise UnreadableFile(
            f"{name} holds nothing but blank lines: upload it again with its rows."
        )
    refuse_long_lines(text, name=name)
    named = _NAMED_DELIMITER.match(text.utf8[:_FIRST_LINE].decode(errors="replace"))
    skip = 0 if named is None else 1
    known = delimiter if named is None else named["delimiter"]
    profiled = _profiled(text, known, skip, shipped() if profiles is None else profiles, name=name)
    delimiter, layout = profiled or _recognised(text, known, skip, name=name)
    grid = split(
        text,
        delimiter,
        skip_lines=skip,
        max_records=limits.max_records,
        name=name,
    )
    context = Context(
        name=name,
        max_records=limits.max_records,
        first_month=first_month,
        decisions=decisions,
        accept_estimates=accept_estimates,
    )
    extract = layout.extract(grid, context)
    if not len(extract.entries):
        raise UnreadableFile(
            f"{name} has a header and no row with a credit below it: upload it again with its"
            " rows.",
            layout=layout.NAME,
        )
    if len(extract.entries) > limits.max_records:
        raise too_many_records(name, limits.max_records)
    entries = read_entries(extract, decisions, name=name)
    return Sheet(
        layout=extract.layout,
        dated=extract.dated,
        months=extract.months,
        _extract=replace(extract, entries=pl.DataFrame()),
        _entries=entries,
        _counted=counted(
            entries.frame,
            entries.totals,
            decisions,
            adds_up=extract.adds_up,
            first_counts=extract.first_counts,
        ),
        _source=grid.source,
        _name=name,
    )


def _profiled(
    text: Text, known: str | None, skip: int, profiles: Profiles, *, name: str
) -> tuple[str, Profiled] | None:
    """The delimiter with which the header has a profile, and the profile.

    Raises:
        UnreadableFile: several profiles match it.
    """
    for delimiter in _DELIMITERS if known is None else (known,):
        if delimiter.encode() not in text.utf8:
            continue
        try:
            head = split_head(text, delimiter, skip_lines=skip, name=name)
        except UnreadableFile:
            # The reading itself reports why the file can't be split.
            continue
        found = profiles.find(head, name=name)
        if found is not None:
            return delimiter, Profiled(found)
    return None


def _recognised(  # noqa: C901 - as many ways to split as to read
    text: Text, named: str | None, skip: int, *, name: str
) -> tuple[str, Layout]:
    """The delimiter and the layout that fit the first records best.

    Raises:
        UnreadableFile: none fits.
    """
    best: tuple[int, str, Layout] | None = None
    alike = ""
    refusal: UnreadableFile | None = None
    delimiters = (named,) if named is not None else _DELIMITERS
    for delimiter in delimiters:
        if delimiter.encode() not in text.utf8:
            continue
        try:
            head = split_head(text, delimiter, skip_lines=skip, name=name)
        except UnreadableFile as error:
            refusal = refusal or error
            continue
        for layout in LAYOUTS:
            sure = layout.recognise(head) if head.width > 1 else 0
            if sure and (best is None or sure > best[0]):
                best, alike = (sure, delimiter, layout), ""
            elif best is not None and sure == best[0] and delimiter != best[1]:
                alike = delimiter
    if best is not None and alike:
        raise UnreadableFile(
            f"{name} can be split at {best[1]!r} and at {alike!r} alike: put quotes round the cells"
            f" that hold one of them, or say which with a first line sep={best[1]} or sep={alike}"
        )
    if best is not None:
        return best[1], best[2]
    if refusal is not None:
        raise refusal
    if _QUOTED_LINE.match(text.utf8[:_FIRST_LINE].decode(errors="replace")):
        raise UnreadableFile(
            f"{name}, line 1: the whole line is in quotes, so it is one cell; export"
            f" the file"
            " again with quotes round single cells, or remove the outer quotes."
        )
    raise UnreadableFile(
        f"{name} is in no known layout: no header names an account and a credit, and no row"
        " begins with a 12-digit account id and goes on with an amount, such as"
        " 012345678901,$5.00."
    )


def read_month(
    data: bytes,
    month: BillingMonth,
    *,
    decisions: Decisions = _RULE,
    controls: Controls = _NO_CONTROLS,
    limits: Limits = _LIMITS,
    name: str = NO_NAME,
    profiles: Profiles | None = None,
) -> MonthReading:
    """Read a file with one month, the month of its name.

    Args:
        data: the file.
        month: the month of its name.
        decisions: what a person decided about this version of the file.
        controls: what the object's metadata states about it.
        limits: how large it may be.
        name: what to call it in messages.
        profiles: tried before the layouts; the product's own if None.

    Raises:
        UnreadableFile: no table can be made of it.
    """
    sheet = read_sheet(data, decisions=decisions, limits=limits, name=name, profiles=profiles)
    sheet.refuse_other_months(month)
    return sheet.month(month, controls=controls)
