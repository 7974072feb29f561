"""The chart of a period ahead: what is spent, the forecast, its range, the budget.

Like every chart it is a picture of numbers that are shown beside it as text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import streamlit as st

from credits_pipeline.finops.forecast.forecast import Forecast
from credits_pipeline.finops.pages import charts, figures
from credits_pipeline.finops.queries.exactly import total

_SPENT, _HEADING, _BUDGET = "spent", "heading for", "budget"
_RED = {"light": "#b42318", "dark": "#ff8a80"}


@dataclass(frozen=True)
class Ahead:
    """What is drawn.

    Attributes:
        forecast: of the period.
        line: what is planned up to some days; empty for no budget.
        before: the previous period, day by day; empty for none.
        before_name: its name.
    """

    forecast: Forecast
    line: Mapping[date, Decimal]
    before: Sequence[tuple[int, Decimal]] = ()
    before_name: str = ""


def draw(ahead: Ahead, *, currency: str, words: str) -> None:
    """Draw it.

    Args:
        ahead: what.
        currency: of all amounts.
        words: a description for those who can't see it.
    """
    import altair as alt  # noqa: PLC0415 - only where a chart is drawn

    mode = charts.theme()
    rows = _rows(ahead, currency)
    names = list(dict.fromkeys(row["line"] for row in rows))
    colours = {
        _SPENT: charts.first_colour(),
        _HEADING: charts.first_colour(),
        _BUDGET: _RED[mode],
        ahead.before_name: charts.grey(),
    }
    dashes = {_SPENT: [1, 0], _HEADING: [3, 3], _BUDGET: [8, 4], ahead.before_name: [1, 0]}
    last = ahead.forecast.period.days
    x = alt.X(
        "day:Q",
        axis=alt.Axis(title=None, tickMinStep=1, format="d", grid=False),
        scale=alt.Scale(domain=[1, last], nice=False),
    )
    axis = alt.Axis(title=None, labelExpr=charts.money_axis(currency), tickCount=5)
    lines = (
        alt.Chart(charts.data(alt, rows))
        .mark_line(point=alt.OverlayMarkDef(opacity=0, size=60))
        .encode(
            x=x,
            y=alt.Y("cost:Q", axis=axis),
            color=alt.Color(
                "line:N",
                scale=alt.Scale(domain=names, range=[colours[name] for name in names]),
                legend=charts.legend(alt, "top", "stroke"),
            ),
            strokeDash=alt.StrokeDash(
                "line:N",
                scale=alt.Scale(domain=names, range=[dashes[name] for name in names]),
                legend=None,
            ),
            tooltip=[
                alt.Tooltip("line:N", title="Line"),
                alt.Tooltip("when:N", title="Day"),
                alt.Tooltip("told:N", title="Up to it"),
            ],
        )
    )
    cone = _cone(ahead)
    if cone:
        band = (
            alt.Chart(charts.data(alt, cone))
            .mark_area(opacity=0.18, color=charts.first_colour())
            .encode(x=x, y=alt.Y("low:Q", axis=axis), y2="high:Q")
        )
        lines = band + lines
    st.altair_chart(lines, width="stretch", height=charts.height(), alt=words)


def _rows(ahead: Ahead, currency: str) -> list[dict[str, Any]]:
    found = ahead.forecast
    spent = _added(found.past)
    rows = [_row(ahead, day, _SPENT, cost, currency) for day, cost in spent]
    if found.expected is not None and found.days:
        start = spent[-1:] or []
        base = spent[-1][1] if spent else Decimal(0)
        heading = [(day, base + cost) for day, cost in _added(found.days)]
        rows += [_row(ahead, day, _HEADING, cost, currency) for day, cost in (*start, *heading)]
    if ahead.line:
        whole = [(found.period.start, Decimal(0)), *ahead.line.items()]
        if len(ahead.line) == 1:
            # One amount for one month is a limit, not a course to follow.
            amount = next(iter(ahead.line.values()))
            whole = [(found.period.start, amount), (found.period.last, amount)]
        rows += [_row(ahead, day, _BUDGET, cost, currency) for day, cost in whole]
    rows += [
        {
            "day": day,
            "when": f"day {day}",
            "line": ahead.before_name,
            "cost": float(cost),
            "told": figures.exact(cost, currency),
        }
        for day, cost in ahead.before
        if day <= found.period.days
    ]
    return rows


def _cone(ahead: Ahead) -> list[dict[str, Any]]:
    """The range, as wide on each day as that day's share of what is left."""
    found = ahead.forecast
    if found.expected is None or found.low is None or found.high is None or not found.days:
        return []
    spent = total(cost for _, cost in found.past)
    left = found.expected - spent
    rows = []
    for day, cost in _added(found.days):
        share = cost / left if left else Decimal(1)
        at = spent + cost
        rows.append(
            {
                "day": (day - found.period.start).days + 1,
                "low": float(at - (found.expected - found.low) * share),
                "high": float(at + (found.high - found.expected) * share),
            }
        )
    return rows


def _added(days: Sequence[tuple[date, Decimal]]) -> list[tuple[date, Decimal]]:
    sum_, found = Decimal(0), []
    for day, cost in days:
        sum_ = total([sum_, cost])
        found.append((day, sum_))
    return found


def _row(ahead: Ahead, day: date, line: str, cost: Decimal, currency: str) -> dict[str, Any]:
    about = "about " if line == _HEADING else ""
    return {
        "day": (day - ahead.forecast.period.start).days + 1,
        "when": figures.day(day),
        "line": line,
        "cost": float(cost),
        "told": f"{about}{figures.exact(cost, currency)}",
    }
