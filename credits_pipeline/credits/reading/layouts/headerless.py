"""The product's own layout: no header, an account id and an amount in every row."""

import polars as pl

from credits_pipeline.credits.findings import Convention
from credits_pipeline.credits.reading.accounts import looks_like_account
from credits_pipeline.credits.reading.extract import Extract
from credits_pipeline.credits.reading.grid import Grid
from credits_pipeline.credits.reading.layouts.rows import entries_by_row

NAME = "headerless"
VERSION = 1
CONVENTION: Convention = "positive_is_credit"
_SAMPLE = 200
_TOO_MANY = (
    "more than two cells: an amount with a thousands separator that is also the delimiter needs"
    " quotes"
)


def recognise(grid: Grid) -> bool:
    """Whether the first column holds account ids and there is a second."""
    if grid.width < 2:  # noqa: PLR2004 - an id and an amount
        return False
    sample = grid.columns[0].head(_SAMPLE).drop_nulls().to_list()
    return any(looks_like_account(cell) for cell in sample)


def extract(grid: Grid) -> Extract:
    """Every row is a record: its first cell the account, its second the amount."""
    extra = pl.lit(value=False)
    frame = pl.DataFrame([c.alias(f"c{i}") for i, c in enumerate(grid.columns)])
    for column in frame.columns[2:]:
        extra = extra | (pl.col(column).fill_null("").str.strip_chars() != "")
    faults = (
        frame.select(pl.when(extra).then(pl.lit(_TOO_MANY)).otherwise(None)).to_series()
        if grid.width > 2  # noqa: PLR2004 - an id and an amount
        else None
    )
    return entries_by_row(
        grid,
        layout=NAME,
        version=VERSION,
        convention=CONVENTION,
        account=grid.columns[0],
        amount=grid.columns[1],
        faults=faults,
    )
