"""The statement as files: the same rows as on the screen, made on request."""

import streamlit as st

from credits_pipeline.finops.chargeback import documents, files, lines
from credits_pipeline.finops.chargeback.journal import journal_of
from credits_pipeline.finops.pages.chargeback_archive import draw_archive
from credits_pipeline.finops.pages.chargeback_office import Desk
from credits_pipeline.finops.pages.plain import plain

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def draw_files(desk: Desk) -> None:
    """Buttons for CSV, workbook, journal, PDF and an archive of all."""
    view = desk.view
    if not view.sections:
        return
    name = documents.file_name(view)
    why_not = ""
    try:
        documents.check(view)
    except documents.DocumentError as error:
        why_not = str(error)
    with st.container(horizontal=True):
        st.download_button(
            "CSV",
            files.as_csv(lines.lines(view)),
            file_name=f"{name}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            help="Every line, to the cent.",
        )
        st.download_button(
            "Excel",
            lambda: documents.xlsx(view),
            file_name=f"{name}.xlsx",
            mime=_XLSX,
            icon=":material/table:",
            on_click="ignore",
            help="The tables of the statement as a workbook.",
        )
        st.download_button(
            "PDF",
            lambda: documents.pdf(view),
            file_name=f"{name}.pdf",
            mime="application/pdf",
            icon=":material/picture_as_pdf:",
            on_click="ignore",
            disabled=bool(why_not),
            help=plain(why_not) or "The statement to print, with its digest.",
        )
        draw_archive(desk, name, why_not)
        if desk.sees_all:
            st.download_button(
                "Journal",
                files.as_csv(journal_of(view)),
                file_name=f"{name}-journal.csv",
                mime="text/csv",
                icon=":material/account_balance:",
                on_click="ignore",
                help="Debits by cost centre and GL account, and the credit of the whole.",
            )
    if why_not:
        st.warning(plain(why_not))
