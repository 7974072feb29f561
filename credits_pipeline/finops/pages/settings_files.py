"""Decisions as files on Settings: all of them to download, and files to import."""

import streamlit as st

from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops import settings
from credits_pipeline.finops.decisions import (
    Author,
    DecisionsError,
    DecisionStore,
)
from credits_pipeline.finops.decisions.archive import packed, unpacked
from credits_pipeline.finops.decisions.exchange import Difference, differences
from credits_pipeline.finops.decisions.kind import check_item, check_state
from credits_pipeline.finops.decisions.opening import are_kept, closed_months, open_decisions
from credits_pipeline.finops.decisions.record import record_of
from credits_pipeline.finops.pages import figures
from credits_pipeline.finops.pages.conflict import field_text
from credits_pipeline.finops.pages.person import Person, Role
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.pages.tables import Column, table

_SHOWN = 200


def draw(person: Person) -> None:
    """Draw the download, and a field for files to import."""
    st.subheader("Decisions as files", anchor=False)
    try:
        folder = settings.decisions_folder()
        if folder is not None:
            st.markdown(f"They are kept in git: {plain(folder)}. Change them there.")
        if not are_kept():
            st.markdown("Nothing has been decided here yet.")
            return
        with open_decisions() as decisions:
            contents = {**decisions.contents(), **record_of(closed_months())}
        st.download_button(
            "Export all as YAML",
            packed(contents),
            file_name="decisions.zip",
            mime="application/zip",
            icon=":material/download:",
            on_click="ignore",
        )
        if folder is None:
            _take_in(person)
    except (DecisionsError, SettingError) as error:
        st.error(plain(error))


def _take_in(person: Person) -> None:
    why_not = person.why_not(Role.ADMIN)
    file = st.file_uploader(
        "Import a ZIP of YAML files", type="zip", disabled=bool(why_not), help=why_not or None
    )
    if file is None or why_not:
        return
    wanted = unpacked(file.getvalue(), check_item=check_item, check_state=check_state)
    prune = st.toggle("Remove what is in no file", key="files:prune")
    with open_decisions() as decisions:
        found = differences(decisions.contents(), wanted, prune=prune)
        if not found:
            st.success("The stored decisions already equal these files.")
            return
        show(found)
        why = st.text_input("Why, for the log of changes", max_chars=500, key="files:why")
        if st.button(f"Import {figures.count(len(found), 'change')}", key="files:take"):
            if not isinstance(decisions, DecisionStore):
                return
            changed = decisions.take_in(
                wanted, by=Author(person.name, "ui"), why=why.strip(), prune=prune
            )
            st.success(f"{figures.count(len(changed), 'change')} taken in.")


def show(found: tuple[Difference, ...]) -> None:
    """What would change, field by field."""
    rows = [
        {
            "": one.what,
            "Kind": one.folder,
            "Which": one.id,
            "Field": name,
            "Before": field_text(before),
            "After": field_text(after),
        }
        for one in found
        for name, (before, after) in one.fields().items()
    ]
    table(
        rows[:_SHOWN],
        [Column(name) for name in ("", "Kind", "Which", "Field", "Before", "After")],
        currency="",
        words="What would change",
    )
