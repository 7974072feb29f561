"""A header with a month column: an account, a month and a credit in every row."""

import polars as pl

from credits_pipeline.credits.findings import Convention
from credits_pipeline.credits.reading import headers
from credits_pipeline.credits.reading.characters import stripped
from credits_pipeline.credits.reading.extract import Extract, ordinal
from credits_pipeline.credits.reading.grid import Grid
from credits_pipeline.credits.reading.layouts.context import BY_HEADER, Context
from credits_pipeline.credits.reading.layouts.rows import (
    first_fault,
    malformed_faults,
    sort_rows,
    stated_totals,
    with_faults,
)
from credits_pipeline.credits.reading.layouts.sheets import (
    Header,
    choose_account,
    choose_amount,
    find_header,
    header_below,
    refuse_foreign_rows,
    shifted_faults,
)
from credits_pipeline.credits.reading.months import month_text, order_of
from credits_pipeline.credits.reading.refusal import Refusal

NAME = "long"
VERSION = 1
CONVENTION: Convention = "positive_is_credit"
#: More than the days of fifty years.
_MOST_MONTH_TEXTS = 20_000


def recognise(head: Grid) -> int:
    """Whether a header names an account, a month column and a credit."""
    header = find_header(head)
    if header is None or _month_columns(header) == ():
        return 0
    named = any(headers.is_account(cell) for cell in header.cells)
    credited = any(headers.is_amount(cell) or headers.may_be_amount(cell) for cell in header.cells)
    return BY_HEADER if named and credited else 0


def _month_columns(header: Header) -> tuple[int, ...]:
    """The month column, or the year column and the month column."""
    keys = [headers.key(cell) for cell in header.cells]
    if "year" in keys and "month" in keys:
        return keys.index("year"), keys.index("month")
    for name in headers.MONTH:
        if name in keys:
            return (keys.index(name),)
    return ()


def extract(grid: Grid, context: Context) -> Extract:
    """Every row below the header is a record of its month.

    Raises:
        Refusal: the columns or the months can't be told.
    """
    header, below = header_below(grid)
    account = choose_account(header, below, name=context.name, layout=NAME)
    dates = _month_columns(header)
    currency = refuse_foreign_rows(header, below, name=context.name, layout=NAME)
    amount = choose_amount(
        header, below, {account, *dates, *currency}, name=context.name, layout=NAME
    )
    months, faults = _months(below, dates, name=context.name)
    doubted = first_fault(
        malformed_faults(below), shifted_faults(header, below, [amount], anchors={account, *dates})
    )
    rows = sort_rows(below, below.columns[account], doubted, name=context.name)
    entries = pl.DataFrame(
        [
            below.lines.alias("line"),
            below.columns[account].alias("account"),
            below.columns[amount].alias("amount"),
            months.alias("month"),
        ]
    )
    if doubted is not None:
        entries = with_faults(entries, doubted)
    if faults is not None:
        entries = entries.with_columns(pl.Series("fault", first_fault(doubted, faults)))
    counted = months.set(~rows.entries & ~_at_total(rows.totals, below.height), None)
    return Extract(
        layout=NAME,
        version=VERSION,
        convention=CONVENTION,
        entries=entries.filter(rows.entries),
        records=dict(counted.value_counts().iter_rows()),
        blank=int(rows.blank.sum()),
        totals=stated_totals(below, rows, below.columns[amount], months=months),
        dated=True,
        ignored_columns=header.ignored({account, amount, *dates, *currency}),
        warnings=header.warnings(),
    )


def _at_total(totals: tuple[tuple[int, str], ...], height: int) -> pl.Series:
    return pl.int_range(height, eager=True).is_in([index for index, _ in totals])


def _months(
    grid: Grid, columns: tuple[int, ...], *, name: str
) -> tuple[pl.Series, pl.Series | None]:
    """The month of every row, and the reason against rows without one.

    Raises:
        Refusal: the months can mean two things.
    """
    cells = (
        grid.columns[columns[0]]
        if len(columns) == 1
        else pl.DataFrame(
            [grid.columns[columns[0]].alias("y"), grid.columns[columns[1]].alias("m")]
        )
        .select(
            pl.concat_str(stripped(pl.col("y")), stripped(pl.col("m")), separator="-").alias(
                "month"
            )
        )
        .to_series()
    )
    different = cells.drop_nulls().unique(maintain_order=True)
    if len(different) > _MOST_MONTH_TEXTS:
        raise Refusal(
            f"{name}: the month column holds {len(different):,} different texts: they are no"
            " months; write months as 2025-01.",
            layout=NAME,
        )
    texts = {cell: month_text(cell) for cell in different}
    known = {cell: text for cell, text in texts.items() if text is not None}
    order = order_of(known.values())
    if order is None:
        cell, either = next((c, t) for c, t in known.items() if not t.certain)
        line = grid.lines.filter((cells == cell).fill_null(value=False))[0]
        raise Refusal(
            f"{name}, line {line}: {cell.strip()!r} can mean {either.month_first} or"
            f" {either.day_first}; write months as 2025-01.",
            layout=NAME,
        )
    numbers: dict[str, int | None] = {}
    for cell, text in texts.items():
        month = None if text is None else text.under(order)
        numbers[cell] = None if month is None else ordinal(month)
    frame = cells.to_frame("cell").with_columns(
        month=pl.col("cell").replace_strict(
            list(numbers), list(numbers.values()), default=None, return_dtype=pl.Int32
        )
    )
    faults = frame.select(
        pl.when(pl.col("month").is_null())
        .then(
            pl.format(
                "{} is not a month: write months as 2025-01",
                pl.concat_str(pl.lit("'"), stripped(pl.col("cell")), pl.lit("'")),
            )
        )
        .otherwise(None)
        .alias("fault")
    ).to_series()
    return frame["month"], faults if faults.null_count() < len(faults) else None
