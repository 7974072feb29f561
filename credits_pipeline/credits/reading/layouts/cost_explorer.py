"""The Cost Explorer download: a column for each linked account, a row for each month.

The first records are the account ids, the accounts' names with ``($)`` and the accounts' totals; a
column ``Total costs ($)`` sums up each month. AWS writes credits as negative costs and rounds every
figure to ten decimals, totals included.
"""

import re
from dataclasses import dataclass

import polars as pl

from credits_pipeline.credits.model.findings import Convention
from credits_pipeline.credits.reading import headers
from credits_pipeline.credits.reading.accounts import looks_like_account
from credits_pipeline.credits.reading.characters import plain, words
from credits_pipeline.credits.reading.extract import (
    ENTRIES,
    Extract,
    StatedTotal,
    month_of,
    ordinal,
)
from credits_pipeline.credits.reading.grid import Grid
from credits_pipeline.credits.reading.layouts.context import BY_HEADER, Context
from credits_pipeline.credits.reading.layouts.rows import MALFORMED
from credits_pipeline.credits.reading.months import MonthText, month_text
from credits_pipeline.credits.reading.refusal import UnreadableFile
from credits_pipeline.credits.reading.totals import is_total

NAME = "cost_explorer"
VERSION = 2
CONVENTION: Convention = "negative_is_credit"
_DECIMALS = 10
_HEAD = 10
_FIRST_CELLS = words(
    """
    linkedaccount linkedaccountname linkedaccountid verknupfteskonto namedesverknupftenkontos
    comptelie nomducomptelie cuentavinculada nombredelacuentavinculada contavinculada
    nomedacontavinculada 連結アカウント 連結アカウント名 リンクされたアカウント
    """
)
_TOTALS = words(
    """
    linkedaccounttotal summedesverknupftenkontos totalducomptelie totaldelacuentavinculada
    totaldacontavinculada 連結アカウントの合計
    """
)
_CURRENCY = re.compile(r" *\((?:\$|USD|US\$)\)$", re.IGNORECASE)
_GROUPS = words(
    """
    service region instancetype usagetype usagetypegroup availabilityzone apioperation
    purchaseoption chargetype platform tenancy legalentity billingentity databaseengine tag
    costcategory resource
    """
)
#: More months than any sheet of history has: the rows are days.
_MOST_MONTHS = 1200


@dataclass(frozen=True)
class _Shape:
    """Which record is which.

    Attributes:
        ids: index of the record of account ids.
        names: indices of the records of names.
        account_totals: index of the record of the accounts' totals, if there is one.
        total_columns: columns that sum up a month.
        columns: columns of accounts.
    """

    ids: int
    names: tuple[int, ...]
    account_totals: int | None
    total_columns: tuple[int, ...]
    columns: tuple[int, ...]


def recognise(head: Grid) -> int:
    """Whether the first record is ``Linked account`` followed by account ids."""
    rows = _filled(head.rows(0, min(_HEAD, head.height)))
    if not rows:
        return 0
    first = headers.key(rows[0][0])
    months = any(month_text(row[0]) is not None for row in rows[1:])
    if first in _FIRST_CELLS:
        ids = any(
            headers.key(row[0]) in _FIRST_CELLS and any(map(_is_account, row[1:])) for row in rows
        )
        scientific = months and len(rows[0]) > 1
        return 2 * BY_HEADER if ids or scientific else 0
    grouped = first in _GROUPS and months
    return 2 * BY_HEADER if grouped and any("$" in cell for cell in rows[0][1:]) else 0


def _filled(rows: list[list[str]]) -> list[list[str]]:
    return [row for row in rows if any(plain(cell) for cell in row)]


def extract(grid: Grid, context: Context) -> Extract:
    """Every cell below an account and beside a month is a record.

    Raises:
        UnreadableFile: grouped by something else, days instead of months, a month twice, another
            currency, or more cells than records are allowed.
    """
    rows = (
        [
            [cell or "" for cell in row]
            for row in pl.DataFrame(
                [column.alias(f"c{i}") for i, column in enumerate(grid.columns)]
            ).iter_rows()
        ]
        if grid.height <= _MOST_MONTHS
        else _too_long(context)
    )
    shape = _shape(rows, context)
    months = _months(grid, rows, shape, context)
    filled = {
        index: month
        for index, month in months.items()
        if month is None or any(plain(rows[index][column]) for column in shape.columns)
    }
    if len(filled) * len(shape.columns) > context.max_records:
        raise UnreadableFile(
            f"{context.name} has {len(shape.columns):,} accounts for {len(filled)} months; at most"
            f" {context.max_records:,} cells are read: download fewer months, or raise"
            " CREDITS_MAX_RECORDS.",
            layout=NAME,
        )
    malformed = set() if grid.malformed is None else set(grid.malformed.arg_true().to_list())
    entries = [
        _entry(
            grid.lines[index],
            column,
            account=_without_currency(rows[shape.ids][column]),
            amount=None if malformed & {index, shape.ids} else rows[index][column],
            label=rows[index][0],
            month=month,
        )
        for index, month in filled.items()
        for column in shape.columns
    ]
    left_out = [
        str(month_of(month))
        for index, month in months.items()
        if month is not None and index not in filled
    ]
    return Extract(
        layout=NAME,
        version=VERSION,
        convention=CONVENTION,
        entries=pl.DataFrame(entries, schema=ENTRIES),
        records=_records(filled, len(shape.columns)),
        totals=_totals(grid, rows, shape, filled),
        dated=True,
        rounded_to=_DECIMALS,
        warnings=((f"Nothing is filled in for {', '.join(left_out)}.",) if left_out else ()),
    )


def _too_long(context: Context) -> list[list[str]]:
    raise UnreadableFile(
        f"{context.name} is a Cost Explorer download with more rows than months can be: choose"
        " monthly granularity and download it again.",
        layout=NAME,
    )


def _shape(  # noqa: C901 - one record after the other
    rows: list[list[str]], context: Context
) -> _Shape:
    """Find out which record is which.

    Raises:
        UnreadableFile: no record has account ids, or a column is in another currency.
    """
    head = []
    for index, row in enumerate(rows):
        if month_text(row[0]) is not None:
            break
        if any(plain(cell) for cell in row):
            head.append(index)
    if head and headers.key(rows[head[0]][0]) in _GROUPS:
        raise UnreadableFile(
            f"{context.name} is a Cost Explorer download grouped by {plain(rows[head[0]][0])}:"
            " group it by Linked account and download it again.",
            layout=NAME,
        )
    labelled = [i for i in head if headers.key(rows[i][0]) in _FIRST_CELLS]
    ids = next((i for i in labelled if any(map(_is_account, rows[i][1:]))), None)
    if ids is None:
        raise UnreadableFile(
            f"{context.name} is a Cost Explorer download without account ids: its first row must"
            " be Linked account and the 12-digit ids; download it again.",
            layout=NAME,
        )
    for index in head:
        if index not in labelled and headers.key(rows[index][0]) in _GROUPS:
            raise UnreadableFile(
                f"{context.name}, line {index + 1}: a Cost Explorer download grouped by account"
                f" and by"
                f" {plain(rows[index][0])!r}: filter it to charge type Credit, group it by"
                f" Linked account"
                " alone and download it again.",
                layout=NAME,
            )
    names = tuple(i for i in labelled if i != ids)
    account_totals = next((i for i in head if _is_total_label(rows[i][0])), None)
    total_columns: list[int] = []
    columns: list[int] = []
    for column in range(1, len(rows[ids])):
        heads = [rows[i][column] for i in (ids, *names)]
        for cell in heads:
            _refuse_foreign(cell, context)
        if not any(plain(row[column]) for row in rows):
            continue
        is_sum = not _is_account(heads[0]) and any(headers.is_total_column(cell) for cell in heads)
        (total_columns if is_sum else columns).append(column)
    return _Shape(ids, names, account_totals, tuple(total_columns), tuple(columns))


def _without_currency(cell: str) -> str:
    """A column's header without the trailing ``($)``."""
    return _CURRENCY.sub("", plain(cell))


def _is_account(cell: str) -> bool:
    return looks_like_account(_without_currency(cell))


def _is_total_label(cell: str) -> bool:
    return headers.key(cell).startswith(tuple(_TOTALS)) or is_total(cell)


def _refuse_foreign(cell: str, context: Context) -> None:
    """Refuse a name that ends in a currency other than ``($)``.

    Raises:
        UnreadableFile: it does.
    """
    text = plain(cell)
    if not text.endswith(")"):
        return
    currency = text[text.rfind("(") :]
    foreign = headers.foreign_in(currency)
    if foreign is not None:
        raise UnreadableFile(
            f"{context.name}: the column {text!r} is in {foreign}; only US dollars are read.",
            layout=NAME,
        )


def _months(
    grid: Grid, rows: list[list[str]], shape: _Shape, context: Context
) -> dict[int, int | None]:
    """The month of every record that is one, by index; None if it can't be read.

    Raises:
        UnreadableFile: days instead of months, a month twice, or dates that can mean two things.
    """
    special = {shape.ids, *shape.names, shape.account_totals}
    found: dict[int, MonthText | None] = {
        index: month_text(row[0])
        for index, row in enumerate(rows)
        if index not in special and any(plain(cell) for cell in row)
    }
    texts = {index: text for index, text in found.items() if text is not None}
    for index, text in texts.items():
        if text.day not in {None, 1}:
            raise UnreadableFile(
                f"{context.name}, line {grid.lines[index]}: {plain(rows[index][0])} is not the"
                " first of a month; choose monthly granularity and whole months in Cost Explorer"
                " and download it again.",
                layout=NAME,
            )
    months = headers.distinct_months(list(texts.values()))
    if months is None:
        raise UnreadableFile(
            f"{context.name}: the dates in the first column are not one a month, or can mean two"
            " things; choose monthly granularity and download it again.",
            layout=NAME,
        )
    known = dict(zip(texts, months, strict=True))
    return {index: ordinal(known[index]) if index in known else None for index in found}


def _entry(
    line: int, column: int, *, account: str, amount: str | None, label: str, month: int | None
) -> dict[str, int | str | None]:
    fault = None
    if month is None:
        fault = f"{plain(label)!r} is not a month"
    elif amount is None:
        fault = MALFORMED
    return {
        "line": line,
        "account": account,
        "amount": amount,
        "month": month,
        "column": column,
        "batch": None,
        "fault": fault,
        "text": f"{plain(account)}: {plain(amount or '')}",
    }


def _records(months: dict[int, int | None], columns: int) -> dict[int | None, int]:
    records: dict[int | None, int] = {}
    for month in months.values():
        records[month] = records.get(month, 0) + columns
    return records


def _totals(
    grid: Grid, rows: list[list[str]], shape: _Shape, months: dict[int, int | None]
) -> tuple[StatedTotal, ...]:
    found = []
    for index, month in months.items():
        found += [
            StatedTotal(
                line=grid.lines[index],
                label=plain(rows[shape.ids][column]) or plain(rows[shape.names[0]][column]),
                amount=rows[index][column],
                month=month,
                is_record=False,
            )
            for column in shape.total_columns
            if month is not None and plain(rows[index][column])
        ]
    if shape.account_totals is not None:
        index = shape.account_totals
        label = plain(rows[index][0])
        found += [
            StatedTotal(
                line=grid.lines[index],
                label=f"{label} {plain(rows[shape.ids][column])}",
                amount=rows[index][column],
                scope="column",
                column=column,
                is_record=False,
            )
            for column in shape.columns
            if plain(rows[index][column])
        ]
        found += [
            StatedTotal(
                line=grid.lines[index],
                label=label,
                amount=rows[index][column],
                is_record=False,
            )
            for column in shape.total_columns
            if plain(rows[index][column])
        ]
    return tuple(found)
