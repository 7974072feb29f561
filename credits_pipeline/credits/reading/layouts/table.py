"""A table with a header, an account and a credit in every row, with months or without.

The meaning of every column is checked (`meaning`), and every line that is not a row is interpreted.
"""

import polars as pl

from credits_pipeline.credits.model.findings import Convention
from credits_pipeline.credits.reading import accounts, amounts, chunked, headers
from credits_pipeline.credits.reading.columns import names_month
from credits_pipeline.credits.reading.extract import Extract, StatedTotal, month_of, ordinal
from credits_pipeline.credits.reading.grid import Grid
from credits_pipeline.credits.reading.header_row import Header, header_below
from credits_pipeline.credits.reading.layouts.context import Context
from credits_pipeline.credits.reading.layouts.dated import months_of
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
    choose_amount,
    refuse_empty,
    shifted_faults,
)
from credits_pipeline.credits.reading.lines import Stated, understood
from credits_pipeline.credits.reading.meaning import MONTHS, Table, roles_of, understand
from credits_pipeline.credits.reading.refusal import UnreadableFile, profile_command
from credits_pipeline.credits.reading.roles import Role

CONVENTION: Convention = "positive_is_credit"
VERSION = 2


def extract_table(grid: Grid, context: Context, *, layout: str) -> Extract:
    """Every row below the header is a record, of its month if it names one.

    Args:
        grid: the records.
        context: what else is known.
        layout: the layout that recognised it; a table whose rows name months is ``long``.

    Raises:
        UnreadableFile: a column, a title or a note is not understood, or changes what amounts mean.
    """
    header, below = header_below(grid)
    account = choose_account(header, below, name=context.name, layout=layout)
    malformed = malformed_faults(below)
    rows = sort_rows(below, below.columns[account], malformed, name=context.name, header=header)
    stated = understood((*header.above, *rows.notes), name=context.name, layout=layout)
    amount = choose_amount(header, below, {account}, name=context.name, layout=layout)
    _refuse_charges(header, amount, stated, context, layout)
    anchors = {i for i, cell in enumerate(header.cells) if i != amount and names_month(cell)}
    doubted = first_fault(
        malformed,
        shifted_faults(header, below, [amount], anchors={account, *anchors}),
        note_faults(below.columns[account], below.columns[amount]),
    )
    if doubted is not None:
        rows = sort_rows(below, below.columns[account], doubted, name=context.name, header=header)
    data = rows.entries if doubted is None else rows.entries & doubted.is_null()
    table = Table(
        header=header,
        grid=below,
        data=None if data.all() else data,
        amount=header.cell(amount),
        name=context.name,
        layout=layout,
    )
    refuse_empty(table, amount)
    others = [i for i in range(min(header.last + 1, below.width)) if i not in {account, amount}]
    roles = roles_of(table, others)
    months, month_faults, roles = months_of(table, roles)
    meaning = understand(table, roles, dated=months is not None or stated.month is not None)
    if months is not None:
        layout = "long"
        _refuse_other_title(months, rows, stated, context)
    dates = {i for i, role in meaning.roles.items() if months is not None and role in MONTHS}
    return Extract(
        layout=layout,
        version=VERSION,
        convention=CONVENTION,
        entries=_entries(
            below,
            rows,
            account,
            amount,
            months,
            stated,
            meaning.excluded,
            first_fault(doubted, month_faults),
            doubted,
        ),
        records=_records(below, rows, months, stated),
        blank=int(rows.blank.sum()),
        totals=(
            *_titles(stated),
            *stated_totals(
                below,
                rows,
                below.columns[amount],
                month=None if stated.month is None else ordinal(stated.month),
                months=months,
            ),
        ),
        dated=months is not None or stated.month is not None,
        plain=_is_plain(below, rows, account, amount, doubted, month_faults),
        bare_months=stated.bare | meaning.named_months,
        ignored_columns=header.ignored(
            {account, amount, *dates, *meaning.of(Role.CURRENCY, Role.TYPE)}
        ),
        warnings=warnings_of(stated, header),
    )


def _refuse_other_title(months: pl.Series, rows: Rows, stated: Stated, context: Context) -> None:
    if stated.month is None:
        return
    named = months.filter(rows.entries).unique().drop_nulls().sort()
    if named.to_list() != [ordinal(stated.month)]:
        listed = ", ".join(str(month_of(number)) for number in named.head(3))
        raise UnreadableFile(
            f"{context.name}: the title says {stated.month}, and the rows say {listed}; correct"
            f" what"
            " is wrong.",
            layout="long",
        )


def _refuse_charges(
    header: Header, amount: int, stated: Stated, context: Context, layout: str
) -> None:
    if stated.charges is None:
        return
    line, text = stated.charges
    if line < header.line and headers.says_credit(header.cell(amount)):
        return
    raise UnreadableFile(
        f"{context.name}, line {line}: {text!r} mentions costs, so {header.name(amount)!r} may not "
        f"be credits; say what the file means with: {profile_command(context.name)}",
        layout=layout,
    )


def _entries(
    grid: Grid,
    rows: Rows,
    account: int,
    amount: int,
    months: pl.Series | None,
    stated: Stated,
    excluded: pl.Series | None,
    fault: pl.Series | None,
    doubted: pl.Series | None,
) -> pl.DataFrame:
    columns = [
        grid.lines.alias("line"),
        grid.columns[account].alias("account"),
        grid.columns[amount].alias("amount"),
    ]
    if months is not None:
        columns.append(months.alias("month"))
    if excluded is not None:
        columns.append(excluded.alias("excluded"))
    twin = twins(grid, grid.columns[account], rows.entries)
    if twin is not None:
        columns.append(twin)
    entries = pl.DataFrame(columns)
    if months is None and stated.month is not None:
        entries = entries.with_columns(pl.lit(ordinal(stated.month), dtype=pl.Int32).alias("month"))
    if doubted is not None:
        entries = with_faults(entries, doubted)
    if fault is not None:
        entries = entries.with_columns(fault.alias("fault"))
    return entries if rows.entries.all() else entries.filter(rows.entries)


def _is_plain(
    grid: Grid,
    rows: Rows,
    account: int,
    amount: int,
    *faults: pl.Series | None,
) -> bool:
    if any(fault is not None for fault in faults) or not rows.entries.all():
        return False
    frame = pl.DataFrame(
        [grid.columns[account].alias("account"), grid.columns[amount].alias("amount")]
    )
    return chunked.all_true(
        frame, accounts.is_plain(pl.col("account")), amounts.is_plain(pl.col("amount"))
    )


def _records(
    grid: Grid, rows: Rows, months: pl.Series | None, stated: Stated
) -> dict[int | None, int]:
    if months is None:
        return {None if stated.month is None else ordinal(stated.month): grid.height}
    at_total = pl.int_range(grid.height, eager=True).is_in([index for index, _ in rows.totals])
    counted = months.set(~rows.entries & ~at_total, None)
    return dict(counted.value_counts().iter_rows())


def _titles(stated: Stated) -> tuple[StatedTotal, ...]:
    return tuple(
        StatedTotal(line=line, label=label, amount=amount, is_record=False)
        for line, label, amount in stated.totals
    )


def note_faults(account: pl.Series, amount: pl.Series) -> pl.Series | None:
    """The reason against rows that mention an account in a sentence and have no amount."""
    frame = pl.DataFrame([account.alias("account"), amount.alias("amount")]).select(
        pl.when(
            pl.col("account")
            .str.contains(r"\p{L}.*[0-9]{9}|[0-9]{9}.*\p{L}")
            .fill_null(value=False)
            & (pl.col("amount").fill_null("").str.strip_chars() == "")
        )
        .then(pl.lit("a note, or a label without an amount: no credit is made of it"))
        .otherwise(None)
        .alias("fault")
    )
    return None if frame["fault"].null_count() == len(frame) else frame["fault"]
