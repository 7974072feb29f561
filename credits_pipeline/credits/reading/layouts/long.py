"""A header with a month column: an account, a month and a credit in every row."""

from credits_pipeline.credits.model.findings import Convention
from credits_pipeline.credits.reading import headers
from credits_pipeline.credits.reading.columns import names_month
from credits_pipeline.credits.reading.extract import Extract
from credits_pipeline.credits.reading.grid import Grid
from credits_pipeline.credits.reading.header_row import find_header
from credits_pipeline.credits.reading.layouts import table
from credits_pipeline.credits.reading.layouts.context import BY_HEADER, Context

NAME = "long"
VERSION = table.VERSION
CONVENTION: Convention = table.CONVENTION


def recognise(head: Grid) -> int:
    """Whether a header names an account, a month column and a credit."""
    header = find_header(head)
    if header is None or not any(map(names_month, header.cells)):
        return 0
    named = any(headers.is_account(cell) for cell in header.cells)
    credited = any(headers.is_amount(cell) or headers.may_be_amount(cell) for cell in header.cells)
    return BY_HEADER if named and credited else 0


def extract(grid: Grid, context: Context) -> Extract:
    """Every row below the header is a record of its month.

    Raises:
        UnreadableFile: a column or a line is not understood, or the months is unclear.
    """
    return table.extract_table(grid, context, layout=NAME)
