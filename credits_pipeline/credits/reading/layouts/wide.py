"""A header of months: an account in every row, and one column of credits per month."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.model.findings import Convention
from credits_pipeline.credits.reading import headers, vocabulary
from credits_pipeline.credits.reading.characters import folded, plain
from credits_pipeline.credits.reading.extract import (
    ENTRIES,
    Extract,
    StatedTotal,
    ordinal,
)
from credits_pipeline.credits.reading.grid import Grid
from credits_pipeline.credits.reading.header_row import Header, find_header, header_below
from credits_pipeline.credits.reading.layouts.context import (
    BY_HEADER,
    BY_PART_OF_HEADER,
    Context,
)
from credits_pipeline.credits.reading.layouts.rows import (
    Rows,
    first_fault,
    malformed_faults,
    sort_rows,
    stated_totals,
    twins,
    warnings_of,
    with_faults,
)
from credits_pipeline.credits.reading.layouts.sheets import (
    choose_account,
    holds_anything,
    refuse_foreign,
    shifted_faults,
)
from credits_pipeline.credits.reading.lines import understood
from credits_pipeline.credits.reading.meaning import MONTHS, Table, roles_of, understand
from credits_pipeline.credits.reading.months import MonthText
from credits_pipeline.credits.reading.refusal import UnreadableFile
from credits_pipeline.credits.reading.roles import Role

NAME = "wide"
VERSION = 2
CONVENTION: Convention = "positive_is_credit"


def recognise(head: Grid) -> int:
    """Whether a header names an account and at least one month."""
    header = find_header(head)
    if header is None or not _month_headers(header):
        return 0
    if any(headers.is_account(cell) for cell in header.cells):
        return BY_HEADER
    return BY_PART_OF_HEADER + 1 if not plain(header.cells[0]) else 0


def _month_headers(header: Header) -> dict[int, MonthText]:
    """The months of columns of credits; a column of costs beside them is not one."""
    found = {i: headers.month_in(cell) for i, cell in enumerate(header.cells)}
    return {i: month for i, month in found.items() if month is not None}


def _beside_months(header: Header, column: int) -> bool:
    """Whether a header is a month's cost, usage or tax: ``2025-01 Cost``."""
    words = folded(header.cell(column))
    bare = vocabulary.CHARGES.sub(" ", words)
    return bare != words and "credit" not in words and headers.month_in(bare) is not None


def extract(grid: Grid, context: Context) -> Extract:
    """Every cell below a month and beside an account is a record.

    Raises:
        UnreadableFile: a column or a line is not understood, the months are not certain, or there
            are too many cells.
    """
    header, below = header_below(grid)
    account = choose_account(header, below, name=context.name, layout=NAME)
    columns = [column for column in _month_headers(header) if column != account]
    months = _distinct(header, columns, name=context.name)
    totals = [
        i
        for i, cell in enumerate(header.cells)
        if headers.is_total(cell) and i not in {account, *columns}
    ]
    costs = [i for i in range(len(header.cells)) if _beside_months(header, i)]
    for column in columns:
        refuse_foreign(header.cells[column], name=context.name, layout=NAME)
    rows = sort_rows(
        below, below.columns[account], malformed_faults(below), name=context.name, header=header
    )
    stated = understood((*header.above, *rows.notes), name=context.name, layout=NAME)
    table = Table(
        header=header,
        grid=below,
        data=None if rows.entries.all() else rows.entries,
        amount=None,
        name=context.name,
        layout=NAME,
    )
    used = {account, *columns, *totals, *costs}
    others = [i for i in range(min(header.last + 1, below.width)) if i not in used]
    roles = roles_of(table, others)
    for index, role in roles.items():
        if role in {*MONTHS, Role.COST, Role.TYPE}:
            raise table.refuse(
                index, "stands beside columns of months, and what it means for them is unclear"
            )
    meaning = understand(table, roles, dated=True)
    sheet = MonthColumns(
        layout=NAME,
        version=VERSION,
        account=account,
        months=dict(zip(columns, months, strict=True)),
        totals=tuple(totals),
        faults=shifted_faults(header, below, [*columns, *totals]),
        header=header,
        titles=tuple(
            StatedTotal(line=line, label=label, amount=amount, is_record=False)
            for line, label, amount in stated.totals
        ),
        ignored=header.ignored({*used, *meaning.of(Role.CURRENCY)}),
        warnings=warnings_of(stated, header),
    )
    return extract_cells(below, sheet, context)


def _distinct(header: Header, columns: list[int], *, name: str) -> list[BillingMonth]:
    texts = [headers.month_in(header.cells[column]) for column in columns]
    months = headers.distinct_months([text for text in texts if text is not None])
    if months is None:
        raise UnreadableFile(
            f"{name}: the months in the header"
            f" ({', '.join(header.name(column) for column in columns)[:200]}) are not all"
            " different, or can mean two things; write each once, as 2025-01.",
            layout=NAME,
        )
    for column, text, month in zip(columns, texts, months, strict=True):
        last = monthrange(month.year, month.month)[1]
        if text is not None and text.day not in {None, 1, last}:
            raise UnreadableFile(
                f"{name}, line {header.line}: the column {header.name(column)!r} is a day of"
                f" {month}, and whether it holds the whole month is unclear; write {month} if"
                " it does.",
                layout=NAME,
            )
    return months


@dataclass(frozen=True)
class MonthColumns:
    """What a layout found out about a sheet with a column for each month.

    Attributes:
        layout: its name.
        version: of the layout.
        account: the column of accounts.
        months: what month each column of amounts is of.
        totals: columns that add up a row.
        faults: of each row; None where none has one.
        header: None where the sheet has none.
        titles: totals that stand above the header.
        ignored: names of columns that are not read.
        warnings: for people.
    """

    layout: str
    version: int
    account: int
    months: Mapping[int, BillingMonth]
    totals: tuple[int, ...] = ()
    faults: pl.Series | None = None
    header: Header | None = None
    titles: tuple[StatedTotal, ...] = ()
    ignored: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def extract_cells(grid: Grid, sheet: MonthColumns, context: Context) -> Extract:
    """An extract with an entry for every account and month of a sheet.

    Months with an empty column are left out: nobody filled them in.

    Raises:
        UnreadableFile: more cells than records are allowed.
    """
    fault = first_fault(malformed_faults(grid), sheet.faults)
    rows = sort_rows(
        grid, grid.columns[sheet.account], fault, name=context.name, header=sheet.header
    )
    warnings = sheet.warnings
    if sheet.header is None:
        stated = understood(rows.notes, name=context.name, layout=sheet.layout)
        warnings = (*warnings, *warnings_of(stated))
    twin = twins(grid, grid.columns[sheet.account], rows.entries)
    filled = {
        column: month
        for column, month in sheet.months.items()
        if holds_anything(grid.columns[column])
    }
    if grid.height * len(filled) > context.max_records:
        raise UnreadableFile(
            f"{context.name} has {grid.height:,} rows for {len(filled)} months; at most"
            f" {context.max_records:,} cells are read: split it, or raise CREDITS_MAX_RECORDS.",
            layout=sheet.layout,
        )
    parts = [
        _month_entries(grid, rows, sheet.account, column, month, fault, twin)
        for column, month in filled.items()
    ]
    left_out = tuple(str(month) for column, month in sheet.months.items() if column not in filled)
    return Extract(
        layout=sheet.layout,
        version=sheet.version,
        convention=CONVENTION,
        entries=pl.concat(parts) if parts else pl.DataFrame(schema=ENTRIES),
        records={ordinal(month): grid.height for month in filled.values()},
        blank=int(rows.blank.sum()),
        totals=(
            *sheet.titles,
            *(
                total
                for column, month in filled.items()
                for total in stated_totals(grid, rows, grid.columns[column], month=ordinal(month))
            ),
            *_row_totals(grid, rows, sheet.totals),
        ),
        dated=True,
        first_counts=sheet.header is None,
        ignored_columns=sheet.ignored,
        warnings=(
            *warnings,
            *((f"Nothing is filled in for {', '.join(left_out)}.",) if left_out else ()),
        ),
    )


def _month_entries(
    grid: Grid,
    rows: Rows,
    account: int,
    column: int,
    month: BillingMonth,
    fault: pl.Series | None,
    twin: pl.Series | None,
) -> pl.DataFrame:
    entries = pl.DataFrame(
        [
            grid.lines.alias("line"),
            grid.columns[account].alias("account"),
            grid.columns[column].alias("amount"),
        ]
    ).with_columns(
        month=pl.lit(ordinal(month), dtype=pl.Int32), column=pl.lit(column, dtype=pl.Int32)
    )
    if twin is not None:
        entries = entries.with_columns(twin)
    if fault is not None:
        entries = with_faults(entries, fault)
    return entries.filter(rows.entries)


def _row_totals(grid: Grid, rows: Rows, columns: Sequence[int]) -> tuple[StatedTotal, ...]:
    """What each row states as its own sum, and the grand total of the total row."""
    total_rows = dict(rows.totals)
    found = []
    for column in columns:
        cells = grid.columns[column].to_list()
        for index in range(grid.height):
            cell = cells[index]
            if cell is None or not cell.strip():
                continue
            label = total_rows.get(index)
            found.append(
                StatedTotal(
                    line=grid.lines[index],
                    label=label or "the row's total",
                    amount=cell,
                    scope="line" if label is None else "all",
                    is_record=False,
                )
            )
    return tuple(found)
