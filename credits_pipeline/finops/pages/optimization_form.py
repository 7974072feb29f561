"""Forms that decide recommendations: planned, done, dismissed, snoozed, open again."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import streamlit as st

from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops.decisions import Author, DecisionsError
from credits_pipeline.finops.optimization.judged import (
    DISMISSED,
    DONE,
    OPEN,
    PLANNED,
    REASONS,
    SNOOZED,
)
from credits_pipeline.finops.optimization.judging import Judgement, JudgementError, say
from credits_pipeline.finops.optimization.standing import Standing
from credits_pipeline.finops.pages import figures
from credits_pipeline.finops.pages.frame import Frame
from credits_pipeline.finops.pages.person import Role
from credits_pipeline.finops.pages.plain import plain, visible

_VERBS = {
    PLANNED: "Plan it",
    DONE: "It is done",
    DISMISSED: "Dismiss it",
    SNOOZED: "Snooze it",
    OPEN: "Open it again",
}
_TWO_WEEKS = timedelta(days=14)


def one(frame: Frame, standing: Standing) -> None:
    """The form of one item."""
    _form(frame, [standing], f"decide:{standing.item.id}")


def several(frame: Frame, some: Sequence[Standing]) -> None:
    """The form of several: which, and what is said of all of them."""
    by_id = {each.item.id: each for each in some}

    def name(id_: str) -> str:
        item = by_id[id_].item
        amount = "" if item.saving is None else f" ({figures.short(item.saving, item.currency)})"
        return visible(f"{item.name}: {item.do}{amount}")

    chosen = st.multiselect("Which", list(by_id), format_func=name, placeholder="Choose some")
    if chosen:
        _form(frame, [by_id[id_] for id_ in chosen], "decide:several")


def _form(frame: Frame, some: Sequence[Standing], key: str) -> None:
    person = frame.looking.person
    why_not = person.why_not(Role.EDITOR)
    verb = st.segmented_control(
        "Decision",
        list(_VERBS),
        format_func=lambda state: _VERBS[state],
        key=f"{key}:verb",
        label_visibility="collapsed",
        disabled=bool(why_not),
        help=why_not or None,
    )
    if verb is None:
        return
    with st.form(key, border=False):
        owner = reason = ""
        until = None
        if verb == PLANNED:
            owner = st.text_input("Who does it", value=person.name)
        if verb in (PLANNED, SNOOZED):
            label = "Until" if verb == SNOOZED else "By"
            until = st.date_input(label, value=frame.looking.today + _TWO_WEEKS)
        if verb == DISMISSED:
            reason = st.selectbox("Why", REASONS)
            until = st.date_input("Open again on", value=None)
        note = st.text_input("Note", max_chars=2000)
        if st.form_submit_button("Save", disabled=bool(why_not), help=why_not or None):
            _save(some, Judgement(verb, owner, until, reason, note), person.name)


def _save(some: Sequence[Standing], judgement: Judgement, who: str) -> None:
    try:
        refused = say(some, judgement, Author(who, "ui"), datetime.now(UTC))
    except JudgementError as error:
        st.error(str(error))
        return
    except (DecisionsError, SettingError) as error:
        st.error(plain(error))
        return
    if refused:
        st.error(
            f"Somebody else decided {figures.count(len(refused), 'item')} in the meantime; those "
            f"stay as they are. {plain(refused[0])}"
        )
        return
    st.session_state["optimization:said"] = f"{figures.count(len(some), 'item')} saved."
    st.rerun()
