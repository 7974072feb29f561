"""Spend: where the money went, by which word, what changed, and how it adds up to the invoice."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import streamlit as st

from credits_pipeline.finops.pages import anomaly_list, charts, figures, views
from credits_pipeline.finops.pages.adding_up import draw_bridge
from credits_pipeline.finops.pages.address import link
from credits_pipeline.finops.pages.credits_tab import draw_credits
from credits_pipeline.finops.pages.frame import Frame, open_frame
from credits_pipeline.finops.pages.navigation import page_of
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.pages.screen import is_phone
from credits_pipeline.finops.pages.tables import Column, table
from credits_pipeline.finops.queries.compare import Change, Comparison, compare
from credits_pipeline.finops.queries.exactly import less
from credits_pipeline.finops.queries.export import as_csv
from credits_pipeline.finops.queries.periods import Period
from credits_pipeline.finops.queries.series import series, weeks
from credits_pipeline.finops.queries.spend import Row, Spend, spend
from credits_pipeline.finops.queries.words import Vocabulary, blank, spelled

_FIRST = "service"
_CREDITS = "credits"
#: What the page shows, by the word in the address.
_TABS = {"spend": "Spend", _CREDITS: "Credits"}
_CHARGE, _USAGE = "charge", "Usage"
#: The next grouping for a chosen row.
_NEXT = {
    "cloud": "account",
    "team": "service",
    "product": "service",
    "account": "service",
    "service": "account",
    "category": "service",
    "region": "service",
    "charge": "service",
    "source": "service",
}
_CLOUDS = {"aws": "AWS", "azure": "Azure", "gcp": "Google Cloud"}


def page() -> None:
    """Draw the page."""
    frame = open_frame("Spend")
    row = st.container(horizontal=True, horizontal_alignment="distribute")
    with row:
        tab = _tab()
        word = _grouping(frame) if tab != _CREDITS else ""
    if tab == _CREDITS:
        draw_credits(frame)
        return
    asked = frame.scope.but(group=(word,))
    found = frame.looking.ask(spend, asked)
    beside = frame.looking.ask(compare, asked)
    _line(frame, found, beside)
    if not found.rows:
        st.info("Nothing was spent in this scope. Choose another period, or fewer filters.")
        return
    _chart(frame, found, beside, word)
    anomaly_list.draw(frame)
    _rows(frame, found, beside, word)


def _tab() -> str:
    """What the page shows, from the address."""
    asked = st.query_params.get("tab", "")
    st.session_state["spend:tab"] = asked if asked in _TABS else next(iter(_TABS))

    def take() -> None:
        chosen = st.session_state["spend:tab"]
        if chosen == next(iter(_TABS)):
            st.query_params.pop("tab", None)
        else:
            st.query_params["tab"] = chosen

    st.segmented_control(
        "What is shown",
        list(_TABS),
        key="spend:tab",
        format_func=_TABS.__getitem__,
        label_visibility="collapsed",
        on_change=take,
        required=True,
    )
    return str(st.session_state["spend:tab"])


def _grouping(frame: Frame) -> str:
    """The word that the page groups by, from the address."""
    words = [w for w in Vocabulary(frame.looking.published.tags).groups if w not in
             ("day", "month", "resource", "source")]  # fmt: skip
    accounts = frame.scope.filters.get("account", ())
    if len(accounts) == 1 and blank("account") not in accounts and frame.scope.period.by_month:
        words.append("resource")
    asked = frame.scope.group[0] if frame.scope.group else _FIRST
    if asked not in words:
        asked = _FIRST
    st.session_state["spend:group"] = asked

    def take() -> None:
        st.query_params["group"] = st.session_state["spend:group"] or asked

    st.segmented_control(
        "Group by",
        words,
        key="spend:group",
        format_func=str.capitalize,
        label_visibility="collapsed",
        on_change=take,
        required=True,
    )
    return asked


def _line(frame: Frame, found: Spend, beside: Comparison) -> None:
    currency, today = frame.currency, frame.looking.today
    period = frame.scope.period
    whole = figures.days(period.start, period.last, today)
    told = [f"**{plain(figures.exact(found.total, currency))}** in {whole}"]
    if beside.why_not:
        told.append(f":gray[not compared: {plain(beside.why_not)}]")
    else:
        before = figures.days(beside.before.start, beside.before.last, today)
        if beside.limited_by:
            now = figures.days(beside.now.start, beside.now.last, today)
            told.append(f"{plain(figures.exact(beside.current, currency))} in {now}")
        told.append(f":gray[{before} {plain(figures.exact(beside.previous, currency))}]")
        share = figures.percent_change(beside.current, beside.previous)
        change = figures.change(beside.change, currency, tile=True)
        colour = "red" if beside.change > 0 else "green" if beside.change < 0 else "gray"
        told.append(f":{colour}[{plain(f'{change} ({share})' if share else change)}]")
        told.append(f":gray[a day {plain(figures.exact(beside.current / beside.days, currency))}]")
    if is_phone():
        st.markdown(" · ".join(told))
        row = st.container(horizontal=True)
        buttons = [row.container(width="content") for _ in range(4)]
    else:
        left, *buttons = st.columns([6.4, 1.2, 1.1, 1.9, 1.4], vertical_alignment="center")
        left.markdown(" · ".join(told))
    with buttons[0], st.popover("Views", icon=":material/bookmark:", width="stretch"):
        views.draw(frame)
    with buttons[1], st.popover("Link", icon=":material/link:", width="stretch"):
        st.markdown("The address of exactly this view, for a mail or a chat:")
        st.code(link("spend", frame.scope, base=_base()), language=None, wrap_lines=True)
    with buttons[2], st.popover("How this adds up", icon=":material/calculate:", width="stretch"):
        draw_bridge(frame, found)

    buttons[3].page_link(
        page_of("budgets"),
        label="Make a budget",
        icon=":material/savings:",
        query_params=frame.scope.but(group=()).words(),
        help="A budget of this scope, with an amount that its last months suggest.",
    )


def _base() -> str:
    found = st.context.url or ""
    return found.split("/spend", 1)[0] if "/spend" in found else found.rstrip("/")


def _chart(frame: Frame, found: Spend, beside: Comparison, word: str) -> None:
    if word == "resource":
        st.caption("Costs of resources are stored by month; there are no days to draw.")
        return
    asked = frame.scope.but(group=(word,))
    by_month = _by_month(frame)
    width = "month" if by_month else "day"
    words = (word,) if word == _CHARGE else (word, _CHARGE)
    points = frame.looking.ask(series, asked.but(group=words), by=width)
    name = _namer(frame, word)
    costs = {_called(row, name, word): row.cost for row in found.rows}
    before: dict[date, Decimal] = {}
    if not beside.why_not and not by_month:
        before = _before(frame, beside)
    shown = charts.largest(costs, blank(word))
    top = ", ".join(f"{one} {figures.short(costs[one], frame.currency)}" for one in shown[:5])
    drawn: dict[bool, list[tuple[date, str, Decimal]]] = {False: [], True: []}
    for point in points:
        key = name(point.keys[0]) if point.keys[0] is not None else blank(word)
        drawn[point.keys[-1] != _USAGE and word != _CHARGE].append((point.at, key, point.cost))
    charts.bars(
        drawn[False],
        pale=drawn[True],
        shown=shown,
        blank=blank(word),
        currency=frame.currency,
        before=before,
        dots={} if by_month else _dots(frame),
        by_month=by_month,
        words=f"Spend by {width} and {word}. The largest: {top}.",
    )


def _dots(frame: Frame) -> dict[date, str]:
    """The first day of each anomaly in the chart, with its sentence."""
    found: dict[date, str] = {}
    for one in anomaly_list.seen(frame):
        at = max(one.found.since, frame.scope.period.start)
        told = f"{anomaly_list.sentence(one.found)} ({one.word})"
        found[at] = f"{found[at]}; {told}" if at in found else told
    return found


def _before(frame: Frame, beside: Comparison) -> dict[date, Decimal]:
    """What was spent before, by the day of this period that it is compared with."""
    days: Period = beside.before.first_days(beside.before.days)
    points = frame.looking.ask(series, frame.scope.but(period=days, group=()), by="day")
    found: dict[date, Decimal] = {}
    for point in points:
        at = beside.now.start + (point.at - beside.before.start)
        found[at] = found.get(at, Decimal(0)) + point.cost
    return found


def _rows(frame: Frame, found: Spend, beside: Comparison, word: str) -> None:
    currency, name = frame.currency, _namer(frame, word)
    compared = _sides(frame, beside) if word != "resource" else None
    rows = _with_gone(found, beside) if compared else list(found.rows)
    changed = {row.keys: row for row in beside.rows}
    trend = frame.looking.ask(weeks, found.scope) if word != "resource" else {}
    left, right = st.columns([6, 1], vertical_alignment="bottom")
    note = figures.count(len(rows), "row")
    if word != "resource":
        note += "; choose one to look into it"
    if compared and not _by_month(frame):
        note += f". The marks in the chart are {compared.before}"
    if word not in ("resource", _CHARGE):
        note += ". What does not depend on use, such as fees, tax and credits, is drawn paler"
    note += "."
    left.markdown(f":small[:gray[{note}]]")
    right.download_button(
        "CSV",
        as_csv(found, frame.looking.account_names()),
        file_name=f"spend-{word}-{frame.scope.period.start}-{frame.scope.period.last}.csv",
        mime="text/csv",
        icon=":material/download:",
        width="stretch",
        on_click="ignore",
        help="Every row that has spend, exact to the last digit.",
    )
    columns = [Column(_heading(word))]
    columns += [Column("Spend", "money"), Column("Share", "share")]
    if compared:
        if compared.now:
            columns.append(Column(compared.now, "money", help="The complete days."))
        columns += [
            Column(compared.before, "money"),
            Column("Change", "change"),
            Column("Change %"),
        ]
    if trend:
        columns.append(
            Column("8 weeks", "bars", help=("The last whole weeks, the newest on the right."))
        )

    if word == "account":
        columns.append(Column("Account id"))

    def drill(row: int) -> None:
        value = rows[row].keys[0]
        scope = frame.scope.narrowed(word, value)
        scope = scope.but(group=(_NEXT.get(word, "service"),))
        st.query_params.from_dict(scope.words())

    table(
        [
            {
                _heading(word): _called(row, name, word),
                "Account id": row.keys[0] or "",
                "Spend": row.cost,
                "Share": row.share,
                **(_compared(changed.get(row.keys), compared) if compared else {}),
                "8 weeks": trend.get(row.keys, ()),
            }
            for row in rows
        ],
        columns,
        currency=currency,
        words=f"Spend by {word}",
        has_csv=True,
        key=f"spend:rows:{word}",
        on_row=None if word == "resource" else drill,
    )


@dataclass(frozen=True)
class _Sides:
    """The headings of both sides; `now` is empty if it is the whole period."""

    now: str
    before: str


def _sides(frame: Frame, beside: Comparison) -> _Sides | None:
    if beside.why_not:
        return None
    today = frame.looking.today
    now = figures.days(beside.now.start, beside.now.last, today) if beside.limited_by else ""
    return _Sides(now, figures.days(beside.before.start, beside.before.last, today))


def _with_gone(found: Spend, beside: Comparison) -> list[Row]:
    """The rows, plus those with spend only before, so that each column adds up."""
    there = {row.keys for row in found.rows}
    gone = [
        Row(row.keys, row.label, Decimal(0), 0, Decimal(0))
        for row in beside.rows
        if row.keys not in there
    ]
    return [*found.rows, *gone]


def _compared(row: Change | None, sides: _Sides) -> dict[str, object]:
    current, previous = (Decimal(0), Decimal(0)) if row is None else (row.current, row.previous)
    return {
        **({sides.now: current} if sides.now else {}),
        sides.before: previous,
        "Change": less(current, previous),
        "Change %": figures.percent_change(current, previous),
    }


def _by_month(frame: Frame) -> bool:
    return frame.scope.period.days > charts.DAYS_SHOWN


def _heading(word: str) -> str:
    """The heading of the names: a tag may be called as a column of amounts is."""
    said = word.capitalize()
    return f"{said} (tag)" if said in ("Spend", "Share", "Change") else said


def _called(row: Row, name: "Namer", word: str) -> str:
    value = row.keys[0]
    return spelled(word, value) if value is None else name(value)


class Namer:
    """The name of a value on the page."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def __call__(self, value: str | None) -> str:
        """Its name, or itself."""
        return self._names.get(value or "", value or "")


def _namer(frame: Frame, word: str) -> Namer:
    if word == "account":
        return Namer(frame.looking.account_names())
    return Namer(_CLOUDS if word == "cloud" else {})
