"""Governance: which rules are broken, what it costs, and who accepts it."""

from datetime import datetime
from decimal import Decimal

import streamlit as st

from credits_pipeline.finops.governance.ledger import Record
from credits_pipeline.finops.governance.listing import Wanted, WantedError, as_csv
from credits_pipeline.finops.governance.policy import Policy, Severity
from credits_pipeline.finops.governance.violations import Seen, Status
from credits_pipeline.finops.pages import (
    figures,
    governance_coverage,
    governance_violation,
    starting,
)
from credits_pipeline.finops.pages import governance_policy as one_policy
from credits_pipeline.finops.pages.frame import Frame, open_frame
from credits_pipeline.finops.pages.governance_state import Governed, cost_of, governed
from credits_pipeline.finops.pages.person import Role
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.pages.screen import is_phone
from credits_pipeline.finops.pages.tables import Column, table

_TABS = ("violations", "policies", "coverage")
_TITLES = {"violations": "Violations", "policies": "Policies", "coverage": "Tag coverage"}
_DAYS = 14
_SIGNS = {Severity.HIGH: "▲ high", Severity.MEDIUM: "medium", Severity.LOW: "low"}
#: More rows than anybody reads; the CSV has all.
_MOST = 1000


def page() -> None:
    """Draw the page."""
    frame = open_frame("Governance")
    found = governed(frame)
    _line(frame, found)
    starting.show_last_run()
    asked = st.query_params.get("violation")
    if asked is not None:
        seen = next((one for one in found.seen if one.violation.id == asked), None)
        if seen is not None:
            governance_violation.draw(frame, found, seen)
            return
        st.error(f"There is no violation {plain(asked)} in this scope.", icon=":material/link_off:")
    tab = _tab()
    if tab == "coverage":
        governance_coverage.draw(frame, found)
    elif tab == "policies":
        _policies(frame, found)
    else:
        _violations(frame, found)


def _tab() -> str:
    asked = st.query_params.get("tab", _TABS[0])
    if asked not in _TABS:
        st.error(
            f"There is no tab {plain(asked)}; there are {', '.join(_TABS)}.",
            icon=":material/link_off:",
        )
        asked = _TABS[0]
    st.session_state["governance:tab"] = asked

    def take() -> None:
        for word in ("policy", "violation"):
            st.query_params.pop(word, None)
        st.query_params["tab"] = st.session_state["governance:tab"] or asked

    st.segmented_control(
        "Show",
        _TABS,
        key="governance:tab",
        format_func=_TITLES.__getitem__,
        label_visibility="collapsed",
        on_change=take,
        required=True,
    )
    return asked


def _line(frame: Frame, found: Governed) -> None:
    left, right = st.columns([6, 1.3], vertical_alignment="center")
    record, person = found.record, frame.looking.person
    why_not = person.why_not(Role.EDITOR)
    if right.button(
        "Evaluate now", icon=":material/refresh:", disabled=bool(why_not), help=why_not or None,
        width="stretch",
    ) and not why_not:  # fmt: skip
        starting.evaluate(person)
    if record is None:
        left.info(
            "No policy has been evaluated yet. The daily run does it, or Evaluate now, or the "
            "command `credits-pipeline policies evaluate`. Below are the policies and what each "
            "needs."
        )
        return
    still, high = found.open, found.high
    cost, missing = cost_of(still, frame.currency)
    new = sum(1 for one in still if _is_new(one, record))
    told = [f"**{figures.count(len(still), 'violation')}** open"]
    if still:
        told.append(f"on resources that cost {plain(figures.exact(cost, frame.currency))} a month")
    told.append(f"{high} high")
    if 0 < new < len(still):
        told.append(f"{new} new")
    if missing:
        told.append(f":gray[{missing} without a known cost]")
    told.append(f":gray[evaluated {figures.moment(datetime.fromisoformat(record.at))}]")
    left.markdown(" · ".join(told))
    if record.missed and person.teams is None:
        with st.expander(f"{figures.count(len(record.missed), 'thing')} that scans could not see"):
            for says in record.missed[:_MOST]:
                st.markdown(f"- {plain(says)}")


def _is_new(one: Seen, record: Record) -> bool:
    return one.violation.since.isoformat(timespec="seconds") == record.at


def _policies(frame: Frame, found: Governed) -> None:
    asked = st.query_params.get("policy")
    kept = found.decided.policies.kept
    if asked is not None and asked != one_policy.NEW and asked not in kept:
        st.error(f"There is no policy {plain(asked)}.", icon=":material/link_off:")
        asked = None
    if asked is not None:
        one_policy.draw(frame, found, asked)
        return
    if frame.looking.person.teams is None:
        for told in found.decided.policies.broken.values():
            st.error(plain(told))
    record = found.record
    rows, ids = [], []
    for id_, each in kept.items():
        policy = each.policy
        tally = record.tallies.get(id_) if record and policy.enabled else None
        broken = found.of(id_)
        cost, _ = cost_of(broken, frame.currency)
        days = list(record.trend.values())[-_DAYS:] if record else []
        ids.append(id_)
        rows.append(
            {
                "Policy": policy.name,
                "Severity": _SIGNS[policy.severity],
                "State": _state(policy.enabled, tally.error if tally else ""),
                "Broken": len(broken) if tally else None,
                "A month": cost if tally and broken else None,
                "Clean": tally.clean if tally else None,
                "Not known": tally.not_known if tally else None,
                "14 days": [Decimal(day.get(id_, 0)) for day in days] if tally else None,
                "Applies to": ", ".join(policy.applies_to),
                "Evidence": _evidence(policy),
            }
        )
    columns = [
        Column("Policy", width="medium"),
        Column("Severity", width="small"),
        Column("State", width="small"),
        Column("Broken", "count", "Resources that break it, open and acknowledged.", "small"),
        Column("A month", "money", "What those resources cost a month.", "small"),
    ]
    if found.is_whole:
        # For a part of the resources these are not known.
        columns += [
            Column("Clean", "count", width="small"),
            Column("Not known", "count", "Evidence is missing: neither broken nor clean.", "small"),
            Column(
                "14 days",
                "bars",
                "Violations at each day's evaluation, the newest on the right.",
                "small",
            ),
        ]
    columns += [
        Column("Applies to", width="medium"),
        Column("Evidence", help="What has to be known about a resource.", width="large"),
    ]

    def look(row: int) -> None:
        st.query_params["policy"] = ids[row]

    left, right = st.columns([6, 1.3], vertical_alignment="bottom")
    left.markdown(f":small[:gray[{figures.count(len(rows), 'policy', 'policies')}; choose one to "
                  "look into it, try it or change it.]]")  # fmt: skip
    if right.button("New policy", icon=":material/add:", width="stretch"):
        st.query_params["policy"] = one_policy.NEW
        st.rerun()
    table(
        rows,
        columns,
        currency=frame.currency,
        words="Policies",
        key="governance:policies",
        on_row=look,
    )


def _state(enabled: bool, error: str) -> str:
    if not enabled:
        return "off"
    return "✗ not evaluated" if error else "on"


def _evidence(policy: Policy) -> str:
    told = ", ".join(policy.evidence) or "none"
    if policy.waits_for:
        return f"{told}; to be on it needs the list {', '.join(policy.waits_for)}"
    return told


def _violations(frame: Frame, found: Governed) -> None:
    wanted = _wanted(found)
    if wanted is None:
        return
    shown = [one for one in found.seen if wanted.holds(one)]
    left, right = st.columns([6, 1], vertical_alignment="bottom")
    cost, _ = cost_of(shown, frame.currency)
    told = figures.count(len(shown), "violation")
    if shown:
        told += f" on resources that cost {figures.exact(cost, frame.currency)} a month"
        told += f"; the {_MOST} most expensive are shown" if len(shown) > _MOST else ""
        told += "; choose one to accept it or to name who has to act"
    left.markdown(f":small[:gray[{plain(told)}.]]")
    right.download_button(
        "CSV",
        as_csv(shown),
        file_name="violations.csv",
        mime="text/csv",
        icon=":material/download:",
        width="stretch",
        on_click="ignore",
        help="Every violation of this list, exact to the last digit.",
    )
    if not shown:
        if found.record is not None:
            st.info(_nothing(found))
        else:
            _policies(frame, found)
        return
    some = shown[:_MOST]

    def look(row: int) -> None:
        st.query_params["violation"] = some[row].violation.id

    table(
        [row_of(one, frame) for one in some],
        [
            Column("Severity"),
            Column("Policy"),
            Column("Resource"),
            Column("What"),
            Column("A month", "money", "What the resource costs a month, from its bill."),
            Column("Account"),
            Column("Owner"),
            Column("Since"),
            Column("State"),
        ],
        currency=frame.currency,
        words="Violations",
        has_csv=True,
        key="governance:violations",
        on_row=look,
    )


def _nothing(found: Governed) -> str:
    record = found.record
    resources = 0 if record is None else record.resources
    unknown = sum(tally.not_known for tally in record.tallies.values()) if record else 0
    told = "No violation matches these filters."
    if found.is_whole:
        told += f" {resources:,} resources were looked at."
    if unknown and found.is_whole:
        told += f" {unknown:,} answers are not known, because evidence is missing."
    return told


def row_of(one: Seen, frame: Frame) -> dict[str, object]:
    """A violation as a row."""
    each, today = one.violation, frame.looking.today
    state = one.status.value
    if one.status is Status.ACKNOWLEDGED and one.said is not None and one.said.until is not None:
        state += f" until {figures.day(one.said.until.date(), today)}"
    elif one.has_come_back:
        state += " again"
    if one.is_evidence_missing:
        state += ", not seen since"
    same = each.currency == frame.currency
    return {
        "Severity": _SIGNS[each.severity],
        "Policy": each.policy_name,
        "Resource": each.name or each.resource_id,
        "What": each.says,
        "A month": each.cost_month if same else None,
        "Account": each.account_name or each.account,
        "Owner": one.owner,
        "Since": figures.day(each.since.date(), today),
        "State": state,
    }


def _wanted(found: Governed) -> Wanted | None:
    """The violations that the address selects, and the fields that set it."""
    words = {word: st.query_params.get_all(word) for word in ("policy", "state", "severity")}
    since = st.query_params.get("since")
    try:
        wanted = Wanted.of(
            policy=words["policy"],
            state=words["state"] or [Status.OPEN.value],
            severity=words["severity"],
            since=since,
        )
    except WantedError as error:
        st.error(f"This address can't be shown. {plain(error)}", icon=":material/link_off:")
        return None
    known = {one.violation.policy: one.violation.policy_name for one in found.seen}
    strange = [id_ for id_ in wanted.policy if id_ not in known
               and id_ not in found.decided.policies.kept]  # fmt: skip
    if strange:
        st.error(f"There is no policy {plain(strange[0])}.", icon=":material/link_off:")
        return None
    if is_phone():
        with st.popover("Which violations", icon=":material/filter_list:", width="stretch"):
            columns = [st.container() for _ in range(4)]
    else:
        columns = st.columns([2, 2, 4, 2])
    state = words["state"] or [Status.OPEN.value]
    _many(columns[0], "state", [*(word.value for word in Status), "all"], state)
    _many(columns[1], "severity", [word.value for word in Severity], words["severity"])
    names = {id_: kept.policy.name for id_, kept in found.decided.policies.kept.items()} | known
    _many(columns[2], "policy", list(names), words["policy"], names)
    st.session_state["governance:since"] = wanted.since
    columns[3].date_input(
        "Since", key="governance:since", format="YYYY-MM-DD", on_change=_take, args=("since",)
    )
    return wanted


def _many(
    place: "st.delta_generator.DeltaGenerator",
    word: str,
    options: list[str],
    chosen: list[str],
    names: dict[str, str] | None = None,
) -> None:
    key = f"governance:{word}"
    st.session_state[key] = chosen
    place.multiselect(
        word.capitalize(),
        options,
        key=key,
        placeholder="All",
        format_func=lambda value: plain((names or {}).get(value, value)),
        on_change=_take,
        args=(word,),
    )


def _take(word: str) -> None:
    value = st.session_state[f"governance:{word}"]
    words = {name: st.query_params.get_all(name) for name in st.query_params}
    if isinstance(value, list):
        words[word] = value
    else:
        words[word] = [] if value is None else [str(value)]
    st.query_params.from_dict({name: some for name, some in words.items() if some})
