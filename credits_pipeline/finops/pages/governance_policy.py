"""One policy: what it says, what it would find now, and an editor that tries, saves, switches."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops.decisions import Author, ChangedMeanwhileError, DecisionsError
from credits_pipeline.finops.decisions.opening import open_decisions
from credits_pipeline.finops.governance import book, governing
from credits_pipeline.finops.governance.fence import FenceError
from credits_pipeline.finops.governance.functions import FUNCTIONS
from credits_pipeline.finops.governance.judging import why_not_changed
from credits_pipeline.finops.governance.language import ASKED
from credits_pipeline.finops.governance.ledger import GovernanceError
from credits_pipeline.finops.governance.policy import PolicyError
from credits_pipeline.finops.governance.reading import PolicyTextError, Written, read, written
from credits_pipeline.finops.governance.trying import Tried, try_policy
from credits_pipeline.finops.objects import ObjectsError
from credits_pipeline.finops.pages import conflict, figures
from credits_pipeline.finops.pages.frame import Frame
from credits_pipeline.finops.pages.governance_state import Governed
from credits_pipeline.finops.pages.navigation import page_of
from credits_pipeline.finops.pages.person import Person, Role
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.pages.tables import Column, table
from credits_pipeline.finops.settings import tag_keys

#: In the address: a policy that does not exist yet.
NEW = "new"
_START = {
    "name": "Costs more than it should",
    "type": "cost",
    "severity": "low",
    "enabled": True,
    "applies_to": ["aws.ec2.instance"],
    "owner_tag": "team",
    "when": "cost_month > 1000",
    "say": "Costs {cost_month:,.2f} {currency} a month",
}
_ALL_TEAMS = "Policies apply to all teams, so only people who see all teams write them."


def draw(frame: Frame, found: Governed, id_: str) -> None:
    """Draw it."""
    kept = found.decided.policies.kept.get(id_)
    if st.button("All policies", icon=":material/arrow_back:"):
        st.query_params.pop("policy", None)
        st.rerun()
    if kept is None:
        st.subheader("A new policy", anchor=False)
        _edit(frame, "my-policy", _START, None)
        return
    policy = kept.policy
    st.subheader(plain(policy.name), anchor=False)
    whose = "comes with the product" if kept.version is None else f"was written by {kept.by}"
    state = "on" if policy.enabled else "off"
    needs = ", ".join(policy.evidence) or "no evidence"
    st.markdown(
        plain(f"It is {state}, of severity {policy.severity}, and {whose}. It needs {needs}.")
    )
    if policy.to_do:
        st.markdown(f"What helps: {plain(policy.to_do)}")
    tally = found.record.tallies.get(id_) if found.record and policy.enabled else None
    if tally is not None and tally.error:
        st.error(f"It was not evaluated: {plain(tally.error)}")
    if found.of(id_):
        st.page_link(
            page_of("governance"),
            label=figures.count(len(found.of(id_)), "violation"),
            query_params={**frame.scope.words(), "policy": [id_]},
        )
    if frame.looking.person.teams is None:
        _edit(frame, id_, kept.body, kept.version)
    else:
        # Accounts named in a policy may belong to other teams.
        st.markdown(_ALL_TEAMS)


def _why_not(person: Person) -> str:
    return person.why_not(Role.EDITOR) or ("" if person.teams is None else _ALL_TEAMS)


def _edit(frame: Frame, id_: str, body: Mapping[str, Any], version: int | None) -> None:
    person = frame.looking.person
    why_not = _why_not(person)
    # What the person has read, not what is there by the time it is saved.
    expected, text = st.session_state.setdefault(
        _read(id_), (version, written(id_, body) if body else "")
    )
    with st.form(f"policy:{id_}", border=False):
        wrote = st.text_area("YAML", text, height=330, key=f"governance:yaml:{id_}")
        why = st.text_input("Why, for the log of changes", max_chars=500)
        with st.container(horizontal=True):
            tries = st.form_submit_button(
                "Try it", icon=":material/science:", disabled=bool(why_not), help=why_not or None
            )
            saves = st.form_submit_button("Save", disabled=bool(why_not), help=why_not or None)
    if version is not None or id_ in book.builtin_bodies():
        _switch(person, id_, body, version, why_not)
    with st.expander("What a rule may say"):
        _language()
    if not why_not and (tries or saves):
        one = _one(wrote)
        if one is None:
            return
        if tries:
            _try(frame, one)
        else:
            _save(person, id_, one, expected, why)


def _one(text: str) -> Written | None:
    try:
        found = read(text)
    except PolicyTextError as error:
        st.error(plain(error))
        return None
    if len(found) != 1:
        st.error(f"It contains {len(found)} policies. Write one here.")
        return None
    return found[0]


def _try(frame: Frame, one: Written) -> None:
    looking = frame.looking
    try:
        with (
            st.spinner("Asking every resource"),
            governing.table(looking.published.depot, looking.published, tag_keys()) as made,
        ):
            tried = try_policy(one.policy, made)
    except (FenceError, GovernanceError, ObjectsError, SettingError) as error:
        st.error(plain(error))
        return
    _tried(tried)


def _tried(tried: Tried) -> None:
    costs = " and ".join(figures.exact(cost, unit) for unit, cost in tried.cost.items())
    st.info(
        plain(
            f"Now {figures.count(tried.broken, 'resource')} would break it"
            f"{', at ' + costs + ' a month' if costs else ''}; {tried.clean:,} would be clean, and "
            f"of {tried.not_known:,} nothing is known. Nothing was saved."
        )
    )
    if not tried.examples:
        return
    units = {one.resource["currency"] for one in tried.examples if one.resource["currency"]}
    unit = units.pop() if len(units) == 1 else ""
    table(
        [
            {
                "Resource": one.resource["name"] or one.resource["resource_id"],
                "What": one.says,
                "A month": one.resource["cost_month"] if unit else None,
                "Account": one.resource["account_name"] or one.resource["account"],
                "Region": one.resource["region"],
            }
            for one in tried.examples
        ],
        [
            Column("Resource"),
            Column("What"),
            Column("A month", "money"),
            Column("Account"),
            Column("Region"),
        ],
        currency=unit,
        words="Examples",
    )


def _save(person: Person, id_: str, one: Written, expected: int | None, why: str) -> None:
    wanted = one.policy.id
    try:
        with open_decisions() as decisions:
            there = book.policies(decisions).kept.get(wanted)
            before = there.policy if there is not None else None
            why_not = why_not_changed(before, one.policy, is_approver=person.may(Role.APPROVER))
            if why_not:
                st.error(plain(f"{why_not} {person.why_not(Role.APPROVER)}"))
                return
            if wanted != id_ and there is not None:
                st.error(plain(f"There is a policy {wanted} already. Give yours another id."))
                return
            book.save(
                decisions,
                wanted,
                one.body,
                by=Author(person.name, "ui"),
                expected=expected if wanted == id_ else None,
                why=why,
            )
    except ChangedMeanwhileError as error:
        _, text = st.session_state[_read(id_)]
        st.session_state[_read(id_)] = (conflict.show(wanted, error), text)
    except (DecisionsError, SettingError, PolicyError) as error:
        st.error(plain(error))
    else:
        _saved(id_, wanted)


def _switch(
    person: Person, id_: str, body: Mapping[str, Any], version: int | None, why_not: str
) -> None:
    on = bool(body.get("enabled", True))
    if not st.button(
        "Turn it off" if on else "Turn it on",
        key="governance:switch",
        disabled=bool(why_not),
        help=why_not or ("What it found goes with the next evaluation." if on else None),
    ):
        return
    try:
        with open_decisions() as decisions:
            there = book.policies(decisions).kept.get(id_)
            before = None if there is None else there.policy
            high = why_not_changed(before, is_approver=person.may(Role.APPROVER))
            if why_not or high:
                st.error(plain(f"{why_not or high} {person.why_not(Role.APPROVER)}"))
                return
            book.save(
                decisions,
                id_,
                {**body, "enabled": not on},
                by=Author(person.name, "ui"),
                expected=version,
                why="turned off" if on else "turned on",
            )
    except ChangedMeanwhileError as error:
        conflict.show(id_, error)
    except (DecisionsError, SettingError, PolicyError) as error:
        st.error(plain(error))
    else:
        _saved(id_, id_)


def _saved(id_: str, wanted: str) -> None:
    for key in (_read(id_), f"governance:yaml:{id_}"):
        st.session_state.pop(key, None)
    st.query_params["policy"] = wanted
    st.rerun()


def _read(id_: str) -> str:
    return f"governance:policy:{id_}"


def _language() -> None:
    st.markdown(
        "True is a violation, NULL is not known. Comparisons, `and`, `or`, `not`, `in`, `between`, "
        "`like`, `is null`, `+ - * /`; a list under `values` is used as `region in "
        "allowed_regions`; a tag is `tags['team']`."
    )
    table(
        [
            {"Name": one.name, "Kind": one.kind.value, "Meaning": one.meaning}
            for one in ASKED.values()
        ]
        + [
            {"Name": one.example, "Kind": one.gives.value, "Meaning": one.meaning}
            for one in FUNCTIONS.values()
        ],
        [Column("Name"), Column("Kind"), Column("Meaning")],
        currency="",
        words="Columns and functions",
    )
