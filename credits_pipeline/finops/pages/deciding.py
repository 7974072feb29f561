"""What waits for somebody's decision, from every room that finds such things; the largest first.

A room adds a function to `_ROOMS`; each returns what the person may see of it.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import streamlit as st

from credits_pipeline.finops.address import PAGES
from credits_pipeline.finops.budgets.standing import Status
from credits_pipeline.finops.optimization.judged import OPEN
from credits_pipeline.finops.pages import (
    anomaly_list,
    budget_list,
    figures,
    governance_state,
    optimization_list,
)
from credits_pipeline.finops.pages.frame import Frame
from credits_pipeline.finops.pages.navigation import page_of
from credits_pipeline.finops.pages.plain import plain

#: How many are shown.
_SHOWN = 3
#: The weight of a saving by how certain its evidence is.
_SURE = {"high": Decimal(1), "medium": Decimal("0.6"), "low": Decimal("0.3")}


@dataclass(frozen=True)
class ToDecide:
    """One thing that waits for a decision.

    Attributes:
        dollars: its amount in the page's currency, reduced if the evidence is less certain.
        says: one sentence.
        page: where it is decided, by its word in the address.
        words: of its address.
    """

    dollars: Decimal
    says: str
    page: str
    words: dict[str, list[str]]


def draw(frame: Frame) -> None:
    """Draw the largest of them, each a link."""
    found = [one for room in _ROOMS for one in room(frame)]
    st.subheader("To decide", anchor=False)
    if not found:
        st.markdown("Nothing waits for a decision.")
        return
    ordered = sorted(found, key=lambda one: (-one.dollars, one.says))
    for one in ordered[:_SHOWN]:
        st.page_link(
            page_of(one.page),
            label=plain(one.says),
            icon=":material/gavel:",
            query_params=one.words,
            help=plain(one.says),
        )
    rest = Counter(one.page for one in ordered[_SHOWN:])
    for page, count in rest.most_common():
        st.page_link(
            page_of(page),
            label=f"{count} more on {plain(PAGES[page])}",
            query_params=frame.scope.words(),
        )


def _budgets(frame: Frame) -> list[ToDecide]:
    found = []
    for one in budget_list.budgets_of(frame).standings:
        if one.status not in (Status.OVER, Status.AT_RISK) or one.currency != frame.currency:
            continue
        end = one.used if one.forecast.expected is None else one.forecast.expected
        above = end - one.amount
        verb = "is over" if one.status is Status.OVER else "is at risk"
        about = (
            f": about {figures.short(above, one.currency)} above its amount" if above > 0 else ""
        )
        found.append(
            ToDecide(
                max(above, Decimal(0)),
                f"Budget {one.budget.name} {verb}{about}",
                "budgets",
                {"budget": [one.budget.id]},
            )
        )
    return found


def _anomalies(frame: Frame) -> list[ToDecide]:
    return [
        ToDecide(
            one.found.more,
            anomaly_list.question(one.found),
            "spend",
            frame.scope.but(group=("service",)).words(),
        )
        for one in anomaly_list.seen(frame)
        if one.is_open
    ]


def _violations(frame: Frame) -> list[ToDecide]:
    """Violations of high severity: somebody has to fix or accept them."""
    if governance_state.not_of_resources(frame.scope):
        return []
    try:
        known = governance_state.known(frame)
    except governance_state.ERRORS:
        return []  # the tile says why
    return [
        ToDecide(
            each.cost_month or Decimal(0),
            f"{each.name or each.resource_id}: {each.policy_name}, on what costs "
            f"{figures.short(each.cost_month or Decimal(0), frame.currency)} a month",
            "governance",
            {"violation": [each.id]},
        )
        for one in known.open
        for each in [one.violation]
        if each.is_high and each.currency in ("", frame.currency)
    ]


def _savings(frame: Frame) -> list[ToDecide]:
    _, found = optimization_list.recommendations(frame)
    return [
        ToDecide(
            one.item.saving * _SURE[one.item.confidence],
            # The amount first: a line that is too long for its column is cut at its end.
            f"{one.item.name} can save {figures.short(one.item.saving, one.item.currency)} a "
            f"month: {one.item.do.removesuffix('.')}",
            "optimization",
            {"finding": [one.item.id]},
        )
        for one in (() if found is None else found.all)
        if one.state == OPEN and one.item.saving is not None
    ]


_ROOMS: Sequence[Callable[[Frame], list[ToDecide]]] = (
    _budgets,
    _anomalies,
    _violations,
    _savings,
)
