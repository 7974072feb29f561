"""A header in any column order: an account, a credit, and columns that are not used."""

from credits_pipeline.credits.findings import Convention
from credits_pipeline.credits.reading import headers
from credits_pipeline.credits.reading.extract import Extract, ordinal
from credits_pipeline.credits.reading.grid import Grid
from credits_pipeline.credits.reading.layouts.context import (
    BY_HEADER,
    BY_PART_OF_HEADER,
    Context,
)
from credits_pipeline.credits.reading.layouts.rows import extract_rows
from credits_pipeline.credits.reading.layouts.sheets import (
    choose_account,
    choose_amount,
    find_header,
    header_below,
    refuse_foreign_rows,
    shifted_faults,
)
from credits_pipeline.credits.reading.months import month_in_title

NAME = "header"
VERSION = 1
CONVENTION: Convention = "positive_is_credit"


def recognise(head: Grid) -> int:
    """Whether a record names an account or a credit."""
    header = find_header(head)
    if header is None:
        return 0
    whole = any(headers.is_account(cell) for cell in header.cells) and any(
        headers.is_amount(cell) or headers.may_be_amount(cell) for cell in header.cells
    )
    return BY_HEADER if whole else BY_PART_OF_HEADER


def extract(grid: Grid, context: Context) -> Extract:
    """Every row below the header is a record.

    Raises:
        Refusal: the columns can't be told, or are in another currency.
    """
    header, below = header_below(grid)
    account = choose_account(header, below, name=context.name, layout=NAME)
    currency = refuse_foreign_rows(header, below, name=context.name, layout=NAME)
    amount = choose_amount(header, below, {account, *currency}, name=context.name, layout=NAME)
    month = month_in_title(header.title)
    return extract_rows(
        below,
        layout=NAME,
        version=VERSION,
        convention=CONVENTION,
        account=below.columns[account],
        amount=below.columns[amount],
        faults=shifted_faults(header, below, [amount], anchors={account}),
        name=context.name,
        month=None if month is None else ordinal(month),
        ignored_columns=header.ignored({account, amount, *currency}),
        warnings=header.warnings(),
    )
