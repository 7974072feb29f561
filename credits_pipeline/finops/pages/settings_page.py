"""Settings: who may do what, what is set, and what people did."""

import os
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import streamlit as st

from credits_pipeline.core import settings as credits_settings
from credits_pipeline.core.hidden import without_secrets
from credits_pipeline.core.settings import SettingError, Variable
from credits_pipeline.finops import settings
from credits_pipeline.finops.decisions import Change, DecisionsError, DecisionStore
from credits_pipeline.finops.decisions.opening import are_kept, open_decisions
from credits_pipeline.finops.pages import (
    figures,
    settings_alerts,
    settings_files,
    settings_people,
    settings_tags,
    variables,
)
from credits_pipeline.finops.pages.frame import pinned, storage, who
from credits_pipeline.finops.pages.plain import plain, visible
from credits_pipeline.finops.pages.tables import Column, table
from credits_pipeline.text.spreadsheet import csv_cell, csv_file

_PACKAGES = ("credits-pipeline", "dagster", "duckdb", "polars", "streamlit")
_LOG = 500
_SECTION = "settings:section"
SECTIONS = {
    "people": "People",
    "settings": "Settings",
    "tags": "Tags",
    "alerts": "Alerts",
    "log": "Log",
    "files": "Import and export",
    "versions": "Versions",
}


def page() -> None:
    """Draw the page."""
    person = who()
    st.title("Settings", anchor=False)
    if person.teams is not None:
        settings_people.draw_you(person)
        st.markdown("Settings and the log of changes are shown to people who see all teams.")
        return
    draw: dict[str, Callable[[], None]] = {
        "people": lambda: settings_people.draw(person),
        "settings": _effective,
        "tags": lambda: settings_tags.draw(pinned(storage())),
        "alerts": lambda: settings_alerts.draw(person),
        "log": _log,
        "files": lambda: settings_files.draw(person),
        "versions": lambda: _versions(storage()),
    }
    draw[_section()]()


def _section() -> str:
    """The part of the page that the address names."""
    asked = st.query_params.get("section", "people")
    st.session_state[_SECTION] = asked if asked in SECTIONS else "people"
    if asked not in SECTIONS:
        st.error(f"There is no section {plain(asked)} here.", icon=":material/link_off:")

    def take() -> None:
        st.query_params["section"] = st.session_state[_SECTION] or "people"

    st.segmented_control(
        "Section",
        list(SECTIONS),
        format_func=SECTIONS.__getitem__,
        key=_SECTION,
        on_change=take,
        label_visibility="collapsed",
    )
    return str(st.session_state[_SECTION] or "people")


def _effective() -> None:
    st.subheader("What holds here", anchor=False)
    known = (*settings.VARIABLES, *variables.VARIABLES, credits_settings.UI_URL)
    table(
        [
            {
                "Setting": variable.name,
                "Value": shown(variable),
                "From": origin(variable),
                "Meaning": variable.meaning,
            }
            for variable in known
        ],
        [Column("Setting"), Column("Value"), Column("From"), Column("Meaning")],
        currency="",
        words="Settings",
    )


def shown(variable: Variable) -> str:
    """A setting's value for people; never a secret."""
    found = os.environ.get(variable.name, "").strip()
    if variable.secret:
        return "set, and not shown" if found else "not set"
    return without_secrets(found) or variable.default or "not set"


def origin(variable: Variable) -> str:
    """Where a setting's value comes from."""
    return "environment" if os.environ.get(variable.name, "").strip() else "default"


def _log() -> None:
    st.subheader("What people changed", anchor=False)
    try:
        if not are_kept():
            st.markdown("Nothing has been decided here yet.")
            return
        with open_decisions() as decisions:
            changes = decisions.changes(limit=_LOG) if isinstance(decisions, DecisionStore) else []
    except (DecisionsError, SettingError) as error:
        st.error(plain(error))
        return
    kinds = sorted({change.kind for change in changes})
    people = sorted({change.who for change in changes})
    left, right, button = st.columns([2, 2, 1], vertical_alignment="bottom")
    kind = left.multiselect("What", kinds, format_func=visible, placeholder="Everything")
    by = right.multiselect("By whom", people, format_func=visible, placeholder="Everybody")
    found = [
        change
        for change in changes
        if (not kind or change.kind in kind) and (not by or change.who in by)
    ]
    button.download_button(
        "CSV", log_csv(found), file_name="changes.csv", mime="text/csv", on_click="ignore"
    )
    table(
        [_line(change) for change in found],
        [Column(name) for name in ("When", "Who", "Through", "What", "Which", "Why")],
        currency="",
        words="Changes",
        has_csv=True,
    )


def _line(change: Change) -> dict[str, str]:
    return {
        "When": f"{change.at:%Y-%m-%d %H:%M} UTC",
        "Who": change.who,
        "Through": change.via,
        "What": change.kind,
        "Which": change.key,
        "Why": change.why,
    }


def log_csv(changes: Sequence[Change]) -> bytes:
    """Changes for a spreadsheet; a cell that looks like a formula is quoted."""
    names = ("when", "who", "through", "what", "which", "why")
    return csv_file([names, *(map(csv_cell, _line(change).values()) for change in changes)])


def _versions(root: str) -> None:
    st.subheader("Versions and sizes", anchor=False)
    published = pinned(root)
    rows = [{"What": name, "Value": version(name)} for name in _PACKAGES]
    if published is not None:
        rows.append({"What": "published version", "Value": published.version})
        rows.append({"What": "published at", "Value": str(published.published_at)})
    if settings.is_folder(root):
        size = sum(path.stat().st_size for path in Path(root).rglob("*") if path.is_file())
        rows.append({"What": f"stored in {root}", "Value": figures.size(size)})
    else:
        rows.append({"What": "stored in", "Value": root})
    table(rows, [Column("What"), Column("Value")], currency="", words="Versions and sizes")
