"""What the screen is like, as the browser says; it changes how a page is laid out, no more."""

import streamlit as st


def is_phone() -> bool:
    """Whether the page is read on a phone."""
    headers = st.context.headers
    return headers.get("Sec-Ch-Ua-Mobile") == "?1" or "Mobi" in headers.get("User-Agent", "")
