"""The channels of alerts, and a test through each that looks like the real one."""

import streamlit as st

from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops import trying
from credits_pipeline.finops.decisions import DecisionsError
from credits_pipeline.finops.decisions.item import State
from credits_pipeline.finops.decisions.opening import are_kept, open_decisions
from credits_pipeline.finops.errors import BillError
from credits_pipeline.finops.pages.person import Person, Role
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.pages.tables import Column, table

_JUDGED = ("anomaly", "violation")


def draw(person: Person) -> None:
    """Draw the channels, each with its button."""
    st.subheader("Channels of alerts", anchor=False)
    names, faults = trying.channels()
    for fault in faults:
        st.error(plain(fault))
    table(
        [
            {"Channel": name, "State": "set" if name in names else "not set", "Setting": setting}
            for name, setting in trying.settings_of_channels().items()
        ],
        [Column("Channel"), Column("State"), Column("Setting")],
        currency="",
        words="Channels of alerts",
    )
    if not names:
        st.info("No channel is set: alerts reach nobody. Set one of the settings above.")
        return
    st.markdown(
        "A test has the text of a current alert, or of what one about a budget would say, and "
        "names who sent it."
    )
    refused = person.why_not(Role.EDITOR)
    with st.container(horizontal=True):
        asked = [
            name
            for name in names
            if st.button(
                f"Send a test by {name}", icon=":material/send:", disabled=bool(refused),
                help=plain(refused) or None,
            )
        ]  # fmt: skip
    for name in asked if not refused else ():
        _send(name, person)


def _send(name: str, person: Person) -> None:
    try:
        sent = trying.send(name, person.name, _said())
    except (trying.NotTriedError, DecisionsError, BillError, SettingError) as error:
        st.error(plain(error))
    else:
        st.success(f"{name} accepted “{plain(sent.title)}”. Check that it arrived.")


def _said() -> dict[str, dict[str, State]]:
    if not are_kept():
        return {}
    with open_decisions() as decisions:
        return {kind: dict(decisions.states.of(kind)) for kind in _JUDGED}
