"""Chargeback: what each team or product owes for a month, why, and whether finance can book it."""

from collections.abc import Callable
from decimal import Decimal

import streamlit as st

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops import settings
from credits_pipeline.finops.chargeback import lines
from credits_pipeline.finops.chargeback.shares import money
from credits_pipeline.finops.chargeback.spans import MONTH, SPANS, Span, owed
from credits_pipeline.finops.chargeback.statement import Section, label
from credits_pipeline.finops.chargeback.view import CLOSED, COLUMNS, OPEN, REOPENED
from credits_pipeline.finops.pages import figures
from credits_pipeline.finops.pages.chargeback_closing import draw_closing
from credits_pipeline.finops.pages.chargeback_files import draw_files
from credits_pipeline.finops.pages.chargeback_office import Desk, open_desk
from credits_pipeline.finops.pages.chargeback_rules import draw_rules
from credits_pipeline.finops.pages.frame import open_month
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.pages.starting import show_last_run
from credits_pipeline.finops.pages.tables import Column, table
from credits_pipeline.finops.queries.words import UNTAGGED

_SPAN_WORDS = {
    "month": "Month",
    "quarter": "Quarter",
    "year-to-date": "Year to date",
    "fiscal-year": "Fiscal year",
}
_STATES = {OPEN: ":gray[open]", CLOSED: ":green[closed]", REOPENED: ":orange[reopened]"}


def page() -> None:
    """Draw the page."""
    looking = open_month("Chargeback")
    desk = open_desk(looking)
    _choices(desk)
    for fault in desk.view.statement.faults if desk.sees_all else ():
        st.warning(plain(fault))
    if not desk.view.sections:
        st.info("Nothing is owed here. Choose another month, or all of them.")
    for section in desk.view.sections:
        _line(desk, section)
    draw_files(desk)
    show_last_run()
    span = st.query_params.get("span", MONTH)
    if span in SPANS and span != MONTH:
        _span(desk, span)
    else:
        for section in desk.view.sections:
            _section(desk, section)
    if desk.sees_all:
        draw_rules(desk)


def _choices(desk: Desk) -> None:
    """Month, model, owner, span: each in the address."""
    statement = desk.view.statement
    columns = st.columns([2, 2, 3, 2, 2], vertical_alignment="bottom")
    months = sorted(desk.office.months(), reverse=True)
    with columns[0]:
        _choice("Month", "month", months, str(desk.month), lambda one: _month_name(desk, one))
    with columns[1]:
        _choice("Model", "model", list(desk.office.books.decided.models), desk.model.name, plain)
    with columns[2]:
        _owner(desk)
    with columns[3]:
        span = st.query_params.get("span", MONTH)
        _choice(
            "Over", "span", list(SPANS), span if span in SPANS else MONTH, _SPAN_WORDS.__getitem__
        )
    if desk.sees_all:
        with columns[4]:
            draw_closing(desk)
    if desk.office.books.decided.is_default and desk.sees_all:
        st.caption(
            f"No allocation model is saved yet: the tag {statement.to} says who owns a charge."
        )


def _choice(
    title: str, word: str, options: list[str], now: str, name: Callable[[str], str]
) -> None:
    key = f"chargeback:{word}"
    st.session_state[key] = now

    def take() -> None:
        st.query_params[word] = st.session_state[key]

    st.selectbox(title, options, key=key, format_func=name, on_change=take)


def _month_name(desk: Desk, month: str) -> str:
    closing = desk.office.closed.find(month, desk.model.name)
    state = OPEN if closing is None else CLOSED if closing.reopened_at is None else REOPENED
    return f"{month} ({state})"


def _owner(desk: Desk) -> None:
    to, teams = desk.model.to, desk.looking.person.teams
    names = [label(one) for one in desk.view.statement.names() if teams is None or one in teams]
    everyone = f"All {to}s" if teams is None else "All of yours"
    key = "chargeback:owner"
    now = desk.view.only if st.query_params.get_all(to) else None
    st.session_state[key] = label(now[0]) if now is not None and len(now) == 1 else everyone

    def take() -> None:
        chosen = st.session_state[key]
        if chosen == everyone:
            st.query_params.pop(to, None)
        else:
            st.query_params[to] = UNTAGGED if chosen == label(None) else chosen

    st.selectbox(to.capitalize(), [everyone, *names], key=key, format_func=plain, on_change=take)


def _line(desk: Desk, section: Section) -> None:
    """The answer in one line, and whether it adds up."""
    view, currency = desk.view, section.currency
    whole = sum(row.total for row in desk.view.rows(section))
    month = BillingMonth.parse(view.statement.month).start
    owed = f"**{plain(_cents(whole, currency))}** owed for {month:%B %Y}"
    told = [f"{owed}{_made_of(section, whole)}", _STATES[view.state]]
    if section.is_converted or section.adds_up_of_all(view.statement)[1:]:
        rates = ", ".join(
            f"{up.currency} at {up.rate:f}"
            for up in section.adds_up_of_all(view.statement)
            if up.currency != currency
        )
        told.append(f":orange[converted: {plain(rates)}]")
    closing = view.closing
    if closing is not None and view.state == CLOSED:
        told.append(f":gray[by {plain(closing.who)} on {closing.at:%Y-%m-%d}]")
    st.markdown(" · ".join(told))
    if not view.is_whole:
        return
    named = sum(line.cents for line in section.lines if line.owner is not None)
    mark = ":green[✔ adds up]" if section.holds else ":red[✘ does not add up]"
    left, right = st.columns([4, 2], vertical_alignment="center")
    bills = ", ".join(f"invoices {figures.exact(up.billed, up.currency)}" for up in section.adds_up)
    spend = ", ".join(f"spend {figures.exact(up.spend, up.currency)}" for up in section.adds_up)
    left.markdown(
        f"{mark}: {view.statement.to}s {plain(_cents(named, currency))} + unallocated "
        f"{plain(_cents(section.stated - named, currency))} = {plain(spend)}, which leads to "
        f"{plain(bills)}"
    )
    with right, st.popover("How this adds up", icon=":material/calculate:", width="stretch"):
        _steps(section)


def _made_of(section: Section, whole: int) -> str:
    """The month's own spend and what closed months still owe, where there is such."""
    if not section.adjustments:
        return ""
    months = ", ".join(sorted({one.month for one in section.adjustments}))
    sign = figures.MINUS if section.adjusted < 0 else "+"
    own = _cents(whole - section.adjusted, section.currency)
    size = _cents(abs(section.adjusted), section.currency)
    return (
        f" = {plain(f'{own} of the month {sign} {size} adjustments since the close of {months}')}"
    )


def _steps(section: Section) -> None:
    by_currency: dict[str, list[dict[str, object]]] = {}
    for words, amount, currency, _ in lines.steps(section):
        by_currency.setdefault(currency, []).append({"Step": words, "Amount": Decimal(amount)})
    for currency, rows in by_currency.items():
        table(
            rows,
            [Column("Step"), Column("Amount", "money")],
            currency=currency,
            words=f"From what owners owe to the invoices, {currency}",
        )


def _section(desk: Desk, section: Section) -> None:
    view, currency = desk.view, section.currency
    if len(view.sections) > 1:
        st.subheader(plain(currency), anchor=False)
    rows = view.rows(section)
    to = view.statement.to.capitalize()
    kinds = [kind for kind in COLUMNS if any(row.cents[kind] for row in rows)]

    def choose(at: int) -> None:
        owner = rows[at].owner
        st.query_params[view.statement.to] = UNTAGGED if owner is None else owner

    table(
        [
            {
                to: row.label,
                **{COLUMNS[kind]: money(row.cents[kind]) for kind in kinds},
                "Total": money(row.total),
                "Month before": None if row.previous is None else money(row.previous),
                "Share": row.share,
                "Cost centre": view.statement.owner(row.owner).cost_centre,
                "GL account": view.statement.owner(row.owner).gl_account,
            }
            for row in rows
        ],
        [
            Column(to),
            *(Column(COLUMNS[kind], "money") for kind in kinds),
            Column("Total", "money"),
            Column("Month before", "money"),
            *([Column("Share", "share")] if view.is_whole else []),
            Column("Cost centre"),
            Column("GL account"),
        ],
        currency=currency,
        words=f"What each {view.statement.to} owes",
        key=f"chargeback:rows:{currency}",
        on_row=choose if len(rows) > 1 else None,
    )
    if not view.is_whole:
        _detail(desk, section)
    _pools(desk, section)
    _adjustments(desk, section)


def _detail(desk: Desk, section: Section) -> None:
    view = desk.view
    found = [line for line in section.lines if line.account or line.service]
    found = [line for line in found if line.kind != "shared"]
    if not found:
        return
    st.markdown(f"**Own costs**, by account and service, in {plain(section.currency)}")
    table(
        [
            {
                "Account": view.statement.accounts.get(line.account, line.account),
                "Account id": line.account,
                "Service": line.service,
                "Kind": COLUMNS[line.kind],
                "Amount": money(line.cents),
            }
            for line in sorted(found, key=lambda one: (-one.cents, one.key))
        ],
        [
            Column("Account"), Column("Service"), Column("Kind"), Column("Amount", "money"),
            Column("Account id"),
        ],
        currency=section.currency,
        words="Costs by account and service",
    )  # fmt: skip


def _pools(desk: Desk, section: Section) -> None:
    if not section.pools:
        return
    to = desk.view.statement.to.capitalize()
    st.markdown(
        f"**Shared costs**, in {plain(section.currency)}: what is shared, by what, with whom"
    )
    table(
        [
            {
                "Pool": pool.pool,
                "In account": desk.view.statement.accounts.get(pool.account, pool.account),
                "By": pool.driver,
                "Pool's cost": money(pool.cents),
                to: label(part.owner),
                "Weight": part.weight,
                "Part": money(part.cents),
            }
            for pool in section.pools
            for part in pool.parts
        ],
        [
            Column("Pool"),
            *([Column("In account")] if any(pool.account for pool in section.pools) else []),
            Column("By"), Column("Pool's cost", "money"), Column(to), Column("Weight"),
            Column("Part", "money"),
        ],
        currency=section.currency,
        words="Shared costs",
    )  # fmt: skip


def _adjustments(desk: Desk, section: Section) -> None:
    if not section.adjustments:
        return
    st.markdown("**Adjustments since close**: bills that changed after their month was closed")
    table(
        [
            {
                "Closed month": one.month,
                desk.view.statement.to.capitalize(): label(one.owner),
                "Adjustment": money(one.cents),
            }
            for one in section.adjustments
        ],
        [
            Column("Closed month"),
            Column(desk.view.statement.to.capitalize()),
            Column("Adjustment", "change"),
        ],
        currency=section.currency,
        words="Adjustments since close",
    )


def _span(desk: Desk, word: str) -> None:
    """A quarter or a year, beside the same months a year before."""
    span = Span.of(word, desk.month, settings.fiscal_year_begins())
    now, before = owed(desk, desk.model, span), owed(desk, desk.model, span.last_year)
    missing = [str(month) for month in span.months if str(month) not in now.stated]
    told = f"**{span.name}**, {span.months[0]} to {span.months[-1]}"
    if missing:
        told += f" · :orange[without {plain(', '.join(missing))}, which have no bill]"
    whole = len(before.stated) == len(now.stated)
    if not whole:
        told += (
            f" · :gray[not compared with the year before: it has bills of {len(before.stated)} of "
            f"these {len(now.stated)} months]"
        )
    st.markdown(told)
    only = desk.view.only
    for currency, owners in sorted(now.cents.items()):
        then = before.cents.get(currency, {})
        rows = [
            {
                desk.model.to.capitalize(): label(owner),
                span.name: money(cents),
                "A year before": money(then.get(owner, 0)) if whole else None,
                "Change": money(cents - then.get(owner, 0)) if whole else None,
            }
            for owner, cents in sorted(
                owners.items(), key=lambda one: (one[0] is None, -one[1], one[0] or "")
            )
            if only is None or owner in only
        ]
        compared = [Column("A year before", "money"), Column("Change", "change")] if whole else []
        table(
            rows,
            [Column(desk.model.to.capitalize()), Column(span.name, "money"), *compared],
            currency=currency,
            words=f"What each {desk.model.to} owes in {span.name}",
        )


def _cents(cents: int, currency: str) -> str:
    return figures.exact(money(cents), currency)
