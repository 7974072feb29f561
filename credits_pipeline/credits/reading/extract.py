"""What a layout makes of a grid: entries to read, totals to compare with, and what it left aside."""

from dataclasses import dataclass, field

import polars as pl

from credits_pipeline.credits.findings import Convention

#: One row per record that may carry a credit. `account` and `amount` are cells as they stand, null
#: where the record has no such cell; `month` counts months from year 0, null where the layout has
#: none; `fault` is the layout's own reason why the record can't be read; `text` is what to show of
#: the record, null for the lines of the file.
ENTRIES = pl.Schema(
    {
        "line": pl.Int64,
        "account": pl.String,
        "amount": pl.String,
        "month": pl.Int32,
        "fault": pl.String,
        "text": pl.String,
    }
)


@dataclass(frozen=True)
class StatedTotal:
    """A total that the file states about some of its entries.

    Attributes:
        line: where it stands.
        label: what it is called there.
        amount: its cell, as it stands.
        month: the month that it sums up; None for all of the file's.
        after: it covers entries from this line on (a subtotal begins after the one before).
        account: it covers the entries of this account cell only.
    """

    line: int
    label: str
    amount: str
    month: int | None = None
    after: int = 0
    account: str | None = None


@dataclass(frozen=True)
class Extract:
    """A grid as a layout reads it.

    Attributes:
        layout: the layout's name.
        version: the version of its reading.
        convention: the sign that means credit in it.
        entries: see `ENTRIES`, in the order of the file.
        records: records of the grid below the header, counted without looking at them.
        blank: of these, how many hold nothing.
        totals: of these, the ones that state a total.
        dated: the file itself says its months.
        ignored_columns: headers of columns that were not used.
        warnings: sentences for people.
    """

    layout: str
    version: int
    convention: Convention
    entries: pl.DataFrame
    records: int
    blank: int
    totals: tuple[StatedTotal, ...] = ()
    dated: bool = False
    ignored_columns: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())
