"""What a page that renders Markdown would make of a text."""

from markdown_it import MarkdownIt

#: More permissive than any of our pages: HTML, links from bare addresses and tables are on.
LAYOUT = MarkdownIt("gfm-like", {"html": True, "linkify": False})
QUIET = {"text", "code_inline", "softbreak"}


def acting(markdown: str) -> list[str]:
    """What Markdown finds in a text besides text and code."""
    found = []
    for block in LAYOUT.parse(markdown):
        if block.type == "inline":
            found += [child.type for child in block.children or () if child.type not in QUIET]
        elif block.type not in {"paragraph_open", "paragraph_close"}:
            found.append(block.type)
    return found
