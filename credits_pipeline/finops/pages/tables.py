"""Tables: numbers to the cent that sort as numbers; names as text, whatever they contain."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any, Literal

import streamlit as st

from credits_pipeline.finops.pages import figures
from credits_pipeline.finops.pages.exact_csv import exact_csv
from credits_pipeline.finops.pages.plain import plain, visible

_NO_WORD = re.compile(r"[^a-z0-9]+")
_CENT = Decimal("0.01")
#: Up to here a table is as high as its rows.
_AUTO_ROWS = 12
_HEIGHT = 460


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        name: its heading and the key of its values.
        kind: how its values are shown.
        help: for its heading.
        width: its width; None for what its values need.
    """

    name: str
    kind: Literal["text", "money", "change", "share", "bars", "count", "link"] = "text"
    help: str | None = None
    width: Literal["small", "medium", "large"] | None = None


def table(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[Column],
    *,
    currency: str,
    words: str,
    key: str | None = None,
    on_row: Callable[[int], None] | None = None,
    has_csv: bool = False,
) -> None:
    """Draw a table, and below it the button that saves it as exact CSV.

    Args:
        rows: by the columns' names; money as `Decimal`, bars as a sequence of them.
        columns: in order.
        currency: of every amount.
        words: a description for those who can't see it.
        key: of the table, if rows can be chosen.
        on_row: called with the number of a chosen row.
        has_csv: the page offers a CSV of these rows itself, and of those that are not drawn.
    """
    import pandas as pd  # noqa: PLC0415 - Streamlit has loaded it by now

    data = {
        column.name: [_shown(row.get(column.name), column.kind) for row in rows]
        for column in columns
    }
    config = {column.name: _config(column, currency) for column in columns}

    def chosen() -> None:
        state = st.session_state[key or ""]
        if on_row is not None and state["selection"]["rows"]:
            on_row(state["selection"]["rows"][0])

    more: dict[str, Any] = {}
    if on_row is not None and key is not None:
        more = {"on_select": chosen, "selection_mode": "single-row", "key": key}
    st.dataframe(
        pd.DataFrame(data),
        hide_index=True,
        width="stretch",
        height="content" if len(rows) <= _AUTO_ROWS else _HEIGHT,
        column_config=config,
        placeholder="",
        alt=f"{words}: {figures.count(len(rows), 'row')}",
        **more,
    )
    if rows and not has_csv:
        _csv_button(rows, columns, currency, words)


def _csv_button(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], currency: str, words: str
) -> None:
    names = [column.name for column in columns]
    has_money = any(column.kind in ("money", "change") for column in columns)
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.download_button(
            f"CSV: {plain(words)}",
            # It is written when it is asked for, not each time that the page is drawn.
            partial(exact_csv, rows, names, currency if has_money else ""),
            file_name=f"{_NO_WORD.sub('-', words.lower()).strip('-')}.csv",
            mime="text/csv",
            key=f"csv:{words}:{currency}",
            type="tertiary",
            icon=":material/download:",
            on_click="ignore",
            help="These rows, exact to the last digit.",
        )


def cents(amount: Decimal) -> Decimal:
    """An amount in the table's form."""
    return amount.quantize(_CENT, ROUND_HALF_UP)


def _shown(value: Any, kind: str) -> Any:
    return None if value is None else _SHOWN[kind](value)


def _dollars(amount: Decimal) -> float:
    """As a table sorts and shows it; what rounds to nothing has no sign."""
    return float(cents(amount)) or 0.0


def _bars(amounts: Sequence[Decimal]) -> list[float]:
    """Heights from zero up; what only takes off, as credits do, is shown by its size."""
    takes_off = all(one <= 0 for one in amounts)
    return [float(-one if takes_off else one) for one in amounts]


#: Two decimals of a displayed amount are exact as a float up to hundreds of billions.
_SHOWN: dict[str, Callable[[Any], Any]] = {
    "money": _dollars,
    "change": _dollars,
    "share": float,
    "bars": _bars,
    "count": int,
    "link": str,  # an address that the pages made
    "text": visible,
}


def _config(column: Column, currency: str) -> Any:
    kinds = st.column_config
    if column.kind in ("money", "change"):
        symbol = figures.symbol(currency).replace("%", "")
        return kinds.NumberColumn(
            column.name,
            help=column.help,
            width=column.width,
            format="dollar" if currency == "USD" else f"{symbol}%,.2f",
        )
    if column.kind == "share":
        return kinds.ProgressColumn(
            column.name, help=column.help, format="%.1f%%", min_value=0, max_value=100
        )
    if column.kind == "bars":
        return kinds.BarChartColumn(column.name, help=column.help, width=column.width, y_min=0)
    if column.kind == "count":
        return kinds.NumberColumn(
            column.name, help=column.help, width=column.width, format="localized"
        )
    if column.kind == "link":
        return kinds.LinkColumn(column.name, help=column.help, display_text="open")
    return kinds.TextColumn(column.name, help=column.help, width=column.width)
