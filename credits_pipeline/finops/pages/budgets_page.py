"""Budgets & Forecast: who goes over, when, and how sure are we."""

from dataclasses import dataclass, field
from decimal import Decimal

import streamlit as st

from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops.budgets.book import read_budget
from credits_pipeline.finops.budgets.budget import KIND, Budget
from credits_pipeline.finops.budgets.standing import (
    RULE,
    BudgetScopeError,
    Standing,
    Status,
    current_period,
    stands,
)
from credits_pipeline.finops.decisions import DecisionsError, Item
from credits_pipeline.finops.decisions.opening import are_kept, open_decisions
from credits_pipeline.finops.forecast.asking import outlook
from credits_pipeline.finops.pages import ahead_chart, budget_detail, budget_form, figures
from credits_pipeline.finops.pages.frame import Frame, open_frame
from credits_pipeline.finops.pages.looking import NotYoursError
from credits_pipeline.finops.pages.person import Person
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.pages.tables import Column, table

_WORD = "budget"
_SIGNS = {
    Status.OVER: "▲ over",
    Status.AT_RISK: "▲ at risk",
    Status.ON_TRACK: "on track",
    Status.NO_DATA: "no data",
}


@dataclass
class Found:
    """The budgets that the person sees.

    Attributes:
        standings: those that hold today, by name.
        items: all, by id.
        told: what there is to say of the others.
    """

    standings: list[Standing] = field(default_factory=list)
    items: dict[str, Item] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)


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


def budgets_of(frame: Frame) -> Found:
    """How the budgets stand that the person sees."""
    found = Found()
    try:
        items = _items()
    except (DecisionsError, SettingError) as error:
        st.error(plain(error))
        return found
    for item in items:
        try:
            budget = read_budget(item.id, item.body)
            if not _allowed(budget, frame.looking.person):
                continue
            found.items[item.id] = item
            one = stands_today(frame, budget)
        except (DecisionsError, BudgetScopeError, NotYoursError) as error:
            found.told.append(str(error))
            continue
        if one is None:
            found.told.append(f"{budget.name} holds in another time only.")
        else:
            found.standings.append(one)
    found.standings.sort(key=lambda one: (one.budget.name.casefold(), one.budget.id))
    return found


def stands_today(frame: Frame, budget: Budget) -> Standing | None:
    """How a budget stands today; None where it holds in another time only.

    Raises:
        BudgetScopeError: it can't be counted.
    """
    period = current_period(budget, frame.looking.today)
    if period is None:
        return None
    return frame.looking.ask(stands, budget.scope_of(period), budget, frame.looking.today)


def _items() -> list[Item]:
    if not are_kept():
        return []
    with open_decisions() as decisions:
        return decisions.items(KIND)


def _allowed(budget: Budget, person: Person) -> bool:
    """Whether a budget is of teams that the person sees; its name and scope tell of them."""
    if person.teams is None:
        return True
    named = budget.scope.get("team", ())
    return bool(named) and set(named) <= set(person.teams)


def _standing(found: Found, id_: str) -> Standing | None:
    return next((one for one in found.standings if one.budget.id == id_), None)


def _outlook(frame: Frame) -> None:
    """Where the scope above is heading."""
    if not frame.scope.period.by_month:
        st.info("A forecast is of whole months. Choose one, or some such as 2026-01..2026-03.")
        return
    found = frame.looking.ask(outlook, frame.scope, frame.looking.today)
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
        st.warning(plain(told))
    if not found.standings:
        if not found.told:
            st.markdown(
                "There is no budget yet. Add one below: the filters above are its scope, and the "
                "last three months suggest its amount."
            )
        return
    today = frame.looking.today
    # What has no data yet has no currency either.
    known = [one.currency for one in found.standings if one.currency] or [frame.currency]
    for currency in dict.fromkeys(known):
        rows = [one for one in found.standings if (one.currency or known[0]) == currency]

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
                    "Days %": one.elapsed_percent,
                    "Month end, about": one.forecast.expected,
                    "Between": between(one.forecast.low, one.forecast.high, currency),
                    "Status": _SIGNS[one.status],
                    "Because": because(one),
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
                Column("Days %", "share", help="How much of the period is complete."),
                Column("Month end, about", "money", help="An estimate of the whole period."),
                Column("Between"),
                Column("Because"),
                Column("Period"),
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


def between(low: Decimal | None, high: Decimal | None, currency: str) -> str:
    """A range, short; empty where there is none."""
    if low is None or high is None:
        return ""
    return f"{figures.short(low, currency)} to {figures.short(high, currency)}"


def because(one: Standing) -> str:
    """Why the status is as it is, and the day on which the amount is crossed."""
    if one.crosses is None:
        return one.because
    until = one.forecast.until
    verb = "crossed" if until is not None and one.crosses < until else "crosses"
    return f"{one.because}; {verb} on {figures.day(one.crosses)}"
