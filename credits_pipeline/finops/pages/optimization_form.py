"""Forms that decide recommendations: planned, done, dismissed, snoozed, open again."""

from collections.abc import Mapping, Sequence
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
from credits_pipeline.finops.optimization.judging import (
    Judgement,
    JudgementError,
    say,
    versions_of,
)
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
    """The form for several: which ones, and the decision about all of them."""
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
    seen = f"{key}:seen"

    def begin() -> None:
        # The page is redrawn with each click; what counts is what the person saw at this one.
        st.session_state[seen] = versions_of(some)

    verb = st.segmented_control(
        "Decision",
        [verb for verb in _VERBS if verb != OPEN or any(one.judged for one in some)],
        format_func=lambda state: _VERBS[state],
        key=f"{key}:verb",
        label_visibility="collapsed",
        on_change=begin,
        disabled=bool(why_not),
        help=why_not or None,
    )
    if verb is None:
        return
    known = st.session_state.setdefault(seen, versions_of(some))
    known.update({id_: v for id_, v in versions_of(some).items() if id_ not in known})
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
        saves = st.form_submit_button("Save", disabled=bool(why_not), help=why_not or None)
        if saves and not why_not:
            judgement = Judgement(verb, owner, until, reason, note)
            if _is_saved(some, judgement, person.name, known):
                del st.session_state[seen]
                st.rerun()
            st.session_state[seen] = versions_of(some)


def _is_saved(
    some: Sequence[Standing], judgement: Judgement, who: str, seen: Mapping[str, int | None]
) -> bool:
    """Whether it was stored for all; what was refused is reported."""
    try:
        refused = say(some, judgement, Author(who, "ui"), datetime.now(UTC), seen)
    except JudgementError as error:
        st.error(str(error))
        return False
    except (DecisionsError, SettingError) as error:
        st.error(plain(error))
        return False
    if refused:
        st.error(
            f"Somebody else decided {figures.count(len(refused), 'item')} in the meantime; those "
            f"stay as they are. {plain(refused[0])}"
        )
        return False
    st.session_state["optimization:said"] = f"{figures.count(len(some), 'item')} saved."
    return True
