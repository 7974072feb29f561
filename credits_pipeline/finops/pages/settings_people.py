"""Who looks, as the server sees it, and what each group may do and see."""

import streamlit as st

from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops.pages.door import configured_door
from credits_pipeline.finops.pages.person import Person, Role
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.pages.tables import Column, table

#: What a role may do beyond the previous ones.
_MAY = {
    Role.VIEWER: "look, and save their own views",
    Role.EDITOR: "change sources, budgets, rules of chargeback and policies up to medium "
    "severity; judge what was found; start runs; send tests of alerts",
    Role.APPROVER: "close and reopen months; accept and change what has high severity",
    Role.ADMIN: "import decisions from files",
}


def draw(person: Person) -> None:
    """Draw who looks, and the roles."""
    draw_you(person)
    st.subheader("Roles", anchor=False)
    table(
        [{"Role": role.name.lower(), "May also": may} for role, may in _MAY.items()],
        [Column("Role", width="small"), Column("May also", width="large")],
        currency="",
        words="What each role may do beyond those above it",
    )
    try:
        door = configured_door()
    except SettingError as error:
        st.error(plain(error))
        return
    if not door.secret:
        st.markdown(
            "The pages answer only on this machine, to one local user who may do everything. A "
            "proxy that signs people in, with `FINOPS_PROXY_SECRET` and `FINOPS_ROLES`, gives "
            "roles to groups."
        )
        return
    st.subheader("Groups", anchor=False)
    teams = door.teams or {}
    table(
        [
            {
                "Group": group,
                "Role": role.name.lower(),
                "Sees": ", ".join(teams[group]) if group in teams else "all teams",
            }
            for group, role in sorted((door.roles or {}).items(), key=lambda one: (-one[1], one[0]))
        ],
        [Column("Group"), Column("Role"), Column("Sees")],
        currency="",
        words="What each group that the proxy names may do and see",
    )
    strange = sorted(set(teams) - set(door.roles or {}))
    if strange:
        st.warning(
            f"FINOPS_TEAMS limits {plain(', '.join(strange))}, to which FINOPS_ROLES gives no role."
        )


def draw_you(person: Person) -> None:
    """The person, as the server sees it."""
    st.subheader("You", anchor=False)
    teams = "all teams" if person.teams is None else ", ".join(person.teams) or "no team"
    st.markdown(
        f"{plain(person.name)}, with the role **{person.role.name.lower()}**, who sees "
        f"{plain(teams)}."
    )
