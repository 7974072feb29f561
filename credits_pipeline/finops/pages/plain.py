"""Text from outside on a page: names, tags, file names and errors stay text.

Streamlit renders labels and texts as Markdown. This is the pages' way to the one gate for such
texts, `credits_pipeline.text`.
"""

from credits_pipeline.text import Outside, Page

_MOST = 300


def plain(text: object) -> str:
    """Text as Markdown that shows exactly this text, on one line and no longer than a screen."""
    return Page.render(Outside(str(text))).text


def visible(text: object) -> str:
    """Text without invisible characters, on one line; for places that render no Markdown."""
    return Outside(str(text)).line(_MOST)
