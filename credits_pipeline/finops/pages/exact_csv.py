"""A table's CSV: what is shown, to the last digit and without a float."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from credits_pipeline.core.money import to_text
from credits_pipeline.text.spreadsheet import csv_cell, csv_file


def exact_csv(rows: Sequence[Mapping[str, Any]], names: Sequence[str], currency: str = "") -> bytes:
    """The rows for spreadsheets: UTF-8, a comma, a dot in decimals.

    Args:
        rows: by the columns' names: text, whole numbers, `Decimal`, a sequence of these, or None.
        names: of the columns, in order.
        currency: of the amounts, which gets a column of its own; empty if there are none.

    Raises:
        TypeError: a value is a float, which would not be exact.
    """
    more = [currency] if currency else []
    heads = [*map(csv_cell, names), *(["Currency"] if currency else [])]
    return csv_file([heads, *([*(_cell(row.get(name)) for name in names), *more] for row in rows)])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return to_text(value)
    if isinstance(value, str):
        return csv_cell(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Sequence):
        # Two amounts, of which the first is below zero, are a formula.
        return csv_cell(" ".join(map(_cell, value)))
    raise TypeError(f"a {type(value).__name__} has no exact CSV")
