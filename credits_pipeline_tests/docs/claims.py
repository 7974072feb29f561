"""A page's claims: its sentences, rows of tables and items of lists, without blocks of code."""

import re
from pathlib import Path

_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
#: A sentence ends at a stop before a capital, code or bold word; pages don't use `e.g.`.
_END = re.compile(r"(?<=[.!?])(?:\*\*)?\s+(?=[A-Z`*\[“])")


def claims(page: Path) -> list[str]:
    """Each on one line, in the page's order."""
    found: list[str] = []
    for block in re.split(r"\n\s*\n", _FENCE.sub("", page.read_text())):
        text = block.strip()
        if not text or text.startswith(("#", "<!--")):
            continue
        if text.startswith("|"):
            found += [" ".join(row.split()) for row in text.splitlines()[2:]]
            continue
        for item in re.split(r"\n(?=(?:-|\d+\.) )", text):
            line = " ".join(re.sub(r"^(?:-|\d+\.) ", "", item).split())
            found += [part for part in _END.split(line) if part]
    return found
