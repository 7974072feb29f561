"""The archive of everybody's documents on Chargeback: a Dagster run makes it, and it is stored.

Documents of a few owners are made at once. Hundreds take half a minute, which is work for a run.
"""

from collections.abc import Callable

import streamlit as st

from credits_pipeline.finops.chargeback import documents
from credits_pipeline.finops.chargeback.archives import archived, read_archive
from credits_pipeline.finops.pages import figures, starting
from credits_pipeline.finops.pages.chargeback_office import Desk
from credits_pipeline.finops.pages.person import Role
from credits_pipeline.finops.pages.plain import plain

#: A document takes less than a tenth of a second.
AT_ONCE = 10


def draw_archive(desk: Desk, name: str, why_not: str) -> None:
    """The button that downloads the archive, or the one that has it made.

    Args:
        desk: the context of the page.
        name: the file's name, without extension.
        why_not: why nothing can be printed; empty if it can.
    """
    view = desk.view
    key = archived(desk.office, view)
    about = f"PDF and CSV of each {view.statement.to}."
    if key is not None:
        _offer(name, lambda: read_archive(desk.office, key, view), plain(about))
    elif view.only is not None and len(view.only) <= AT_ONCE:
        _offer(name, lambda: documents.archive(view), plain(why_not or about), off=bool(why_not))
    else:
        _have_made(desk, why_not, about)


def _offer(name: str, content: Callable[[], bytes], about: str, *, off: bool = False) -> None:
    st.download_button(
        "ZIP of all",
        content,
        file_name=f"{name}.zip",
        mime="application/zip",
        icon=":material/folder_zip:",
        on_click="ignore",
        disabled=off,
        help=about,
    )


def _have_made(desk: Desk, why_not: str, about: str) -> None:
    person, view = desk.looking.person, desk.view
    owners = view.statement.names() if view.only is None else view.only
    refused = why_not or person.why_not(Role.EDITOR)
    many = figures.count(len(owners), view.statement.to)
    if st.button(
        "Make ZIP of all",
        icon=":material/folder_zip:",
        disabled=bool(refused),
        help=plain(refused or f"{about} A Dagster run makes those of {many}."),
    ):
        starting.print_month(desk.month, desk.model.name, person)
