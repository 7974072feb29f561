"""A profile's months: dates, moments in UTC, months, or a year and a month in two columns."""

import re
from datetime import UTC, datetime, timedelta

import polars as pl

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.reading.characters import clean
from credits_pipeline.credits.reading.extract import ordinal
from credits_pipeline.credits.reading.months import MonthText, Order, month_text, order_of
from credits_pipeline.credits.reading.profiles.profile import MonthColumn
from credits_pipeline.credits.reading.refusal import UnreadableFile

_MOMENT = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ](?P<time>[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.[0-9]+)?"
    r" ?(?P<zone>Z|UTC|[+-][0-9]{2}:?[0-9]{2})?"
)
_NOT_A_MONTH = "not a month"
_LEAVES = "a period that does not end in the month in which it begins"


def read_months(
    columns: list[pl.Series],
    until: pl.Series | None,
    lines: pl.Series,
    said: MonthColumn,
    *,
    skip: pl.Series,
    name: str,
) -> tuple[pl.Series, pl.Series]:
    """The month of each row (see `ordinal`), and why it has none.

    Raises:
        UnreadableFile: the meaning of ``2/1/2025`` is not certain.
    """
    keys = _joined(columns)
    texts: dict[str | None, MonthText | None]
    texts = {cell: _read(cell) for cell in keys.unique().drop_nulls()}
    order = _order(texts, said, keys.filter(~skip), lines.filter(~skip), name=name)
    ends = (
        pl.Series([None], dtype=pl.String).new_from_index(0, len(keys)) if until is None else until
    )
    frame = pl.DataFrame([keys.alias("cell"), ends.alias("end")])
    known = frame.unique(maintain_order=True)
    read = [
        _month(cell, end, texts.get(cell), order, bounded=until is not None)
        for cell, end in known.iter_rows()
    ]
    found = known.with_columns(
        pl.Series("month", [month for month, _ in read], dtype=pl.Int32),
        pl.Series("fault", [fault for _, fault in read], dtype=pl.String),
    )
    joined = frame.join(
        found, on=["cell", "end"], how="left", maintain_order="left", nulls_equal=True
    )
    return joined["month"], joined["fault"]


def _month(
    cell: str | None, end: str | None, text: MonthText | None, order: Order, *, bounded: bool
) -> tuple[int | None, str | None]:
    """The month of a cell, or why it has none."""
    month = None if text is None else text.under(order)
    if month is None:
        return None, f"{_NOT_A_MONTH}: {clean(cell or '')!r}"
    if bounded and not _ends_within(clean(end or ""), month, order):
        return None, _LEAVES
    return ordinal(month), None


def _joined(columns: list[pl.Series]) -> pl.Series:
    if len(columns) == 1:
        return columns[0]
    year, month = columns
    texts = [
        None if y is None or m is None else _year_and_month(clean(y), clean(m))
        for y, m in zip(year, month, strict=True)
    ]
    return pl.Series(texts, dtype=pl.String)


def _year_and_month(year: str, month: str) -> str:
    number = re.fullmatch(r"0?([1-9]|1[0-2])", month)
    return f"{year}-{int(number[1]):02}" if number else f"{month} {year}"


def _read(cell: str) -> MonthText | None:
    at = moment(clean(cell))
    if at is not None:
        month = BillingMonth(at.year, at.month)
        return MonthText(month, month, at.day)
    return month_text(cell)


def moment(text: str) -> datetime | None:
    """A moment in UTC, in which AWS counts its months; one without a zone is in UTC."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    zone = match["zone"] or "Z"
    try:
        read = datetime.fromisoformat(
            f"{match['day']}T{match['time']}{'+00:00' if zone in {'Z', 'UTC'} else zone}"
        )
    except ValueError:
        return None
    return read.astimezone(UTC)


def _ends_within(end: str, month: BillingMonth, order: Order) -> bool:
    """Whether an end, inclusive or exclusive, lies in the month."""
    at = moment(end)
    if at is not None:
        last = at - timedelta(microseconds=1)
        return (last.year, last.month) == (month.year, month.month)
    text = month_text(end)
    if text is None:
        return False
    ends = text.under(order)
    return ends == month or (ends == month.shift(1) and text.day == 1)


def _order(
    texts: dict[str | None, MonthText | None],
    said: MonthColumn,
    cells: pl.Series,
    lines: pl.Series,
    *,
    name: str,
) -> Order:
    if said.dates is not None:
        return said.dates
    order = order_of([text for text in texts.values() if text is not None])
    if order is not None:
        return order
    first = next(
        (cell, line)
        for cell, line in zip(cells, lines, strict=True)
        if (text := texts.get(cell)) is not None and not text.certain
    )
    raise UnreadableFile(
        f"{name}, line {first[1]}: {clean(first[0])!r} can be one month or another, and no other"
        ' date of the file decides it: say dates = "day_first" or "month_first" under [month] in'
        " the profile.",
        layout="profile",
    )
