"""Somebody else saved first: both versions side by side, and nothing is written."""

import json
from typing import Any

import streamlit as st

from credits_pipeline.finops.decisions import ChangedMeanwhileError, Item
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.pages.tables import Column, table


def show(name: str, error: ChangedMeanwhileError) -> int | None:
    """Draw the current version beside the one to be written.

    Args:
        name: of the thing, for people.
        error: what the store said.

    Returns:
        The version that the next save is on top of; None if it was removed.
    """
    found = error.found
    if not isinstance(found, Item):
        st.error(f"Somebody removed {plain(name)} in the meantime. Nothing was written.")
        return None
    st.error(
        f"{plain(found.updated_by)} changed {plain(name)} in the meantime. Nothing was written."
    )
    both(error)
    st.markdown("Save again to overwrite that with yours, or reload the page to keep theirs.")
    return found.version


def both(error: ChangedMeanwhileError) -> None:
    """Draw what is there beside what was to be written, field by field."""
    table(
        [
            {"Field": field, "It says now": field_text(now), "You wrote": field_text(wanted)}
            for field, (now, wanted) in error.differences().items()
        ],
        [Column("Field"), Column("It says now"), Column("You wrote")],
        currency="",
        words="Both versions",
    )


def field_text(value: Any) -> str:
    """A field of a decision as a cell: text as it is, all else as JSON, nothing for none."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
