"""What layouts with one record per row share: blank rows, total rows, quotes that do not fit."""

from dataclasses import dataclass

import polars as pl

from credits_pipeline.credits.findings import Convention
from credits_pipeline.credits.reading import accounts, amounts, elementwise
from credits_pipeline.credits.reading.characters import clean, is_blank
from credits_pipeline.credits.reading.extract import Extract, Scope, StatedTotal
from credits_pipeline.credits.reading.grid import Grid
from credits_pipeline.credits.reading.refusal import Refusal
from credits_pipeline.credits.reading.totals import is_subtotal, is_total

MALFORMED = "quotes that do not fit: one is missing, or one too many"
_MOST_TOTALS = 10_000
_LABEL_AND_NUMBER = (
    "an account id, words and a number in one cell: the number can be half of an amount; add a"
    " header, or put quotes round the cells"
)


@dataclass(frozen=True)
class Rows:
    """The rows of a grid, sorted.

    Attributes:
        blank: Boolean by row: nothing in it.
        totals: row index and label of the rows that state a total.
        entries: Boolean by row: neither.
    """

    blank: pl.Series
    totals: tuple[tuple[int, str], ...]
    entries: pl.Series


def sort_rows(grid: Grid, account: pl.Series, doubted: pl.Series | None, *, name: str) -> Rows:
    """Tell blank rows and total rows from the others.

    A total row has no digits of an id in its account cell, and a word of totals there or, if the
    cell is blank, in any other cell. Rows whose cells are in doubt are never taken for totals.

    Raises:
        Refusal: more total rows than a sheet has.
    """
    blank = blank_rows(grid)
    worded = ~blank & ~account.str.contains("[0-9]{9}").fill_null(value=False)
    if doubted is not None:
        worded &= doubted.is_null()
    totals: list[tuple[int, str]] = []
    for index, cell in zip(
        worded.arg_true().to_list(), account.filter(worded).to_list(), strict=True
    ):
        label = clean(cell or "")
        labels = [label] if label else grid.rows(index, index + 1)[0]
        found = next((clean(text) for text in labels if is_total(text)), None)
        if found is not None:
            totals.append((index, found))
        if len(totals) > _MOST_TOTALS:
            raise Refusal(f"{name} has more than {_MOST_TOTALS:,} rows of totals: it is no sheet.")
    is_total_row = _at([index for index, _ in totals], grid.height)
    return Rows(blank, tuple(totals), ~(blank | is_total_row))


def blank_rows(grid: Grid) -> pl.Series:
    """Boolean by row: every cell is blank."""
    if not grid.columns:
        return pl.repeat(value=True, n=grid.height, eager=True, dtype=pl.Boolean)
    return frame_of(grid).select(pl.all_horizontal(is_blank(pl.all()))).to_series()


def frame_of(grid: Grid) -> pl.DataFrame:
    """The cells of a grid as a frame of columns ``c0``, ``c1`` and so on."""
    return pl.DataFrame([column.alias(f"c{i}") for i, column in enumerate(grid.columns)])


def filled_beyond(grid: Grid, columns: list[int], reason: str) -> pl.Series | None:
    """String by row: ``reason`` where one of these columns holds something; None if none does."""
    beyond = [index for index in columns if index < grid.width]
    if not beyond:
        return None
    filled = frame_of(grid).select(
        pl.any_horizontal(~is_blank(pl.col(f"c{index}")) for index in beyond).alias("filled")
    )
    if not filled["filled"].any():
        return None
    return filled.select(
        pl.when("filled").then(pl.lit(reason)).otherwise(None).alias("fault")
    ).to_series()


def label_faults(account: pl.Series) -> pl.Series | None:
    """The reason against account cells without a header whose label goes on with a number."""
    frame = account.to_frame("cell")
    others = frame.filter(~accounts.is_plain(pl.col("cell")))["cell"].unique().drop_nulls()
    doubted = [cell for cell in others if accounts.is_label_and_number(cell)]
    if not doubted:
        return None
    return frame.select(
        pl.when(pl.col("cell").is_in(doubted)).then(pl.lit(_LABEL_AND_NUMBER)).alias("fault")
    ).to_series()


def first_fault(*faults: pl.Series | None) -> pl.Series | None:
    """The first reason against each row; None if there is none."""
    given = [fault.alias(f"f{i}") for i, fault in enumerate(faults) if fault is not None]
    if not given:
        return None
    return pl.DataFrame(given).select(pl.coalesce(pl.all()).alias("fault")).to_series()


def malformed_faults(grid: Grid) -> pl.Series | None:
    """The reason against rows whose quotes do not fit."""
    if grid.malformed is None:
        return None
    return (
        grid.malformed.to_frame("m")
        .select(pl.when("m").then(pl.lit(MALFORMED)).otherwise(None).alias("fault"))
        .to_series()
    )


def extract_rows(
    grid: Grid,
    *,
    layout: str,
    version: int,
    convention: Convention,
    account: pl.Series,
    amount: pl.Series,
    faults: pl.Series | None,
    name: str,
    without_header: bool = False,
    month: int | None = None,
    ignored_columns: tuple[str, ...] = (),
    warnings: tuple[str, ...] = (),
) -> Extract:
    """An extract with an entry a row, of one month that is said above the rows or nowhere.

    Args:
        grid: the records below the header.
        layout: the layout's name.
        version: the version of its reading.
        convention: the sign that means credit in it.
        account: String, the account cell of every record.
        amount: String, the amount cell of every record.
        faults: String, the layout's own reason against a record; None if there are none.
        name: what to call the file in a refusal.
        without_header: no header says where the cells end (see `label_faults`).
        month: the month that a title above the header says.
        ignored_columns: headers of columns that were not used.
        warnings: sentences for people.
    """
    entries = pl.DataFrame(
        [grid.lines.alias("line"), account.alias("account"), amount.alias("amount")]
    )
    if month is not None:
        entries = entries.with_columns(pl.lit(month, dtype=pl.Int32).alias("month"))
    if (
        grid.malformed is None
        and faults is None
        and elementwise.all_true(
            entries,
            accounts.is_plain(pl.col("account")),
            amounts.is_plain(pl.col("amount")),
        )
    ):
        return Extract(
            layout=layout,
            version=version,
            convention=convention,
            entries=entries,
            records={month: grid.height},
            dated=month is not None,
            plain=True,
            ignored_columns=ignored_columns,
            warnings=warnings,
        )
    fault = first_fault(
        malformed_faults(grid), faults, label_faults(account) if without_header else None
    )
    rows = sort_rows(grid, account, fault, name=name)
    if fault is not None:
        entries = with_faults(entries, fault)
    return Extract(
        layout=layout,
        version=version,
        convention=convention,
        entries=entries.filter(rows.entries),
        records={month: grid.height},
        dated=month is not None,
        blank=int(rows.blank.sum()),
        totals=stated_totals(grid, rows, amount, month=month),
        ignored_columns=ignored_columns,
        warnings=warnings,
    )


def with_faults(entries: pl.DataFrame, fault: pl.Series) -> pl.DataFrame:
    """Entries with the reason against each, and no amount where the cells are in doubt."""
    return entries.with_columns(
        fault.alias("fault"),
        pl.when(fault.is_null()).then("amount").otherwise(None).alias("amount"),
    )


def stated_totals(
    grid: Grid,
    rows: Rows,
    amount: pl.Series,
    *,
    month: int | None = None,
    months: pl.Series | None = None,
) -> tuple[StatedTotal, ...]:
    """The totals that rows state in one column, each for ``month`` or for its own of ``months``."""
    return tuple(
        StatedTotal(
            line=grid.lines[index],
            label=label,
            amount=amount[index] or "",
            scope=scope_of(label),
            month=month if months is None else months[index],
        )
        for index, label in rows.totals
    )


def scope_of(label: str) -> Scope:
    """Which rows a total row covers."""
    return "since" if is_subtotal(label) else "all"


def _at(indices: list[int], height: int) -> pl.Series:
    flags = pl.repeat(value=False, n=height, eager=True, dtype=pl.Boolean)
    if indices:
        flags = flags.scatter(indices, True)  # noqa: FBT003 - the value to set
    return flags
