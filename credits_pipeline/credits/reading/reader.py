"""Reading a file: bytes in; its months, or the reason why not, out."""

from dataclasses import dataclass, field

from credits_pipeline.billing.month import BillingMonth
from credits_pipeline.credits.decisions import Decisions
from credits_pipeline.credits.reading.assembly import (
    Controls,
    MonthReading,
    ReadEntries,
    assemble,
    read_entries,
)
from credits_pipeline.credits.reading.extract import Extract
from credits_pipeline.credits.reading.grid import Grid, split
from credits_pipeline.credits.reading.layouts import LAYOUTS
from credits_pipeline.credits.reading.refusal import Refusal
from credits_pipeline.credits.reading.text import Text, decode


@dataclass(frozen=True)
class Limits:
    """How large a file may be. Larger ones are refused before they are expanded in memory."""

    max_bytes: int = 100_000_000
    max_records: int = 1_000_000


@dataclass(frozen=True)
class Sheet:
    """A file with its layout recognised and its cells read; months are assembled when asked for.

    Attributes:
        layout: the layout's name.
        dated: whether the file itself says its months.
        months: the months that it says, in order; empty where it says none.
    """

    layout: str
    dated: bool
    months: tuple[BillingMonth, ...]
    _extract: Extract = field(repr=False)
    _entries: ReadEntries = field(repr=False)
    _grid: Grid = field(repr=False)
    _decisions: Decisions = field(repr=False)
    _name: str = field(repr=False)

    def month(self, month: BillingMonth, *, controls: Controls = Controls()) -> MonthReading:
        """One month of the file; any month where the file says none.

        Raises:
            Refusal: the month's amounts don't fit, or ``controls`` can't be read.
        """
        return assemble(
            month,
            self._extract,
            self._entries,
            self._grid,
            decisions=self._decisions,
            controls=controls,
            name=self._name,
        )


def read_sheet(
    data: bytes,
    *,
    first_month: BillingMonth | None = None,
    decisions: Decisions = Decisions(),
    limits: Limits = Limits(),
    name: str = "the file",
) -> Sheet:
    """Read a file of any layout, with one month or several.

    Args:
        data: the file.
        first_month: the month of the first amount column, where the layout does not say it.
        decisions: what a person decided about this version of the file.
        limits: how large it may be.
        name: what to call it in messages.

    Raises:
        Refusal: no table can be made of it.
    """
    if len(data) > limits.max_bytes:
        raise Refusal(
            f"{name} has {len(data):,} bytes; at most {limits.max_bytes:,} are read: split it, or"
            " raise CREDITS_MAX_BYTES."
        )
    text = decode(data, name=name)
    grid, extract = _recognised(text, limits=limits, name=name)
    entries = read_entries(extract, decisions, name=name)
    return Sheet(extract.layout, extract.dated, (), extract, entries, grid, decisions, name)


def _recognised(text: Text, *, limits: Limits, name: str) -> tuple[Grid, Extract]:
    if not text.content.strip():
        raise Refusal(f"{name} holds nothing but blank lines: upload it again with its rows.")
    grid = split(text, ",", skip_lines=0, max_records=limits.max_records, name=name)
    for layout in LAYOUTS:
        if layout.recognise(grid):
            return grid, layout.extract(grid)
    raise Refusal(
        f"{name} is in no layout that is known: expected are rows of an account id and an amount,"
        " such as 012345678901,$5.00."
    )


def read_month(
    data: bytes,
    month: BillingMonth,
    *,
    decisions: Decisions = Decisions(),
    controls: Controls = Controls(),
    limits: Limits = Limits(),
    name: str = "the file",
) -> MonthReading:
    """Read a file that holds one month, the one of its name.

    Args:
        data: the file.
        month: the month of its name.
        decisions: what a person decided about this version of the file.
        controls: what the object's metadata states about it.
        limits: how large it may be.
        name: what to call it in messages.

    Raises:
        Refusal: no table can be made of it.
    """
    sheet = read_sheet(data, decisions=decisions, limits=limits, name=name)
    return sheet.month(month, controls=controls)
