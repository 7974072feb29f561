"""How a layout reads a grid: entries to read, totals to compare, and what it ignored."""

from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.model.findings import Convention

#: One row per record that may be a credit; a layout omits the columns from `month` on that it does
#: not need. `account` and `amount` are cells as written, null where the record has no such cell;
#: `excluded` says why a row is not a credit, null where it is one; records that are equal word for
#: word have the same `twin`; `month` counts months from year 0, null where the layout has none or
#: the record's can't be read; `column` and `batch` are numbers by which totals find what they
#: cover; `fault` is the layout's own reason why the record can't be read; `text` is what to show of
#: the record, null for the lines of the file.
ENTRIES = pl.Schema(
    {
        "line": pl.Int64,
        "account": pl.String,
        "amount": pl.String,
        "month": pl.Int32,
        "column": pl.Int32,
        "batch": pl.Int32,
        "fault": pl.String,
        "text": pl.String,
        "excluded": pl.String,
        "twin": pl.Int64,
    }
)

#: What a stated total covers: every entry of the file (or of its month), the entries since the
#: previous total, those of one line, of one `column` or of one `batch`, or nothing that it could be
#: compared with.
Scope = Literal["all", "since", "line", "column", "batch", "none"]


def ordinal(month: BillingMonth) -> int:
    """A month as a number, for tables."""
    return month.year * 12 + month.month - 1


def month_of(number: int) -> BillingMonth:
    """The month of a number made by `ordinal`."""
    year, month = divmod(number, 12)
    return BillingMonth(year, month + 1)


@dataclass(frozen=True)
class StatedTotal:
    """A total that the file states about some of its entries.

    Attributes:
        line: where it is.
        label: what it is called there.
        amount: its cell, as written.
        scope: which entries it covers.
        month: the month that it sums up; None for the whole file.
        column: the column, or batch, that it sums up if ``scope`` says so.
        is_record: it is its own record, not a further cell of one.
        parts: figures that were rounded before they were added up to it.
    """

    line: int
    label: str
    amount: str
    scope: Scope = "all"
    month: int | None = None
    column: int | None = None
    is_record: bool = True
    parts: int = 1


@dataclass(frozen=True)
class Extract:
    """A grid as a layout reads it.

    Attributes:
        layout: the layout's name.
        version: the version of its reading.
        convention: the sign that means credit in it.
        entries: see `ENTRIES`, in the order of the file.
        records: how many records each month has (see `ordinal`), counted without reading them;
            under None those that belong to no month or an unknown one.
        blank: how many records are empty.
        totals: what the file states about itself.
        dated: the file itself states its months.
        plain: every account cell and every amount cell can be read by the shortcuts.
        adds_up: an account's entries are parts of one credit, not repetitions.
        first_counts: of an account's differing rows the first counts; otherwise a total must prove,
            or a person say, that they add up.
        bare_months: numbers of months named by titles without a year, or by notes.
        rounded_to: decimals to which the layout's maker rounds every figure, totals included.
        ignored_columns: headers of columns that were not used.
        warnings: sentences for people.
        decimal_mark: the file's, if the layout read it; otherwise empty.
        profile: name and digest of the profile that it was read by; otherwise empty.
    """

    layout: str
    version: int
    convention: Convention
    entries: pl.DataFrame
    records: dict[int | None, int]
    blank: int = 0
    totals: tuple[StatedTotal, ...] = ()
    dated: bool = False
    plain: bool = False
    adds_up: bool = False
    first_counts: bool = False
    bare_months: frozenset[int] = frozenset()
    rounded_to: int | None = None
    ignored_columns: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())
    decimal_mark: str = ""
    profile: str = ""

    @property
    def months(self) -> tuple[BillingMonth, ...]:
        """The months that the file states, in order."""
        if not self.dated:
            return ()
        numbers = self.entries["month"].unique().drop_nulls().sort()
        return tuple(month_of(number) for number in numbers)


def optional(entries: pl.DataFrame, name: str) -> pl.Series | None:
    """A column of `ENTRIES` that a layout may omit; None if it did, or the column is empty."""
    if name not in entries.columns:
        return None
    column = entries[name]
    return column if column.null_count() < len(column) else None
