"""What the browser says about the screen; it affects only a page's layout."""

import streamlit as st


def is_phone() -> bool:
    """Whether the page is read on a phone."""
    headers = st.context.headers
    return headers.get("Sec-Ch-Ua-Mobile") == "?1" or "Mobi" in headers.get("User-Agent", "")
