"""One violation: what was seen, people's decisions, and the forms to accept or assign it."""

from datetime import date, timedelta

import streamlit as st

from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops.decisions import (
    Author,
    ChangedMeanwhileError,
    DecisionsError,
    DecisionStore,
    State,
)
from credits_pipeline.finops.decisions.opening import are_kept, open_decisions
from credits_pipeline.finops.governance import judging
from credits_pipeline.finops.governance.judging import REASONS, SUBJECT, By, JudgingError
from credits_pipeline.finops.governance.policy import Severity
from credits_pipeline.finops.governance.violations import Seen, Status
from credits_pipeline.finops.pages import figures
from credits_pipeline.finops.pages.frame import Frame
from credits_pipeline.finops.pages.governance_state import Governed
from credits_pipeline.finops.pages.person import Person, Role
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.pages.tables import Column, table

_ERRORS = (DecisionsError, SettingError, JudgingError)
_HISTORY = 50


def draw(frame: Frame, found: Governed, seen: Seen) -> None:
    """Draw it."""
    one = seen.violation
    if st.button("All violations", icon=":material/arrow_back:"):
        st.query_params.pop("violation", None)
        st.rerun()
    st.subheader(plain(f"{one.policy_name}: {one.name or one.resource_id}"), anchor=False)
    st.markdown(plain(one.says) + ".")
    kept = found.decided.policies.kept.get(one.policy)
    if kept is not None and kept.policy.to_do:
        st.markdown(f"What helps: {plain(kept.policy.to_do)}")
    _facts(frame, seen)
    if seen.status is Status.FIXED:
        st.success("An evaluation found it gone: it is fixed.")
    else:
        _acts(frame.looking.person, seen)
    _history(seen)


def _facts(frame: Frame, seen: Seen) -> None:
    one, today = seen.violation, frame.looking.today
    cost = "not known: no bill contains the resource"
    if one.cost_month is not None:
        cost = f"{figures.exact(one.cost_month, one.currency)} (bill of {one.billing_month})"
    back = f", back after it was fixed {figures.count(one.times, 'time')}" if one.times else ""
    told = {
        "State": f"{_told(seen, today)}; severity {one.severity.value}",
        "Costs a month": cost,
        "Owner": seen.owner or "nobody is named",
        "Account": f"{one.account_name} ({one.account})" if one.account_name else one.account,
        "Region and kind": f"{one.region}, {one.kind}",
        "Resource": one.resource_id,
        "Tags": ", ".join(f"{key}={value}" for key, value in sorted(one.tags.items())) or "none",
        "Since": f"{figures.day(one.since.date(), today)}"
        f"{back}; last seen {figures.day(one.last_seen.date(), today)}, by "
        + (one.origin or f"the policy {one.policy}"),
    }
    table(
        [{"What": name, "Value": value} for name, value in told.items()],
        [Column("What"), Column("Value")],
        currency="",
        words="What is known about it",
    )


def _told(seen: Seen, today: date) -> str:
    told = seen.status.value
    said = seen.said
    if seen.status is Status.ACKNOWLEDGED and said is not None:
        told += f" by {said.who}: {said.reason}"
        told += f" ({said.note})" if said.note else ""
        told += f", until {figures.day(said.until.date(), today)}" if said.until else ", for good"
    elif seen.has_come_back and said is not None and said.until is not None:
        told += f" again: it was acknowledged until {figures.day(said.until.date(), today)}"
    if seen.is_evidence_missing:
        told += "; the newest evaluation could not see whether it is still there"
    return told


def _acts(person: Person, seen: Seen) -> None:
    one = seen.violation
    needed = Role.APPROVER if one.severity is Severity.HIGH else Role.EDITOR
    why_not, why_not_assign = person.why_not(needed), person.why_not(Role.EDITOR)
    # What the person has read, not what is there by the time it is saved.
    read = st.session_state.setdefault(_read(one.id), seen.said)
    as_read = Seen(one, read, seen.now)
    by = By(Author(person.name, "ui"), person.may(Role.APPROVER))
    left, right = st.columns(2)
    with left, st.form(f"acknowledge:{one.id}"):
        st.markdown("**Accept it**")
        reason = st.selectbox("Why", REASONS)
        until = st.date_input(
            "Until the end of",
            seen.now.date() + timedelta(days=90),
            min_value=seen.now.date(),
            format="YYYY-MM-DD",
            help="It is open again on the day after.",
        )
        for_good = st.toggle("For good, without an end")
        note = st.text_input("Note", max_chars=500)
        accepts = st.form_submit_button("Acknowledge", disabled=bool(why_not), help=why_not or None)
    with right, st.form(f"assign:{one.id}"):
        st.markdown("**Who has to act**")
        owner = st.text_input("Owner", seen.owner, max_chars=320)
        assigns = st.form_submit_button(
            "Assign", disabled=bool(why_not_assign), help=why_not_assign or None
        )
    opens = seen.status is Status.ACKNOWLEDGED and right.button(
        "Withdraw the acknowledgement", disabled=bool(why_not), help=why_not or None
    )
    try:
        if accepts and not why_not:
            with open_decisions() as decisions:
                judging.acknowledge(
                    decisions.states,
                    as_read,
                    by=by,
                    reason=reason,
                    note=note,
                    until=None if for_good else until,
                )
        elif assigns and not why_not_assign:
            with open_decisions() as decisions:
                judging.assign(decisions.states, as_read, owner, by=by)
        elif opens and not why_not:
            with open_decisions() as decisions:
                judging.open_again(decisions.states, as_read, by=by)
        else:
            return
    except ChangedMeanwhileError as error:
        _conflict(one.id, error)
    except _ERRORS as error:
        st.error(plain(error))
    else:
        st.session_state.pop(_read(one.id), None)
        st.rerun()


def _conflict(id_: str, error: ChangedMeanwhileError) -> None:
    found = error.found
    if isinstance(found, State):
        reason = f": {found.reason}" if found.reason else ""
        owner = f", owner {found.owner}" if found.owner else ""
        st.error(
            plain(
                f"{found.who} said {found.state}{reason}{owner} in the meantime. Nothing was "
                "written. Save again to overwrite that with yours."
            )
        )
        st.session_state[_read(id_)] = found
    else:
        st.error(plain(error))


def _read(id_: str) -> str:
    return f"governance:read:{id_}"


def _history(seen: Seen) -> None:
    try:
        if not are_kept():
            return
        with open_decisions() as decisions:
            if not isinstance(decisions, DecisionStore):
                return
            changes = decisions.changes(SUBJECT, seen.violation.id, limit=_HISTORY)
    except (DecisionsError, SettingError) as error:
        st.error(plain(error))
        return
    if not changes:
        return
    st.markdown("**What people said**")
    rows = []
    for change in changes:
        after = change.after or {}
        rows.append(
            {
                "When": f"{change.at:%Y-%m-%d %H:%M} UTC",
                "Who": change.who,
                "Through": change.via,
                "State": after.get("state", ""),
                "Reason": after.get("reason", ""),
                "Note": after.get("note", ""),
                "Until": str(after.get("until") or "")[:10],
                "Owner": after.get("owner", ""),
            }
        )
    names = ("When", "Who", "Through", "State", "Reason", "Note", "Until", "Owner")
    table(rows, [Column(name) for name in names], currency="", words="What people said")
