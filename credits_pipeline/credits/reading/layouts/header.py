"""A header in any column order: an account, a credit, and columns whose meaning is understood."""

from credits_pipeline.credits.model.findings import Convention
from credits_pipeline.credits.reading import headers
from credits_pipeline.credits.reading.extract import Extract
from credits_pipeline.credits.reading.grid import Grid
from credits_pipeline.credits.reading.header_row import find_header
from credits_pipeline.credits.reading.layouts import table
from credits_pipeline.credits.reading.layouts.context import (
    BY_HEADER,
    BY_PART_OF_HEADER,
    Context,
)

NAME = "header"
VERSION = table.VERSION
CONVENTION: Convention = table.CONVENTION


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
        UnreadableFile: a column or a line is not understood.
    """
    return table.extract_table(grid, context, layout=NAME)
