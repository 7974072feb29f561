"""Optimization: what can be saved, is it true, who decides."""

from datetime import UTC, datetime

import streamlit as st

from credits_pipeline.finops.optimization.export import as_csv
from credits_pipeline.finops.optimization.judged import DISMISSED, DONE, OPEN, PLANNED, SNOOZED
from credits_pipeline.finops.optimization.opportunity import TABS
from credits_pipeline.finops.optimization.proving import NOT_SEEN, PROVED
from credits_pipeline.finops.optimization.reading import Recommendations
from credits_pipeline.finops.optimization.standing import GONE_BY_ITSELF, STATES, Standing
from credits_pipeline.finops.pages import (
    figures,
    optimization_detail,
    optimization_form,
    optimization_plans,
    starting,
)
from credits_pipeline.finops.pages.frame import Frame, open_frame
from credits_pipeline.finops.pages.optimization_list import (
    NOT_OF_RESOURCES,
    recommendations,
    row_of,
)
from credits_pipeline.finops.pages.person import Role
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.pages.tables import Column, table

_TAB, _FINDING, _STATE = "tab", "finding", "state"
_ALL = "All"
#: The states shown by default.
_FIRST = (OPEN, PLANNED)
_COMMITMENT, _VERSUS = TABS[3], TABS[4]
_COLUMNS = (
    Column("Resource"),
    Column("What to do"),
    Column("Saves a month", "money", help="At your own price, after the items before it."),
    Column("State"),
    Column("Account"),
    Column("Why"),
    Column("At list price", "money"),
    Column("How sure"),
    Column("Effort"),
    Column("Region"),
    Column("Since"),
    Column("Owner"),
)


def page() -> None:
    """Draw the page."""
    frame = open_frame("Optimization")
    frame, found = recommendations(frame)
    starting.show_last_run()
    if found is None:
        _nothing_yet(frame)
        return
    asked = st.query_params.get(_FINDING)
    if asked is not None:
        one = next((each for each in found.all if each.item.id == asked), None)
        if one is not None:
            optimization_detail.draw(frame, one)
            return
        st.error(f"There is no recommendation {plain(asked)} here.", icon=":material/link_off:")
    _header(frame, found)
    tab = _chosen(_TAB, (_ALL, *TABS), _ALL, "optimization:tab")
    if tab == _VERSUS:
        optimization_plans.versus(frame, found)
        return
    if tab == _COMMITMENT:
        optimization_plans.owned(frame)
    _rows(frame, found, tab)
    _unseen(found, tab)


def _nothing_yet(frame: Frame) -> None:
    st.info("Nothing has been scanned yet. Name the regions in FINOPS_SCAN_REGIONS, then run:")
    st.code("credits-pipeline scan", language="bash")
    _scan_button(frame)


def _scan_button(frame: Frame) -> None:
    why_not = frame.looking.person.why_not(Role.EDITOR)
    if st.button("Scan now", icon=":material/radar:", disabled=bool(why_not), help=why_not or None):
        starting.scan(frame.looking.person)


def _header(frame: Frame, found: Recommendations) -> None:
    currency = frame.currency
    decided = found.sum(currency, PLANNED)
    proved = found.proved(currency)
    unknown = sum(1 for one in found.all if one.counts and one.item.saving is None)
    headline = plain(figures.exact(found.to_be_had(currency), currency))
    items = figures.count(found.count(OPEN, PLANNED), "item")
    told = [
        f"**{headline}** a month can be saved, in {items}",
        f"{plain(figures.exact(decided, currency))} of it is planned",
        f"{plain(figures.exact(found.sum(currency, DONE), currency))} done",
        f"**{plain(figures.exact(proved, currency))}** proved on later bills",
    ]
    if found.count(NOT_SEEN):
        told.append(f":orange[{figures.count(found.count(NOT_SEEN), 'done item')} not seen]")
    if unknown:
        told.append(f":gray[{figures.count(unknown, 'item')} without a known saving]")
    left, right = st.columns([6, 1], vertical_alignment="center")
    left.markdown(" · ".join(told))
    with right:
        _scan_button(frame)
    if frame.looking.person.teams is None:
        hours = int((datetime.now(UTC) - found.as_of).total_seconds() // 3600)
        counted = sum(found.about["looked_at"].values())
        told_age = f"{figures.count(hours, 'hour')} ago" if hours >= 1 else "just now"
        st.markdown(
            f":small[:gray[Scanned {told_age}: {figures.count(counted, 'resource')}, "
            f"{found.about['no_evidence']:,} of them without all evidence.]]"
        )
    ignored = [word for word in frame.scope.filters if word in NOT_OF_RESOURCES]
    if ignored:
        st.info(f"Resources have no {' and no '.join(ignored)}: that filter has no effect.")


def _chosen(word: str, options: tuple[str, ...], first: str, key: str) -> str:
    """One of some words, from the address."""
    asked = st.query_params.get(word, first)
    if asked not in options:
        st.error(f"There is no {word} {plain(asked)}.", icon=":material/link_off:")
        asked = first
    st.session_state[key] = asked

    def take() -> None:
        st.query_params[word] = st.session_state[key] or first

    st.segmented_control(
        word.capitalize(),
        options,
        key=key,
        label_visibility="collapsed",
        on_change=take,
        required=True,
    )
    return asked


def _states() -> tuple[str, ...]:
    """The states shown, from the address."""
    asked = tuple(word for word in st.query_params.get_all(_STATE) if word in STATES)
    st.session_state["optimization:states"] = list(asked or _FIRST)

    def take() -> None:
        st.query_params[_STATE] = st.session_state["optimization:states"]

    st.multiselect(
        "States",
        STATES,
        key="optimization:states",
        on_change=take,
        placeholder="open and planned",
        label_visibility="collapsed",
    )
    return asked or _FIRST


def _rows(frame: Frame, found: Recommendations, tab: str) -> None:
    left, right = st.columns([6, 1], vertical_alignment="bottom")
    with left:
        states = _states()
    here = found.only(lambda one: tab in (_ALL, one.item.tab))
    shown = here.only(lambda one: one.state in states)
    right.download_button(
        "CSV",
        as_csv(shown),
        file_name=f"recommendations-{tab.lower().replace(' ', '-')}.csv",
        mime="text/csv",
        icon=":material/download:",
        width="stretch",
        on_click="ignore",
        help="Every row that is shown, exact.",
    )
    if not shown.all:
        _empty(here, states)
        return

    def look(row: int) -> None:
        st.query_params[_FINDING] = shown.all[row].item.id

    table(
        [row_of(one) for one in shown.all],
        _COLUMNS,
        currency=frame.currency,
        words=f"Recommendations, {tab}",
        has_csv=True,
        key=f"optimization:rows:{tab}",
        on_row=look,
    )
    total = shown.sum(frame.currency, *states)
    st.markdown(
        f":small[:gray[{figures.count(len(shown.all), 'row')} that add up to "
        f"{plain(figures.exact(total, frame.currency))} a month; choose one to look into it.]]"
    )
    with st.expander("Decide several at once"):
        optimization_form.several(frame, shown.all)


def _empty(here: Recommendations, states: tuple[str, ...]) -> None:
    others = [one for one in here.all if one.state not in states]
    if others:
        counted = _counted(others)
        st.info(f"Nothing is {' or '.join(states)} here. There are: {counted}.")
        return
    st.info(
        "The newest scan found nothing to save here. What it could not see is listed below, and is "
        "not clean."
    )


def _counted(some: list[Standing]) -> str:
    order = (OPEN, PLANNED, DONE, PROVED, NOT_SEEN, DISMISSED, SNOOZED, GONE_BY_ITSELF)
    counts = {word: sum(1 for one in some if one.state == word) for word in order}
    return ", ".join(f"{number} {word}" for word, number in counts.items() if number)


def _unseen(found: Recommendations, tab: str) -> None:
    """What is not known: rules without evidence, and parts that could not be read."""
    rules = [one for one in found.about["not_known"] if tab in (_ALL, one["tab"])]
    parts = [one for one in found.about["parts"] if one["state"] != "seen"]
    if not rules and not parts:
        return
    resources = sum(one["resources"] for one in rules)
    st.subheader("Not known", anchor=False)
    st.markdown(
        f"Without evidence: {figures.count(resources, 'judgement')}. Not seen: "
        f"{figures.count(len(parts), 'part')} of the scan. None of it counts as clean."
    )
    table(
        [
            {
                "What": one["action"].replace("_", " "),
                "Resources": one["resources"],
                "Why": "; ".join(f"{why} ({number})" for why, number in one["reasons"].items()),
            }
            for one in rules
        ]
        + [
            {"What": one["what"], "Resources": one["resources"], "Why": one["says"]}
            for one in parts
        ],
        [Column("What"), Column("Resources", "count"), Column("Why")],
        currency="",
        words="Not known",
    )
