"""Saved views: a name for a scope, for oneself or for everybody, in the store of decisions."""

from typing import Any

import streamlit as st

from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops.decisions import Author, ChangedMeanwhileError, DecisionsError, Item
from credits_pipeline.finops.decisions.opening import are_kept, open_decisions
from credits_pipeline.finops.decisions.saved_view import KIND, MOST_NAME
from credits_pipeline.finops.pages import conflict
from credits_pipeline.finops.pages.frame import Frame
from credits_pipeline.finops.pages.navigation import page_of
from credits_pipeline.finops.pages.person import Person, Role
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.queries.scope import Scope


def draw(frame: Frame) -> None:
    """Links to the views that the person sees, and a form that saves this one."""
    person = frame.looking.person
    try:
        found = seen_by(person)
    except (DecisionsError, SettingError) as error:
        st.error(plain(error))
        return
    if not found:
        st.markdown("No view is saved yet.")
    for item in found:
        _one(item, person)
    with st.form("save-view", border=False):
        name = st.text_input("Save this view as", max_chars=MOST_NAME)
        shared = st.toggle("Everybody sees it")
        why_not = person.why_not(Role.EDITOR) if shared else ""
        pressed = st.form_submit_button("Save")
    if pressed:
        _save(name, frame.scope, person, shared=shared, why_not=why_not)


def _one(item: Item, person: Person) -> None:
    """A view's link, and for whom it belongs to the button that removes it."""
    whose = "shared" if item.body["shared"] else "yours"
    name = plain(item.body["name"])
    row = st.container(horizontal=True, vertical_alignment="center")
    row.page_link(
        page_of("spend"),
        label=f"{name} ({whose})",
        query_params=item.body["words"],
        width="stretch",
    )
    if item.body["owner"] != person.name:
        return
    if not row.button(
        f"Remove {name}", key=f"view:remove:{item.id}", icon=":material/delete:", type="tertiary"
    ):
        return
    try:
        with open_decisions() as decisions:
            decisions.delete(KIND, item.id, by=Author(person.name, "ui"), expected=item.version)
    except ChangedMeanwhileError as error:
        conflict.show(item.body["name"], error)
    except (DecisionsError, SettingError) as error:
        st.error(plain(error))
    else:
        st.rerun()


def seen_by(person: Person) -> list[Item]:
    """The views that are shared, and the person's own, by name.

    Raises:
        DecisionsError: the store can't be read.
        SettingError: the settings name no store.
    """
    if not are_kept():
        return []
    with open_decisions() as decisions:
        items = decisions.items(KIND)
    seen = [
        item
        for item in items
        if (item.body["shared"] or item.body["owner"] == person.name) and _allowed(item, person)
    ]
    return sorted(seen, key=lambda item: str(item.body["name"]).casefold())


def _allowed(item: Item, person: Person) -> bool:
    """Whether a view is for teams that the person sees; its name and words reveal them."""
    if person.teams is None:
        return True
    named = item.body["words"].get("team", ())
    return bool(named) and set(named) <= set(person.teams)


def body_of(name: str, scope: Scope, person: Person, *, shared: bool) -> dict[str, Any]:
    """A view in the store's form."""
    return {"name": name, "owner": person.name, "shared": shared, "words": scope.words()}


def _save(name: str, scope: Scope, person: Person, *, shared: bool, why_not: str) -> None:
    told = name.strip()
    if not told:
        st.error("Give the view a name.")
        return
    if why_not:
        st.error(plain(why_not))
        return
    id_ = told if shared else f"{person.name}: {told}"
    read = f"view:read:{id_}"
    try:
        with open_decisions() as decisions:
            decisions.put(
                KIND,
                id_,
                body_of(told, scope, person, shared=shared),
                by=Author(person.name, "ui"),
                expected=st.session_state.get(read),
            )
    except ChangedMeanwhileError as error:
        st.session_state[read] = _there_already(told, error, person)
    except (DecisionsError, SettingError) as error:
        st.error(plain(error))
    else:
        st.session_state.pop(read, None)
        st.success(f"Saved as {plain(told)}.")


def _there_already(name: str, error: ChangedMeanwhileError, person: Person) -> int | None:
    """Both views side by side.

    Returns:
        The version that the next save is on top of; None if it can't overwrite what is there.
    """
    found = error.found
    if not isinstance(found, Item):
        return conflict.show(name, error)
    if found.body["owner"] != person.name and not found.body["shared"]:
        # A shared name may spell somebody's own view, which is nobody else's to see.
        st.error("This name is taken. Choose another name.")
        return None
    if found.body["owner"] != person.name:
        owner = plain(found.body["owner"])
        st.error(f"{owner} has a shared view of that name. Choose another name.")
        if _allowed(found, person):
            conflict.both(error)
        return None
    st.error(f"You have a view {plain(name)} already. Nothing was written.")
    conflict.both(error)
    st.markdown("Save again to overwrite it with what is shown now, or choose another name.")
    return found.version
