"""What a page that lays out Markdown would make of a text."""

from markdown_it import MarkdownIt

#: Stronger than any page of ours: HTML, links of bare addresses and tables are all on.
LAYOUT = MarkdownIt("gfm-like", {"html": True, "linkify": False})
QUIET = {"text", "code_inline", "softbreak"}


def acting(markdown: str) -> list[str]:
    """What Markdown makes of a text beside text and code."""
    found = []
    for block in LAYOUT.parse(markdown):
        if block.type == "inline":
            found += [child.type for child in block.children or () if child.type not in QUIET]
        elif block.type not in {"paragraph_open", "paragraph_close"}:
            found.append(block.type)
    return found
