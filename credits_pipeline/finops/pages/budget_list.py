"""The budgets that a person sees, and their state in the version of the page."""

from dataclasses import dataclass, field

import streamlit as st

from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops.budgets.book import read_budget
from credits_pipeline.finops.budgets.budget import KIND, Budget
from credits_pipeline.finops.budgets.standing import (
    BudgetScopeError,
    Standing,
    current_period,
    stands,
)
from credits_pipeline.finops.decisions import DecisionsError, Item
from credits_pipeline.finops.decisions.opening import are_kept, open_decisions
from credits_pipeline.finops.pages.frame import Frame
from credits_pipeline.finops.pages.looking import NotYoursError
from credits_pipeline.finops.pages.person import Person
from credits_pipeline.finops.pages.plain import plain


@dataclass
class Found:
    """The budgets that the person sees.

    Attributes:
        standings: those that apply today, by name.
        items: all, by id.
        told: what to report about the others.
    """

    standings: list[Standing] = field(default_factory=list)
    items: dict[str, Item] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)


def budgets_of(frame: Frame) -> Found:
    """The state of the budgets that the person sees."""
    found = Found()
    try:
        if "budgets" not in frame.read:
            frame.read["budgets"] = _items()
        items: list[Item] = frame.read["budgets"]
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
            found.told.append(f"{budget.name} applies only at another time.")
        else:
            found.standings.append(one)
    found.standings.sort(key=lambda one: (one.budget.name.casefold(), one.budget.id))
    return found


def stands_today(frame: Frame, budget: Budget) -> Standing | None:
    """The state of a budget today; None if it applies only at another time.

    Raises:
        BudgetScopeError: it can't be computed.
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
    """Whether a budget is for teams that the person sees; its name and scope reveal them."""
    if person.teams is None:
        return True
    named = budget.scope.get("team", ())
    return bool(named) and set(named) <= set(person.teams)
