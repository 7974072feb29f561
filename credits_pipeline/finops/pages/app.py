"""The entry script of the pages, which Streamlit runs for every view."""

from pathlib import Path

import streamlit as st

from credits_pipeline.finops.pages.navigation import draw_sidebar, pages

_HERE = Path(__file__).parent

st.set_page_config(
    page_title="Spend", page_icon=str(_HERE / "static" / "icon.svg"), layout="wide",
    initial_sidebar_state=200,
)  # fmt: skip
# Streamlit writes what is chosen in white, on the lighter colour of dark pages too; and its own CSV
# of a table holds the rounded numbers that are drawn.
st.html(
    "<style>[data-testid=stMultiSelect] :is(span[title], span[title] + button)"
    " { color: light-dark(#ffffff, #12151a) }"
    " [data-testid=stElementToolbarButton]:has([aria-label^='Download as CSV'])"
    " { display: none }</style>"
)
_pages = pages(_HERE / "views")
_current = st.navigation(list(_pages.values()), position="hidden")
draw_sidebar(_pages)
_current.run()
