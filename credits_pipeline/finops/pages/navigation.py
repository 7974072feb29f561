"""The sidebar: every page in order, each link with the scope of the address."""

from pathlib import Path

import streamlit as st

from credits_pipeline.finops.pages.address import PAGES

_ICONS = {
    "setup": ":material/cable:",
    "overview": ":material/dashboard:",
    "spend": ":material/bar_chart:",
    "budgets": ":material/savings:",
    "optimization": ":material/bolt:",
    "governance": ":material/policy:",
    "chargeback": ":material/receipt_long:",
    "settings": ":material/tune:",
}
#: The number at the start of each page's file name; missing ones come with their data.
_FILES = {
    "setup": "0_Setup.py",
    "overview": "1_Overview.py",
    "spend": "2_Spend.py",
    "budgets": "3_Budgets_Forecast.py",
    "optimization": "4_Optimization.py",
    "governance": "5_Governance.py",
    "chargeback": "6_Chargeback.py",
    "settings": "7_Settings.py",
}
#: Words of an address that belong to one page and are not part of links to others.
OWN = frozenset(
    {
        "view",
        "section",
        "connect",
        "month_of_credits",
        "budget",
        "tab",
        "finding",
        "policy",
        "violation",
        "since",
        "state",
        "severity",
        "month",
        "model",
        "span",
    }
)
HOME = "overview"


def pages(views: Path) -> dict[str, st.Page]:
    """The pages by their word in the address.

    Args:
        views: the folder of their files, three lines each.
    """
    return {
        word: st.Page(
            views / _FILES[word],
            title=title,
            url_path="" if word == HOME else word,
            default=word == HOME,
        )
        for word, title in PAGES.items()
    }


def draw_sidebar(all_pages: dict[str, st.Page]) -> None:
    """Links to every page; `session` keeps the pages for links between them."""
    st.session_state["pages"] = all_pages
    words = {word: st.query_params.get_all(word) for word in st.query_params if word not in OWN}
    with st.sidebar:
        for word, page in all_pages.items():
            st.page_link(page, icon=_ICONS[word], query_params=words)


def page_of(word: str) -> st.Page:
    """A page to link to."""
    found: st.Page = st.session_state["pages"][word]
    return found
