"""Closing the month on the page, and reopening it: who may, and what it means."""

import streamlit as st

from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops.chargeback.closing import (
    ClosingError,
    close_month,
    open_closings,
    reopen_month,
)
from credits_pipeline.finops.chargeback.view import CLOSED
from credits_pipeline.finops.decisions import Author, ChangedMeanwhileError, DecisionsError
from credits_pipeline.finops.objects import ObjectsError
from credits_pipeline.finops.pages import starting
from credits_pipeline.finops.pages.chargeback_office import Desk
from credits_pipeline.finops.pages.person import Role
from credits_pipeline.finops.pages.plain import plain

_SAID = "chargeback:said"


def draw_closing(desk: Desk) -> None:
    """The button that closes or reopens, with its effect; for people who see all owners."""
    closed = desk.view.state == CLOSED
    with st.popover(
        "Reopen" if closed else "Close month",
        icon=":material/lock_open:" if closed else ":material/lock:",
        width="stretch",
    ):
        if closed:
            _reopen(desk)
        else:
            _close(desk)
    said = st.session_state.pop(_SAID, "")
    if said:
        st.success(plain(said))


def _close(desk: Desk) -> None:
    statement = desk.view.statement
    st.markdown(
        f"The statement of {statement.month} is frozen with the digest `{statement.digest[:12]}`. "
        "A bill that changes afterwards does not change a closed month: the difference is owed as "
        "an adjustment in the next open one."
    )
    refused = desk.looking.person.why_not(Role.APPROVER)
    with st.form("chargeback-close", border=False):
        why = st.text_input("Note for the log", max_chars=500)
        if st.form_submit_button(
            "Close", type="primary", disabled=bool(refused), help=plain(refused) or None
        ):
            _closed(desk, why)


def _closed(desk: Desk, why: str) -> None:
    person = desk.looking.person
    if person.why_not(Role.APPROVER):
        return
    try:
        with open_closings() as store:
            close_month(
                desk.office.books, desk.office.kept, store, desk.month, desk.model,
                by=Author(person.name, "ui"), today=desk.looking.today,
                seen=desk.view.statement.digest, why=why,
            )  # fmt: skip
    except ChangedMeanwhileError as error:
        st.error(f"Somebody else closed it at the same moment. {plain(error)}")
        return
    except (ClosingError, DecisionsError, ObjectsError, SettingError) as error:
        st.error(plain(error))
        return
    st.session_state[_SAID] = f"{desk.month} is closed." + (
        ""
        if starting.address()
        else (
            " Dagster's sensor chargeback_months makes its documents and sends them; the pages "
            "do not know where Dagster is."
        )
    )
    starting.state_month(desk.month, person)
    st.rerun()


def _reopen(desk: Desk) -> None:
    st.markdown(
        f"{desk.month} is computed from the current bills and rules until it is closed again. "
        "The earlier statement is kept, and the log says who reopened the month and why."
    )
    refused = desk.looking.person.why_not(Role.APPROVER)
    with st.form("chargeback-reopen", border=False):
        why = st.text_input("Why", max_chars=500)
        if st.form_submit_button("Reopen", disabled=bool(refused), help=plain(refused) or None):
            _reopened(desk, why)


def _reopened(desk: Desk, why: str) -> None:
    person = desk.looking.person
    if person.why_not(Role.APPROVER):
        return
    try:
        with open_closings() as store:
            reopen_month(store, desk.month, desk.model.name, by=Author(person.name, "ui"), why=why)
    except ChangedMeanwhileError as error:
        st.error(f"Somebody else reopened it at the same moment. {plain(error)}")
        return
    except (ClosingError, DecisionsError, SettingError) as error:
        st.error(plain(error))
        return
    st.session_state[_SAID] = f"{desk.month} is open again."
    st.rerun()
