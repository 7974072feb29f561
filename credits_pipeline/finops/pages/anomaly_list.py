"""The anomalies of a scope on a page: each with its sentence, its state, and a way to judge it."""

from dataclasses import dataclass

import streamlit as st

from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops.anomalies.anomaly import JUDGED, KIND, OPEN, Anomaly
from credits_pipeline.finops.anomalies.looking import anomalies, in_period
from credits_pipeline.finops.decisions import (
    Author,
    ChangedMeanwhileError,
    DecisionsError,
    Ruling,
    State,
)
from credits_pipeline.finops.decisions.opening import are_kept, open_decisions
from credits_pipeline.finops.pages import figures
from credits_pipeline.finops.pages.frame import Frame
from credits_pipeline.finops.pages.person import Role
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.queries.scope import Scope

_SHOWN = 8


@dataclass(frozen=True)
class Seen:
    """An anomaly, and how somebody judged it.

    Attributes:
        found: the anomaly.
        state: the judgement; None if there is none.
    """

    found: Anomaly
    state: State | None

    @property
    def word(self) -> str:
        """Its state."""
        return OPEN if self.state is None else self.state.state

    @property
    def is_open(self) -> bool:
        """Whether it waits for somebody."""
        return self.word == OPEN


def seen(frame: Frame) -> list[Seen]:
    """The anomalies of the scope and its period, the largest first, in the page's currency."""
    found = frame.looking.ask(anomalies, _asked(frame), frame.looking.today)
    period = frame.scope.period
    there = [
        one for one in in_period(found, period.start, period.end) if one.currency == frame.currency
    ]
    if not there:
        return []
    if "anomalies" not in frame.read:
        frame.read["anomalies"] = _states()
    states: dict[str, State] = frame.read["anomalies"]
    return [Seen(one, states.get(one.id)) for one in there]


def sentence(one: Anomaly) -> str:
    """Which service, how many times the usual, for how long, where, and the dollars."""
    where = one.account_name or "no account"
    since = figures.day(one.since)
    return (
        f"{one.service or 'no service'}, {one.how_much} {one.when} since {since}, {where}, "
        f"{figures.change(one.more, one.currency, tile=True)}"
    )


def question(one: Anomaly) -> str:
    """The same as a short question, its dollars first."""
    dollars = figures.change(one.more, one.currency, tile=True)
    where = one.account_name or "no account"
    return f"{dollars}: was {one.service or 'no service'} {one.how_much} in {where} meant?"


def draw(frame: Frame) -> None:
    """Draw them, each with a form that judges it."""
    found = seen(frame)
    if not found:
        return
    waiting = sum(one.is_open for one in found)
    title = figures.count(len(found), "anomaly", "anomalies")
    with st.expander(f"{title} in this period, {waiting} open", expanded=bool(waiting)):
        st.markdown(":small[:gray[Without credits, tax and monthly charges; complete days only.]]")
        for one in found[:_SHOWN]:
            _one(frame, one)
        if len(found) > _SHOWN:
            st.markdown(f"and {len(found) - _SHOWN} smaller ones")


def _one(frame: Frame, one: Seen) -> None:
    left, right = st.columns([5, 1], vertical_alignment="center")
    told = f"**{plain(sentence(one.found))}**"
    if not one.found.goes_on:
        told += f" :gray[ended on {figures.day(one.found.through)}]"
    if one.state is not None and not one.is_open:
        note = f": {plain(one.state.note)}" if one.state.note else ""
        told += f" :green[{one.word} by {plain(one.state.who)}{note}]"
    left.markdown(told)
    with right.popover("Judge", width="stretch"):
        _judge(frame, one)


def _judge(frame: Frame, one: Seen) -> None:
    why_not = frame.looking.person.why_not(Role.EDITOR)
    with st.form(f"anomaly:{one.found.id}", border=False):
        state = st.radio(
            "It is",
            JUDGED.states,
            index=JUDGED.states.index(one.word) if one.word in JUDGED.states else 0,
            captions=["nobody has looked yet", "somebody is working on it", "it was meant"],
        )
        note = st.text_input("Reason", one.state.note if one.state else "", max_chars=500)
        saves = st.form_submit_button("Save", disabled=bool(why_not), help=why_not or None)
    if not saves or why_not:
        return
    if state != OPEN and not note.strip():
        st.error("Give a reason, so that others know.")
        return
    try:
        with open_decisions() as decisions:
            decisions.states.set(
                KIND,
                one.found.id,
                Ruling(state, note=note.strip()),
                by=Author(frame.looking.person.name, "ui"),
                expected=None if one.state is None else one.state.version,
            )
    except ChangedMeanwhileError as error:
        st.error(f"Somebody else judged it in the meantime. {plain(error)}")
    except (DecisionsError, SettingError) as error:
        st.error(plain(error))
    else:
        st.rerun()


def _asked(frame: Frame) -> Scope:
    """The scope without what does not matter, so that one answer serves every period."""
    return frame.scope.but(cost="amortised", credits=False, tax=False, group=())


def _states() -> dict[str, State]:
    try:
        if not are_kept():
            return {}
        with open_decisions() as decisions:
            return decisions.states.of(KIND)
    except (DecisionsError, SettingError) as error:
        st.error(plain(error))
        return {}
