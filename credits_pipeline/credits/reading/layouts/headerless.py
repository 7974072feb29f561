"""The product's own layout: no header, an account id and an amount in every row."""

import re

import polars as pl

from credits_pipeline.credits.model.findings import Convention
from credits_pipeline.credits.reading import vocabulary
from credits_pipeline.credits.reading.accounts import (
    is_label,
    is_label_and_number,
    looks_like_account,
)
from credits_pipeline.credits.reading.amounts import parse_amount
from credits_pipeline.credits.reading.characters import clean, folded, plain
from credits_pipeline.credits.reading.extract import Extract
from credits_pipeline.credits.reading.grid import Grid
from credits_pipeline.credits.reading.layouts.context import Context
from credits_pipeline.credits.reading.layouts.rows import blank_rows, extract_rows, filled_beyond
from credits_pipeline.credits.reading.layouts.sheets import first_column
from credits_pipeline.credits.reading.refusal import UnreadableFile

NAME = "headerless"
VERSION = 2
CONVENTION: Convention = "positive_is_credit"
_NUMBER = re.compile(r"[0-9][0-9.,+Ee -]*")
_TOO_MANY = (
    "more than two cells: put quotes round an amount whose thousands separator is also the"
    " delimiter"
)


def recognise(head: Grid) -> int:
    """Twice the number of records that begin with an account id and continue; labels count half.

    If none does, records of a number and an amount are accepted, so that each can say what is wrong
    with its id.
    """
    start = first_column(head)
    rows = [row[start:] for row in head.rows(0, head.height)]
    rows = [row for row in rows if len(row) > 1]
    ids = [row[0] for row in rows if looks_like_account(row[0]) and not is_label_and_number(row[0])]
    return 2 * len(ids) - sum(map(is_label, ids)) or any(
        _NUMBER.fullmatch(clean(row[0])) and clean(row[1]) and parse_amount(row[1]).fault is None
        for row in rows
    )


def extract(grid: Grid, context: Context) -> Extract:
    """Every row is a record: its first cell the account, its second the amount.

    Raises:
        UnreadableFile: the second column has other content, a further column says something that
            is not understood, or a second table contradicts the first.
    """
    start = first_column(grid)
    amounts = grid.columns[start + 1]
    if grid.width > start + 2 and not amounts.str.contains("[0-9]").any():
        raise UnreadableFile(
            f"{context.name} has no header and more than two columns: add a first line that names"
            " them, such as Account ID,Name,Credit Amount.",
            layout=NAME,
        )
    further = list(range(start + 2, grid.width))
    if further and _says_dollars(grid.columns[further[0]]):
        further = further[1:]
    _refuse_second_table(grid, start, name=context.name)
    return extract_rows(
        grid,
        layout=NAME,
        version=VERSION,
        convention=CONVENTION,
        account=grid.columns[start],
        amount=amounts,
        faults=filled_beyond(grid, further, _TOO_MANY),
        name=context.name,
    )


def _says_dollars(column: pl.Series) -> bool:
    """Whether every filled cell names the US dollar."""
    values = [cell for cell in column.drop_nulls().unique() if plain(cell)]
    return bool(values) and all(folded(clean(cell)) in vocabulary.DOLLARS for cell in values)


def _refuse_second_table(grid: Grid, account: int, *, name: str) -> None:
    """Refuse rows below a blank line that give an account from above another amount.

    Raises:
        UnreadableFile: some do.
    """
    blank = blank_rows(grid)
    if not blank.any():
        return
    rows = pl.DataFrame(
        [
            grid.columns[account].alias("account"),
            grid.columns[account + 1].alias("amount"),
            grid.lines.alias("line"),
            blank.cast(pl.Int64).cum_sum().alias("block"),
        ]
    ).filter(~blank)
    again = rows.join(
        rows.unique("account", keep="first", maintain_order=True), on="account", suffix="_first"
    ).filter(
        (pl.col("block") != pl.col("block_first")) & (pl.col("amount") != pl.col("amount_first"))
    )
    if len(again):
        first = again.row(0, named=True)
        raise UnreadableFile(
            f"{name}, line {first['line']}: a second table follows a blank line, and its amount for"
            f" account {first['account'].strip()} contradicts line {first['line_first']}; keep"
            f" the table"
            " with the month's credits.",
            layout=NAME,
        )
