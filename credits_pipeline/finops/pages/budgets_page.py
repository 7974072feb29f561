"""Budgets & Forecast: who goes over, when, and how sure are we."""

import streamlit as st

from credits_pipeline.finops.budgets.budget import Budget
from credits_pipeline.finops.budgets.standing import (
    RULE,
    Standing,
    Status,
)
from credits_pipeline.finops.forecast.asking import outlook
from credits_pipeline.finops.pages import ahead_chart, budget_detail, budget_form, figures
from credits_pipeline.finops.pages.budget_list import Found, budgets_of
from credits_pipeline.finops.pages.frame import Frame, choose_currency, open_frame
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.pages.tables import Column, table
from credits_pipeline.finops.queries.selection import SeveralCurrenciesError

_WORD = "budget"
#: In the order in which somebody has to act.
_SIGNS = {
    Status.OVER: "▲ over",
    Status.AT_RISK: "▲ at risk",
    Status.ON_TRACK: "on track",
    Status.NO_DATA: "no data",
}


def page() -> None:
    """Draw the page."""
    frame = open_frame("Budgets & Forecast")
    found = budgets_of(frame)
    asked = st.query_params.get(_WORD)
    if asked is not None:
        if asked in found.items:
            budget_detail.draw(frame, found.items[asked], _standing(found, asked))
            return
        st.error(f"There is no budget {plain(asked)} here.", icon=":material/link_off:")
    _outlook(frame)
    _all(frame, found)
    with st.expander("Add a budget of this scope", expanded=not found.items):
        budget_form.new(frame)
    with st.expander("Twelve amounts from last year"):
        budget_form.last_year(frame)


def _standing(found: Found, id_: str) -> Standing | None:
    return next((one for one in found.standings if one.budget.id == id_), None)


def _outlook(frame: Frame) -> None:
    """Where the current scope is heading."""
    if not frame.scope.period.by_month:
        st.info("A forecast covers whole months. Choose one, or several, such as 2026-01..2026-03.")
        return
    try:
        found = frame.looking.ask(outlook, frame.scope, frame.looking.today)
    except SeveralCurrenciesError as error:
        choose_currency(error.currencies)
        return
    title = budget_detail.heading(found.forecast, frame.currency)
    st.subheader(plain(title), anchor=False)
    ahead_chart.draw(
        ahead_chart.Ahead(found.forecast, {}),
        currency=frame.currency,
        words=f"{title}. Spend added up day by day, and what is expected.",
    )
    budget_detail.quality(found.forecast, found.quality, frame.currency)


def _all(frame: Frame, found: Found) -> None:
    st.subheader("Budgets", anchor=False)
    for told in found.told:
        st.info(plain(told))
    if not found.standings:
        if not found.told:
            st.markdown(
                "There is no budget yet. Add one below: the filters above are its scope, and the "
                "last three months suggest its amount."
            )
        return
    today = frame.looking.today
    # Without data there is no currency either.
    known = [one.currency for one in found.standings if one.currency] or [frame.currency]
    for currency in dict.fromkeys(known):
        rows = [one for one in found.standings if (one.currency or known[0]) == currency]
        rows.sort(key=lambda one: [*_SIGNS].index(one.status))

        def look(row: int, rows: list[Standing] = rows) -> None:
            st.query_params[_WORD] = rows[row].budget.id

        table(
            [
                {
                    "Budget": one.budget.name,
                    "Scope": words_of(one.budget),
                    "Period": figures.days(one.period.start, one.period.last, today),
                    "Amount": one.amount,
                    "Used": one.used,
                    "Used %": one.used_percent,
                    "Days %": figures.percent(one.elapsed_percent),
                    "Month end, about": one.forecast.expected,
                    "Between": budget_detail.range_of(one.forecast, currency),
                    "Status": _SIGNS[one.status],
                    "Crosses": crosses(one),
                    "Because": one.because,
                    "Owner": one.budget.owner,
                }
                for one in rows
            ],
            [
                Column("Budget"),
                Column("Status"),
                Column("Amount", "money"),
                Column("Used", "money"),
                Column("Used %", "share"),
                Column("Days %", help="How much of the period is complete."),
                Column("Month end, about", "money", help="An estimate of the whole period."),
                Column("Between"),
                Column("Crosses", help="The day on which the amount is crossed."),
                Column("Period"),
                Column("Because", width="large"),
                Column("Scope"),
                Column("Owner"),
            ],
            currency=currency,
            words="Budgets",
            key=f"budgets:rows:{currency}",
            on_row=look,
        )
    st.markdown(f":small[:gray[{plain(RULE)} Choose one to look into it.]]")


def words_of(budget: Budget) -> str:
    """A budget's scope in words."""
    told = "; ".join(f"{word} {', '.join(values)}" for word, values in budget.chosen)
    return told or "everything"


def crosses(one: Standing) -> str:
    """The day on which the amount is crossed: a fact if it is past; empty for never."""
    if one.crosses is None:
        return ""
    until = one.forecast.until
    about = "" if until is not None and one.crosses < until else "about "
    return f"{about}{figures.day(one.crosses)}"
