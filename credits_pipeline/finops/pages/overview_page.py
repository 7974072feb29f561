"""Overview: are we fine, what changed, what must be decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from html import escape

import streamlit as st

from credits_pipeline.finops.budgets.standing import RULE, Standing, Status
from credits_pipeline.finops.forecast.asking import outlook
from credits_pipeline.finops.forecast.telling import how_sure
from credits_pipeline.finops.optimization.judged import OPEN, PLANNED
from credits_pipeline.finops.pages import (
    ahead_chart,
    budget_detail,
    budget_list,
    charts,
    deciding,
    figures,
    governance_state,
    optimization_list,
)
from credits_pipeline.finops.pages.address import spelled
from credits_pipeline.finops.pages.credits_read import read_ledger
from credits_pipeline.finops.pages.credits_tab import ends
from credits_pipeline.finops.pages.frame import Frame, open_frame
from credits_pipeline.finops.pages.navigation import page_of
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.pages.screen import is_phone
from credits_pipeline.finops.pages.tables import Column, table
from credits_pipeline.finops.queries.compare import Comparison, changes, compare
from credits_pipeline.finops.queries.exactly import percent
from credits_pipeline.finops.queries.periods import Period
from credits_pipeline.finops.queries.scope import Scope
from credits_pipeline.finops.queries.series import series, weeks
from credits_pipeline.finops.queries.spend import spend
from credits_pipeline.finops.queries.words import UNTAGGED, blank

_MONTHS_OF_TREND = 13
#: Two side by side.
_PHONE_TILE = 168
_FIGURE = "font-size:1.75rem;font-weight:600;line-height:1.15"
_CLOUDS = {"aws": "AWS", "azure": "Azure", "gcp": "Google Cloud"}


@dataclass(frozen=True)
class Tile:
    """One answer, which leads to the page with the details."""

    name: str
    figure: str
    note: str
    scope: Scope
    help: str | None = None
    page: str = "spend"
    more: Mapping[str, str] = field(default_factory=dict)


def page() -> None:
    """Draw the page."""
    frame = open_frame("Overview")
    whole = frame.looking.ask(spend, frame.scope.but(group=()))
    if not whole.line_items:
        st.info("Nothing was spent in this scope. Choose another period, or fewer filters.")
        return
    beside = frame.looking.ask(compare, frame.scope.but(group=()))
    _tiles(tiles(frame, whole.total, beside))
    left, right = st.columns([3, 2], gap="large")
    with left:
        _so_far(frame, beside)
    with right:
        _changed(frame)
        deciding.draw(frame)
    _by_cloud(frame)
    _trend(frame)


def tiles(frame: Frame, whole: Decimal, beside: Comparison) -> list[Tile]:
    """The tiles that need only bills."""
    scope, currency = frame.scope, frame.currency
    today = frame.looking.today
    found = []
    if beside.why_not:
        found.append(Tile("Spend", figures.short(whole, currency), plain(beside.why_not), scope))
    else:
        now = figures.days(beside.now.start, beside.now.last, today)
        before = figures.days(beside.before.start, beside.before.last, today)
        note = _change(beside.change, beside.current, beside.previous, currency)
        found.append(
            Tile(
                "Spend, complete days" if scope.period.end > today else "Spend",
                figures.short(beside.current, currency),
                f"{note}, {now} vs {before}",
                scope,
                "Complete days only, the same number on both sides.",
            )
        )
    found.append(_end(frame))
    found.append(_budgets(frame))
    found += _savings(frame)
    if "team" in frame.looking.published.tags and frame.looking.person.teams is None:
        by_team = frame.looking.ask(spend, scope.but(group=("team",)))
        untagged = next((row for row in by_team.rows if row.keys == (None,)), None)
        cost = untagged.cost if untagged else Decimal(0)
        share = untagged.share if untagged else Decimal(0)
        note = "of the spend" if share is None else f"{figures.percent(share)} of the spend"
        found.append(
            Tile(
                "Without a team",
                figures.short(cost, currency),
                note,
                scope.but(
                    filters={**scope.filters, "team": (UNTAGGED,)}, group=("account",)
                ),
                "Charges without the tag team.",
            )
        )  # fmt: skip
    found += _violations(frame)
    ledger = _ledger_tile(frame)
    if ledger is not None:
        return [*found, ledger]
    credits = _credits(frame)
    found.append(
        Tile(
            "Credits on the bills",
            figures.short(-credits, currency),
            "taken off in this period" if credits else "none in this period",
            scope.but(
                filters={**scope.filters, "charge": ("Credit",)}, credits=True, group=("account",)
            ),
        )
    )
    return found


def _ledger_tile(frame: Frame) -> Tile | None:
    """What is left of credits, if their ledger is read and the person sees all accounts."""
    if frame.looking.person.teams is not None:
        return None
    view = read_ledger(frame.looking.published.depot.root)
    if view is None or view.as_of is None:
        return None
    used = sum((one.total or Decimal(0) for one in view.of(frame.scope.period.months)), Decimal(0))
    note = f"{plain(figures.short(used, view.currency))} used in this period"
    told = "What is left of every credit."
    if view.alive:
        first = view.alive[0]
        end = ends(first, frame.looking.today)
        note = f"the first {plain(end)}; {note}"
        told = f"{told} {plain(first.credit.name)} {plain(end)}."
    return Tile(
        "Credits left",
        figures.short(view.left, view.currency),
        note,
        frame.scope,
        told,
        more={"tab": "credits"},
    )


def _end(frame: Frame) -> Tile:
    """Where the period is heading; for a period that is over, the previous one's total."""
    scope, currency, today = frame.scope, frame.currency, frame.looking.today
    if scope.period.by_month:
        found = frame.looking.ask(outlook, scope.but(group=()), today)
        ahead = found.forecast
        if ahead.expected is not None and not ahead.is_over:
            name = "Month end" if len(scope.period.months) == 1 else "Period's end"
            between = budget_detail.range_of(ahead, currency)
            note = f"expected, {between}" if between else "an estimate"
            return Tile(
                name, figures.short(ahead.expected, currency), plain(note), scope,
                how_sure(found.quality), page="budgets",
            )  # fmt: skip
    before = scope.period.previous()
    last = frame.looking.ask(spend, scope.but(period=before, group=())).total
    return Tile(
        figures.days(before.start, before.last, today),
        figures.short(last, currency),
        "the whole period before",
        scope.but(period=before),
    )


def _savings(frame: Frame) -> list[Tile]:
    """What can be saved, once there was a scan."""
    own, known = optimization_list.recommendations(frame)
    if known is None:
        return []
    saving = known.to_be_had(own.currency)
    items, waiting = known.count(OPEN, PLANNED), known.count(OPEN)
    told = f"a month, {figures.count(items, 'item')}"
    return [
        Tile(
            "Savings open",
            figures.short(saving, own.currency),
            f"{told} to decide" if waiting == items else f"{told}, {waiting} to decide",
            frame.scope,
            "At your own price; what is open or planned.",
            page="optimization",
        )
    ]


def _budgets(frame: Frame) -> Tile:
    """How many budgets are over and at risk, and how much of all of them is used."""
    found = budget_list.budgets_of(frame).standings
    if not found:
        return Tile("Budgets", "none yet", "add one of this scope", frame.scope, page="budgets")
    over = sum(one.status is Status.OVER for one in found)
    risk = sum(one.status is Status.AT_RISK for one in found)
    figure = f"{over} over" if over else f"{risk} at risk" if risk else "on track"
    note = f"{risk} at risk, of {len(found)}" if over else f"of {len(found)}"
    return Tile("Budgets", figure, note, frame.scope, RULE, page="budgets")


def _violations(frame: Frame) -> list[Tile]:
    """How many policies are broken, once they were evaluated."""
    if governance_state.not_of_resources(frame.scope):
        return []
    try:
        known = governance_state.known(frame)
    except governance_state.ERRORS as error:
        st.error(plain(error))
        return []
    if known.record is None:
        return []
    cost, _ = governance_state.cost_of(known.open, frame.currency)
    return [
        Tile(
            "Violations",
            f"{len(known.open)} open",
            plain(f"{known.high} high; {figures.short(cost, frame.currency)} a month"),
            frame.scope,
            "Resources that break a policy, and what they cost.",
            page="governance",
        )
    ]


def _credits(frame: Frame) -> Decimal:
    scope = frame.scope.but(cost="billed", credits=True, group=("charge",))
    found = frame.looking.ask(spend, scope)
    return next((row.cost for row in found.rows if row.keys == ("Credit",)), Decimal(0))


def _tiles(found: list[Tile]) -> None:
    row = st.container(horizontal=True) if is_phone() else None
    columns = st.columns(len(found)) if row is None else []
    for number, tile in enumerate(found):
        place = (
            columns[number].container(border=True, height="stretch", gap="xxsmall")
            if row is None
            else row.container(border=True, width=_PHONE_TILE, gap="xxsmall")
        )
        with place:
            st.page_link(
                page_of(tile.page),
                label=plain(tile.name),
                icon=":material/chevron_right:",
                icon_position="right",
                help=tile.help,
                query_params=spelled(tile.scope, tile.more),
            )
            st.html(f"<div style='{_FIGURE}'>{escape(tile.figure)}</div>")
            st.markdown(f":small[{tile.note}]")


def _change(change: Decimal, current: Decimal, previous: Decimal, currency: str) -> str:
    told = figures.change(change, currency, tile=True)
    share = figures.percent_change(current, previous)
    text = plain(f"{told} ({share})" if share else told)
    colour = "red" if change > 0 else "green" if change < 0 else "gray"
    return f":{colour}[{text}]"


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
            _change(row.change, row.current, row.previous, frame.currency), width="content"
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
