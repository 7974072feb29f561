"""Excel sheets of history without a header: an account id in every row, then one column per month.

Only a person knows the first month.
"""

from itertools import pairwise

import polars as pl

from credits_pipeline.credits.model.findings import Convention
from credits_pipeline.credits.reading.accounts import is_label_and_number, looks_like_account
from credits_pipeline.credits.reading.amounts import parse_amount
from credits_pipeline.credits.reading.characters import clean, plain
from credits_pipeline.credits.reading.extract import Extract
from credits_pipeline.credits.reading.grid import Grid
from credits_pipeline.credits.reading.layouts.context import Context
from credits_pipeline.credits.reading.layouts.rows import (
    filled_beyond,
    first_fault,
    frame_of,
    label_faults,
)
from credits_pipeline.credits.reading.layouts.sheets import (
    cut_in_two,
    first_column,
    holds_anything,
)
from credits_pipeline.credits.reading.layouts.wide import MonthColumns, extract_cells
from credits_pipeline.credits.reading.refusal import UnreadableFile, split_command

NAME = "headerless_wide"
VERSION = 2
CONVENTION: Convention = "positive_is_credit"
_TOO_MANY = "more cells than the other rows have: an amount with a comma needs quotes"
_TOO_FEW = "fewer cells than the other rows have"


def recognise(head: Grid) -> int:
    """Twice the number of records with an account id followed by several amounts.

    Zero, unless most of those that begin with an account id are like that.
    """
    start = first_column(head)
    several = single = 0
    for row in head.rows(0, head.height):
        cells = [plain(cell) for cell in row[start:]]
        while cells and not cells[-1]:
            cells.pop()
        if len(cells) > 1 and _is_id(row[start]) and all(map(_is_amount, cells[1:])):
            several += len(cells) > 2  # noqa: PLR2004 - an id and more than one amount
            single += len(cells) == 2  # noqa: PLR2004 - an id and one amount
    return 2 * several if several > single else 0


def _is_id(cell: str) -> bool:
    return looks_like_account(cell) and not is_label_and_number(cell)


def _is_amount(cell: str) -> bool:
    return not clean(cell) or parse_amount(cell).fault is None


def extract(grid: Grid, context: Context) -> Extract:
    """Every cell beside an account is a record; the columns are consecutive months.

    Raises:
        UnreadableFile: the first month is not known, or the rows do not have the same number of
            months.
    """
    start = first_column(grid)
    last = _last_month(grid, start, name=context.name)
    columns = list(range(start + 1, last + 1))
    if context.first_month is None:
        raise UnreadableFile(
            f"{context.name} has no header and {len(columns)} columns of amounts; which month the"
            f" first is, only a person knows: {split_command(context.name)} --first-month YYYY-MM"
            " (or, if they are one amount, put quotes round it).",
            layout=NAME,
        )
    _refuse_cut_amounts(grid, columns, name=context.name)
    sheet = MonthColumns(
        layout=NAME,
        version=VERSION,
        account=start,
        months={column: context.first_month.shift(index) for index, column in enumerate(columns)},
        faults=first_fault(
            filled_beyond(grid, list(range(last + 1, grid.width)), _TOO_MANY),
            _too_few(grid, start, last),
            label_faults(grid.columns[start]),
        ),
    )
    return extract_cells(grid, sheet, context)


def _last_month(grid: Grid, start: int, *, name: str) -> int:
    """The column of the last month: the last one filled in rows of the usual length.

    Raises:
        UnreadableFile: no length is usual.
    """
    frame = frame_of(grid)
    rows = frame.filter(pl.col(f"c{start}").str.contains("[0-9]")).with_columns(
        cells=pl.sum_horizontal(pl.all().is_not_null())
    )
    lengths = rows["cells"].value_counts(sort=True).rows()
    if len(lengths) > 1 and lengths[0][1] == lengths[1][1]:
        raise UnreadableFile(
            f"{name} has as many rows with {lengths[0][0]} cells as with {lengths[1][0]}: it is"
            " unclear how many months there are; fill the empty cells with 0.",
            layout=NAME,
        )
    usual = rows.filter(pl.col("cells") == lengths[0][0])
    filled = [
        index for index in range(start + 1, lengths[0][0]) if holds_anything(usual[f"c{index}"])
    ]
    return max(filled, default=start + 1)


def _too_few(grid: Grid, account: int, last: int) -> pl.Series | None:
    short = grid.columns[last].is_null() & (grid.columns[account].fill_null("") != "")
    if not short.any():
        return None
    return (
        short.to_frame("short")
        .select(pl.when("short").then(pl.lit(_TOO_FEW)).otherwise(None).alias("fault"))
        .to_series()
    )


def _refuse_cut_amounts(grid: Grid, columns: list[int], *, name: str) -> None:
    if grid.delimiter != ",":
        return
    for left, right in pairwise(columns):
        if cut_in_two(grid, left, right):
            raise UnreadableFile(
                f"{name}: columns {left + 1} and {right + 1} can be two months, or one amount cut"
                " in two at its comma; put quotes round amounts with commas, and write cents.",
                layout=NAME,
            )
