"""Overview: are we fine, what changed, what must be decided."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import streamlit as st

from credits_pipeline.finops.budgets.standing import Standing
from credits_pipeline.finops.forecast.asking import outlook
from credits_pipeline.finops.pages import (
    ahead_chart,
    budget_detail,
    budget_list,
    charts,
    deciding,
    figures,
    overview_tiles,
)
from credits_pipeline.finops.pages.frame import Frame, open_frame
from credits_pipeline.finops.pages.navigation import page_of
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.pages.tables import Column, table
from credits_pipeline.finops.queries.compare import Comparison, changes, compare
from credits_pipeline.finops.queries.exactly import percent
from credits_pipeline.finops.queries.periods import Period
from credits_pipeline.finops.queries.series import series, weeks
from credits_pipeline.finops.queries.spend import spend
from credits_pipeline.finops.queries.words import blank

_MONTHS_OF_TREND = 13
_CLOUDS = {"aws": "AWS", "azure": "Azure", "gcp": "Google Cloud"}


def page() -> None:
    """Draw the page."""
    frame = open_frame("Overview")
    whole = frame.looking.ask(spend, frame.scope.but(group=()))
    if not whole.line_items:
        st.info("Nothing was spent in this scope. Choose another period, or fewer filters.")
        return
    beside = frame.looking.ask(compare, frame.scope.but(group=()))
    overview_tiles.draw(overview_tiles.tiles(frame, whole.total, beside))
    left, right = st.columns([3, 2], gap="large")
    with left:
        _so_far(frame, beside)
    with right:
        _changed(frame)
        deciding.draw(frame)
    _by_cloud(frame)
    _trend(frame)


def _so_far(frame: Frame, beside: Comparison) -> None:
    if _heading(frame, beside):
        return
    currency, today = frame.currency, frame.looking.today
    if beside.why_not:
        st.subheader("Spend, day by day", anchor=False)
        st.info(f"There is nothing to compare with: {plain(beside.why_not)}.")
        return
    now = figures.days(beside.now.start, beside.now.last, today)
    before = figures.days(beside.before.start, beside.before.last, today)
    size = abs(beside.change)
    if not size:
        told = "the same as before"
    else:
        told = f"{figures.short(size, currency)} {'more' if beside.change > 0 else 'less'}"
    far = " on complete days" if frame.scope.period.end > today else ""
    title = f"{figures.short(beside.current, currency)}{far}, {told} than in {before}"
    st.subheader(plain(title), anchor=False)
    whole = _whole_before(frame, beside)
    lines = {
        now: _adding_up(frame, beside.now),
        _days(frame, whole): _adding_up(frame, whole),
    }
    charts.adding_up(lines, currency=currency, words=f"{title}. Spend added up day by day.")


def _heading(frame: Frame, beside: Comparison) -> bool:
    """So far, heading for, budget; whether the period is still heading somewhere."""
    scope, currency = frame.scope, frame.currency
    if not scope.period.by_month:
        return False
    budget = _budget_of(frame)
    if budget is None:
        ahead = frame.looking.ask(outlook, scope.but(group=()), frame.looking.today).forecast
        title = budget_detail.heading(ahead, currency)
    else:
        ahead = budget.forecast
        title = budget_detail.heading(ahead, currency, budget.amount)
    if ahead.expected is None or ahead.is_over:
        return False
    other = budget is not None and budget.scope.basis != scope.basis
    # Two amounts that go by one name have to say what they count, where they are read.
    counts = f" :small[:gray[({plain(budget.scope.basis)})]]" if budget and other else ""
    st.subheader(plain(title) + counts, anchor=False)
    if budget is not None and other:
        st.markdown(
            f":small[:gray[The budget {plain(budget.budget.name)} counts so. The tiles count "
            f"{plain(scope.basis)}, so their amounts differ.]]"
        )
    before: list[tuple[int, Decimal]] = []
    name = ""
    if not beside.why_not:
        whole = _whole_before(frame, beside)
        shown = frame if budget is None else replace(frame, scope=budget.scope)
        before, name = _adding_up(shown, whole), _days(frame, whole)
    ahead_chart.draw(
        ahead_chart.Ahead(ahead, {} if budget is None else budget.line, before, name),
        currency=currency,
        words=f"{title}. Spend added up day by day, what is expected, and the period before.",
    )
    return True


def _budget_of(frame: Frame) -> Standing | None:
    """The one budget of exactly this scope and period."""
    scope = frame.scope
    found = [
        one
        for one in budget_list.budgets_of(frame).standings
        if one.scope.chosen == scope.chosen
        and one.currency == frame.currency
        and (one.period.start, one.period.end) == (scope.period.start, scope.period.end)
    ]
    return found[0] if len(found) == 1 else None


def _days(frame: Frame, period: Period) -> str:
    return figures.days(period.start, period.last, frame.looking.today)


def _whole_before(frame: Frame, beside: Comparison) -> Period:
    """The whole other side, so that an unfinished month shows how the last one ended."""
    before = frame.scope.period.previous()
    ends_late = before.start == beside.before.start
    return before.first_days(before.days) if ends_late else beside.before


def _adding_up(frame: Frame, period: Period) -> list[tuple[int, Decimal]]:
    days = period.first_days(period.days)
    points = frame.looking.ask(series, frame.scope.but(period=days, group=()), by="day")
    by_day: dict[date, Decimal] = {}
    for point in points:
        by_day[point.at] = by_day.get(point.at, Decimal(0)) + point.cost
    total, found = Decimal(0), []
    for offset in range(days.days):
        total += by_day.get(days.start + timedelta(days=offset), Decimal(0))
        found.append((offset + 1, total))
    return found


def _changed(frame: Frame) -> None:
    st.subheader("What changed most", anchor=False)
    found = frame.looking.ask(changes, frame.scope, by=("account", "service"), limit=5)
    if not found:
        st.markdown("Nothing changed, or there is nothing to compare with.")
        return
    names = frame.looking.account_names()
    for row in found:
        account, service = row.keys
        name = names.get(account or "", account or blank("account"))
        scope = frame.scope.narrowed("account", account).narrowed("service", service)
        line = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        )
        line.page_link(
            page_of("spend"),
            label=f"{plain(service or blank('service'))} in {plain(name)}",
            icon=":material/bar_chart:",
            query_params=scope.but(group=("region",)).words(),
        )
        line.markdown(
            overview_tiles.change_of(row.change, row.current, row.previous, frame.currency),
            width="content",
        )


def _by_cloud(frame: Frame) -> None:
    st.subheader("By cloud", anchor=False)
    asked = frame.scope.but(group=("cloud",))
    beside = frame.looking.ask(compare, asked)
    trend = frame.looking.ask(weeks, asked)
    today = frame.looking.today
    if beside.why_not:
        period = frame.scope.period
        now, before = figures.days(period.start, period.last, today), ""
        rows = [
            {"Cloud": _CLOUDS.get(row.keys[0] or "", row.label), now: row.cost, "Share": row.share,
             "8 weeks": trend.get(row.keys, ())}
            for row in frame.looking.ask(spend, asked).rows
        ]  # fmt: skip
    else:
        now = figures.days(beside.now.start, beside.now.last, today)
        before = figures.days(beside.before.start, beside.before.last, today)
        rows = [
            {
                "Cloud": _CLOUDS.get(row.keys[0] or "", row.label),
                now: row.current,
                "Share": percent(row.current, beside.current),
                before: row.previous,
                "Change": row.change,
                "Change %": figures.percent_change(row.current, row.previous),
                "8 weeks": trend.get(row.keys, ()),
            }
            for row in sorted(beside.rows, key=lambda row: (-row.current, row.label))
        ]
    columns = [Column("Cloud"), Column(now, "money"), Column("Share", "share")]
    if before:
        columns += [Column(before, "money"), Column("Change", "change"), Column("Change %")]
    columns.append(Column("8 weeks", "bars", help="The last whole weeks, the newest on the right."))
    table(rows, columns, currency=frame.currency, words="Spend by cloud")


def _trend(frame: Frame) -> None:
    end = frame.scope.period.end
    last = date(end.year, end.month, 1) if end.day == 1 else _next_month(end)
    start = last
    for _ in range(_MONTHS_OF_TREND):
        start = _month_before(start)
    span = Period.parse(f"{start:%Y-%m}..{_month_before(last):%Y-%m}", frame.looking.today)
    asked = frame.scope.but(period=span, group=("cloud",))
    points = frame.looking.ask(series, asked, by="month")
    if not points:
        return
    st.subheader("Spend over 13 months", anchor=False)
    costs: dict[str, Decimal] = {}
    named = []
    for point in points:
        name = _CLOUDS.get(point.keys[0] or "", point.keys[0] or blank("cloud"))
        costs[name] = costs.get(name, Decimal(0)) + point.cost
        named.append((point.at, name, point.cost))
    charts.bars(
        named,
        shown=charts.largest(costs, blank("cloud")),
        blank=blank("cloud"),
        currency=frame.currency,
        before={},
        by_month=True,
        words="Spend of each month by cloud: "
        + "; ".join(f"{name} {figures.short(cost, frame.currency)}" for name, cost in costs.items())
        + " in all.",
    )


def _month_before(first: date) -> date:
    return (first - timedelta(days=1)).replace(day=1)


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
