"""What a layout is given besides the grid."""

from dataclasses import dataclass
from typing import Protocol

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.model.decisions import Decisions
from credits_pipeline.credits.model.findings import Convention
from credits_pipeline.credits.reading.extract import Extract
from credits_pipeline.credits.reading.grid import Grid

_RULE = Decisions()


@dataclass(frozen=True)
class Context:
    """What a layout is given besides the grid.

    Attributes:
        name: what to call the file in a refusal.
        max_records: more entries are refused.
        first_month: the month of the first amount column, given by a person.
        decisions: what a person decided about this version of the file.
        accept_estimates: a person wants rows that may still change to count.
    """

    name: str
    max_records: int
    first_month: BillingMonth | None = None
    decisions: Decisions = _RULE
    accept_estimates: bool = False


class Layout(Protocol):
    """A module that reads one layout."""

    #: Its name, in receipts.
    NAME: str
    #: Raised whenever its reading changes.
    VERSION: int
    #: The sign that means credit in it.
    CONVENTION: Convention

    def recognise(self, head: Grid) -> int:
        """How certain it is, from the first records: 0 means not at all; higher is more certain."""
        ...

    def extract(self, grid: Grid, context: Context) -> Extract:
        """Read the whole grid.

        Raises:
            UnreadableFile: it is this layout, but can't be read.
        """
        ...


#: More certain than any count of records: the header says so.
BY_HEADER = 10_000_000
#: The header says so, but lacks a column.
BY_PART_OF_HEADER = 5_000_000
