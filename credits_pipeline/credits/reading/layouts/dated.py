"""The months of rows, from all month and date columns of a table."""

import polars as pl

from credits_pipeline.credits.reading.characters import folded, plain, stripped
from credits_pipeline.credits.reading.extract import ordinal
from credits_pipeline.credits.reading.meaning import MONTHS, Table
from credits_pipeline.credits.reading.months import (
    MonthText,
    is_day_or_year,
    month_text,
    order_of,
    serial_month,
)
from credits_pipeline.credits.reading.refusal import UnreadableFile
from credits_pipeline.credits.reading.roles import Role

#: More than the days of fifty years.
_MOST_MONTH_TEXTS = 20_000
_BILLED = (
    "bill",
    "usage",
    "charge",
    "period",
    "invoice",
    "statement",
    "month",
    "service",
    "credit",
    "abrechn",
    "nutzung",
    "factur",
    "fatur",
    "利用",
    "請求",
)


def months_of(
    table: Table, roles: dict[int, Role]
) -> tuple[pl.Series | None, pl.Series | None, dict[int, Role]]:
    """The month of every record as a number, why it has none, and the columns' roles.

    A start and an end in different months are the life of a credit.

    Raises:
        UnreadableFile: the months are ambiguous, or it is not certain that a column's dates are the
            months.
    """
    columns = [index for index, role in roles.items() if role in MONTHS]
    if not columns:
        return None, None, roles
    years = [i for i in columns if roles[i] is Role.YEAR]
    plain_months = [i for i in columns if roles[i] is Role.MONTH]
    starts = [i for i in columns if roles[i] is Role.START]
    ends = [i for i in columns if roles[i] is Role.END]
    if years and not plain_months:
        raise table.refuse(years[0], "names a year, and no column names the month")
    texts = {index: _cells(table, index, years) for index in (*plain_months, *starts, *ends)}
    known = {index: _texts(table, cells) for index, cells in texts.items()}
    order = order_of(t for found in known.values() for t in found.values() if t is not None)
    if order is None:
        raise _two_things(table, texts, known)
    numbers = {
        index: cells.replace_strict(
            list(known[index]),
            [
                None if text is None or (month := text.under(order)) is None else ordinal(month)
                for text in known[index].values()
            ],
            default=None,
            return_dtype=pl.Int32,
        )
        for index, cells in texts.items()
    }
    days = {
        index: {cell: t.day for cell, t in known[index].items() if t is not None} for index in texts
    }
    sure = any(_is_sure(table, i, days[i]) for i in plain_months)
    if not (starts or ends):
        if not sure and _ends_later(table, roles):
            raise _unclear(table, plain_months[0])
    elif not _is_period(table, numbers, days, texts, starts, ends):
        life = [numbers[i] for i in (*starts, *ends)]
        same = any(all((numbers[i] == one).all() for one in life) for i in plain_months)
        if not (sure or same):
            raise _unclear(table, (plain_months or starts or ends)[0])
        roles = roles | dict.fromkeys([*starts, *ends], Role.LIFE)
        starts, ends = [], []
    used = plain_months + (starts or ends)
    return *_agreed(table, {i: numbers[i] for i in used}, {i: texts[i] for i in used}), roles


def _unclear(table: Table, column: int) -> UnreadableFile:
    return table.refuse(
        column,
        "does not lie in one month with the other dates of its row, or may be the start of a"
        " credit's life: whether it is the month of the credits is unclear",
    )


def _ends_later(table: Table, roles: dict[int, Role]) -> bool:
    """Whether a column says until when each credit is valid."""
    return any(
        month_text(cell) is not None
        for column, role in roles.items()
        if role is Role.LIFE
        for cell in table.grid.columns[column].drop_nulls().unique().head(_MOST_MONTH_TEXTS)
    )


def _cells(table: Table, column: int, years: list[int]) -> pl.Series:
    """A column's cells; months without a year get it from their year column."""
    cells = table.grid.columns[column]
    if not years:
        return cells
    frame = pl.DataFrame([table.grid.columns[years[0]].alias("y"), cells.alias("m")])
    pairs = frame.unique().rows()
    joined = {}
    for year, month in pairs:
        own = month_text(month or "")
        year_text = plain(year or "").removesuffix(".0")
        if own is not None and own.month_first is not None:
            agrees = year_text in {"", str(own.month_first.year)}
            joined[(year, month)] = month if agrees else f"{year_text} / {month}"
        else:
            joined[(year, month)] = f"{year_text}-{plain(month or '').removesuffix('.0')}"
    return pl.Series("month", [joined[row] for row in frame.iter_rows()], dtype=pl.String)


def _texts(table: Table, cells: pl.Series) -> dict[str, MonthText | None]:
    different = cells.drop_nulls().unique(maintain_order=True)
    if len(different) > _MOST_MONTH_TEXTS:
        raise UnreadableFile(
            f"{table.name}: the month column holds {len(different):,} different texts: they are not"
            " months; write months as 2025-01.",
            layout="long",
        )
    found = {cell: month_text(cell) for cell in different}
    filled = [cell for cell in found if plain(cell)]
    if filled and all(serial_month(cell) is not None for cell in filled):
        return {cell: serial_month(cell) for cell in found}
    doubted = {cell for cell in filled if is_day_or_year(cell)}
    years = {plain(cell)[-2:] for cell in doubted}
    if len(years) == 1 and len({found[cell] for cell in doubted}) > 1:
        return found
    return {cell: None if cell in doubted else text for cell, text in found.items()}


def _two_things(
    table: Table, texts: dict[int, pl.Series], known: dict[int, dict[str, MonthText | None]]
) -> UnreadableFile:
    column, cell, either = next(
        (c, cell, t)
        for c, found in known.items()
        for cell, t in found.items()
        if t is not None and not t.certain
    )
    line = table.grid.lines.filter((texts[column] == cell).fill_null(value=False))[0]
    return UnreadableFile(
        f"{table.name}, line {line}: {cell.strip()!r} can mean {either.month_first} or"
        f" {either.day_first}; write months as 2025-01.",
        layout="long",
    )


def _is_period(
    table: Table,
    numbers: dict[int, pl.Series],
    days: dict[int, dict[str, int | None]],
    texts: dict[int, pl.Series],
    starts: list[int],
    ends: list[int],
) -> bool:
    """Whether starts and ends give every row one month: both lie in it, or the end just after."""
    frame = pl.DataFrame(
        [numbers[i].alias(f"n{i}") for i in (*starts, *ends)]
        + [
            texts[i].replace_strict(days[i], default=None, return_dtype=pl.Int32).alias(f"d{i}")
            for i in (*starts, *ends)
        ]
    )
    if table.data is not None:
        frame = frame.filter(table.data)
    if starts and ends:
        first = pl.col(f"n{starts[0]}")
        conditions = [pl.col(f"n{i}") == first for i in starts[1:]]
        conditions += [
            (pl.col(f"n{end}") == first)
            | ((pl.col(f"n{end}") == first + 1) & (pl.col(f"d{end}").fill_null(1) == 1))
            for end in ends
        ]
        return bool(frame.select(pl.all_horizontal(conditions).fill_null(value=True).all()).item())
    if starts:
        words = folded(table.header.cell(starts[0]))
        return any(word in words for word in _BILLED)
    return True


def _is_sure(table: Table, column: int, days: dict[str, int | None]) -> bool:
    """Whether dates are months, or said to be: other days may begin or end a credit's life."""
    words = folded(table.header.cell(column))
    return all(day in (None, 1) for day in days.values()) or any(word in words for word in _BILLED)


def _agreed(
    table: Table, numbers: dict[int, pl.Series], texts: dict[int, pl.Series]
) -> tuple[pl.Series, pl.Series | None]:
    """The month that all columns of a row name; a reason if they differ, or one names none."""
    if len(numbers) == 1 and not any(series.null_count() for series in numbers.values()):
        (only,) = numbers.values()
        return only.alias("month"), None
    frame = pl.DataFrame(
        [series.alias(f"n{i}") for i, series in numbers.items()]
        + [series.alias(f"t{i}") for i, series in texts.items()]
    )
    columns = list(numbers)
    first = columns[0]
    reasons = [
        pl.when(
            pl.col(f"n{i}").is_null() & ((stripped(pl.col(f"t{i}")) != "") | (i == first))
        ).then(
            pl.format(
                "{} is not a month: write months as 2025-01",
                pl.concat_str(pl.lit("'"), stripped(pl.col(f"t{i}")), pl.lit("'")),
            )
        )
        for i in columns
    ]
    different = [
        pl.when(pl.col(f"n{i}") != pl.col(f"n{first}")).then(
            pl.lit(
                f"the columns {table.header.name(first)!r} and {table.header.name(i)!r} name"
                f" different"
                " months"
            )
        )
        for i in columns[1:]
    ]
    faults = frame.select(
        pl.coalesce(reason.otherwise(None) for reason in (*reasons, *different)).alias("fault")
    ).to_series()
    months = frame[f"n{first}"].alias("month")
    return months, faults if faults.null_count() < len(faults) else None
