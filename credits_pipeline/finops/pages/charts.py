"""Charts: stacked bars over time, lines that add up over a month. Each is also described in words.

A chart is a picture of exact numbers: only it is drawn from floats, and nothing is read from it.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import streamlit as st

from credits_pipeline.finops.pages import figures
from credits_pipeline.finops.pages.plain import visible
from credits_pipeline.finops.pages.screen import is_phone

#: The colour-blind safe series of each theme, and the colour of everything else.
_LIGHT = ("#0b63b0", "#d98200", "#00866a", "#b0478f", "#2f95d0", "#c04a00", "#7357ad")
_DARK = ("#6db3f2", "#f0b14a", "#3fc7a3", "#e391c8", "#9ad1f5", "#f08b52", "#b7a3e6")
#: For a missing value, and for everything too small for its own colour.
_GREY = {"light": "#6b7280", "dark": "#9aa3af"}
_PALE_GREY = {"light": "#b9bec7", "dark": "#565f6b"}
_DOT = {"light": "#b42318", "dark": "#ff8a80"}
_INK = {"light": "#16181d", "dark": "#eceff4"}
OTHERS = "All other"
_MOST = len(_LIGHT)
#: The strength of charges that do not depend on usage.
_PALE = 0.45
#: Above this many days, a bar is a month.
DAYS_SHOWN = 92


def theme() -> str:
    """``light`` or ``dark``, as the person has it."""
    found = st.context.theme.type
    return found if found in _GREY else "light"


def first_colour() -> str:
    """The colour of a chart's main line."""
    return (_LIGHT if theme() == "light" else _DARK)[0]


def grey() -> str:
    """The colour of lines for comparison."""
    return _GREY[theme()]


def money_axis(currency: str) -> str:
    """A Vega expression that formats an axis's numbers briefly, such as $30k."""
    symbol = figures.symbol(currency)
    return (
        f"(datum.value < 0 ? '{figures.MINUS}' : '') + '{symbol}' + "
        "(abs(datum.value) >= 1e6 ? format(abs(datum.value) / 1e6, '~r') + 'm' : "
        "abs(datum.value) >= 1e3 ? format(abs(datum.value) / 1e3, '~r') + 'k' : "
        "format(abs(datum.value), '~r'))"
    )


def largest(costs: Mapping[str, Decimal], blank: str) -> list[str]:
    """The groups with their own colour: the largest, and never the missing value."""
    ordered = sorted((k for k in costs if k != blank), key=lambda k: (-abs(costs[k]), k))
    return ordered[:_MOST]


def bars(
    points: Sequence[tuple[date, str, Decimal]],
    *,
    pale: Sequence[tuple[date, str, Decimal]] = (),
    shown: Sequence[str],
    blank: str,
    currency: str,
    before: Mapping[date, Decimal],
    dots: Mapping[date, str] = {},
    by_month: bool,
    words: str,
) -> None:
    """Stacked bars, with a mark at what was spent in the previous period.

    Args:
        points: day or month, group and cost.
        pale: the same for charges that do not depend on usage, such as fees and tax; drawn paler.
        shown: the groups with their own colour, in order.
        blank: how a missing value is written; it is grey.
        currency: of all amounts.
        before: the previous total, by the day or month that it is compared with.
        dots: days that are marked above their bar, each with the sentence that says why.
        by_month: whether a bar is a month.
        words: a description for those who can't see it.
    """
    import altair as alt  # noqa: PLC0415 - only where a chart is drawn

    mode = theme()
    groups = [*(visible(one) for one in shown), visible(blank), OTHERS]
    there = set(shown)
    stacked: dict[tuple[date, str, bool], Decimal] = {}
    for some, is_pale in ((points, False), (pale, True)):
        for at, key, cost in some:
            group = visible(key) if key in there or key == blank else OTHERS
            stacked[at, group, is_pale] = stacked.get((at, group, is_pale), Decimal(0)) + cost
    present = {group for _, group, _ in stacked}
    domain = [group for group in groups if group in present]
    palette = _LIGHT if mode == "light" else _DARK
    greys = {OTHERS: _PALE_GREY[mode], visible(blank): _GREY[mode]}
    colours = [greys.get(group) or palette[index] for index, group in enumerate(domain)]
    rows = [
        {
            "at": at.isoformat(),
            "label": f"{at:%b %Y}" if by_month else figures.day(at),
            "group": group,
            "what": f"{group}: fees, tax, credits" if is_pale else group,
            # Charges that do not depend on usage are on top, so that the days' use can be compared.
            "order": domain.index(group) + (len(domain) if is_pale else 0),
            "strength": _PALE if is_pale else 1,
            "cost": float(cost),
            "told": figures.exact(cost, currency),
        }
        for (at, group, is_pale), cost in sorted(stacked.items())
    ]
    axis = {str(row["at"]): str(row["label"]) for row in rows}
    labels = "{" + ", ".join(f"'{at}': '{label}'" for at, label in axis.items()) + "}[datum.value]"
    x = alt.X("at:O", axis=alt.Axis(title=None, labelAngle=0, labelExpr=labels, labelOverlap=True))
    bar = (
        alt.Chart(data(alt, rows))
        .mark_bar()
        .encode(
            x=x,
            y=alt.Y(
                "sum(cost):Q",
                axis=alt.Axis(title=None, labelExpr=money_axis(currency), tickCount=5),
            ),
            color=alt.Color(
                "group:N",
                scale=alt.Scale(domain=domain, range=colours),
                legend=legend(alt, "right") if len(domain) > 1 else None,
            ),
            opacity=alt.Opacity("strength:Q", scale=None, legend=None),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip("label:N", title="When"),
                alt.Tooltip("what:N", title="What"),
                alt.Tooltip("told:N", title="Cost"),
            ],
        )
    )
    marks = _marks(alt, {at: before[at] for at in before if at.isoformat() in axis}, x, currency)
    chart = bar if marks is None else bar + marks
    tops: dict[date, Decimal] = {}
    for (at, _, _), cost in stacked.items():
        tops[at] = tops.get(at, Decimal(0)) + max(cost, Decimal(0))
    there_dots = _dots(alt, {at: dots[at] for at in dots if at in tops}, tops, x)
    if there_dots is not None:
        chart += there_dots
    st.altair_chart(chart, width="stretch", height=height(), alt=words)


def daily(
    every: Sequence[date], days: Mapping[date, float], *, unit: str, words: str, height: int
) -> None:
    """A measured figure day by day; a day without a value has no bar.

    Args:
        every: the days, including those without a value.
        days: the values.
        unit: of them.
        words: a description for those who can't see it.
        height: of the chart.
    """
    import altair as alt  # noqa: PLC0415 - only where a chart is drawn

    labels = {day.isoformat(): figures.day(day) for day in every}
    rows = [
        {"at": day.isoformat(), "value": value, "told": f"{value:,.6g} {unit}"}
        for day, value in sorted(days.items())
    ]
    told = "{" + ", ".join(f"'{at}': '{label}'" for at, label in labels.items()) + "}[datum.value]"
    chart = (
        alt.Chart(data(alt, rows))
        .mark_bar(color=first_colour())
        .encode(
            x=alt.X(
                "at:O",
                scale=alt.Scale(domain=list(labels)),
                axis=alt.Axis(title=None, labelAngle=0, labelExpr=told, labelOverlap=True),
            ),
            y=alt.Y("value:Q", axis=alt.Axis(title=unit, tickCount=3, format="~s")),
            tooltip=[
                alt.Tooltip("at:N", title="24 hours up to"),
                alt.Tooltip("told:N", title="Value"),
            ],
        )
    )
    st.altair_chart(chart, width="stretch", height=height, alt=words)


def data(alt: Any, rows: list[dict[str, Any]]) -> Any:
    """Rows in Vega's form."""
    return alt.Data(values=rows)


def height() -> int:
    """The height of a chart on this screen."""
    return 260 if is_phone() else 320


def legend(alt: Any, orient: str, symbol: str = "square") -> Any:
    """Beside the chart, or below it in short columns on a narrow screen."""
    if is_phone():
        return alt.Legend(title=None, orient="bottom", columns=3, labelLimit=88, symbolType=symbol)
    return alt.Legend(title=None, orient=orient, symbolType=symbol)


def _marks(alt: Any, before: Mapping[date, Decimal], x: Any, currency: str) -> Any:
    if not before:
        return None
    rows = [
        {"at": at.isoformat(), "cost": float(cost), "told": figures.exact(cost, currency)}
        for at, cost in sorted(before.items())
    ]
    return (
        alt.Chart(data(alt, rows))
        .mark_tick(thickness=2, color=_INK[theme()])
        .encode(
            x=x, y="cost:Q", tooltip=[alt.Tooltip("told:N", title="In the period before")]
        )
    )  # fmt: skip


def _dots(alt: Any, dots: Mapping[date, str], tops: Mapping[date, Decimal], x: Any) -> Any:
    if not dots:
        return None
    rows = [
        {"at": at.isoformat(), "cost": float(tops[at]), "says": visible(says)}
        for at, says in sorted(dots.items())
    ]
    return (
        alt.Chart(data(alt, rows))
        .mark_point(filled=True, size=90, color=_DOT[theme()], yOffset=-8, opacity=1)
        .encode(x=x, y="cost:Q", tooltip=[alt.Tooltip("says:N", title="Anomaly")])
    )


def adding_up(
    lines: Mapping[str, Sequence[tuple[int, Decimal]]], *, currency: str, words: str
) -> None:
    """Lines that add up day by day, the first one in colour.

    Args:
        lines: by name, the day of the period and the total up to it.
        currency: of all amounts.
        words: see `bars`.
    """
    import altair as alt  # noqa: PLC0415 - as above

    mode = theme()
    rows = [
        {"day": day, "line": name, "cost": float(cost), "told": figures.exact(cost, currency)}
        for name, points in lines.items()
        for day, cost in points
    ]
    last = max((day for points in lines.values() for day, _ in points), default=1)
    palette = [(_LIGHT if mode == "light" else _DARK)[0], _GREY[mode]]
    chart = (
        alt.Chart(data(alt, rows))
        .mark_line(point=alt.OverlayMarkDef(opacity=0, size=60))
        .encode(
            x=alt.X(
                "day:Q",
                axis=alt.Axis(title=None, tickMinStep=1, format="d", grid=False),
                scale=alt.Scale(domain=[1, last], nice=False),
            ),
            y=alt.Y(
                "cost:Q",
                axis=alt.Axis(title=None, labelExpr=money_axis(currency), tickCount=5),
            ),
            color=alt.Color(
                "line:N",
                scale=alt.Scale(domain=list(lines), range=palette[: len(lines)]),
                legend=legend(alt, "top", "stroke"),
            ),
            tooltip=[
                alt.Tooltip("line:N", title="Period"),
                alt.Tooltip("day:Q", title="Day"),
                alt.Tooltip("told:N", title="So far"),
            ],
        )
    )
    st.altair_chart(chart, width="stretch", height=height(), alt=words)
