"""The project's Markdown in parts: pages, blocks of code, links, headings, tables.

Only GitHub's dialect, as far as these pages use it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "deploy").rglob("*.md")),
]

_FENCE = re.compile(
    r"(?:^ *<!-- (?P<mark>[^>\n]*) -->\n)?"
    r"^(?P<indent> *)```(?P<kind>\w*)\n(?P<code>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#+ (?P<text>.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block of code.

    Attributes:
        kind: its language; empty if it names none.
        mark: the comment right above it; empty if there is none.
        code: its text, without the fence's indentation.
        line: of the fence, from 1.
        start: where the code begins in the page.
        end: where it ends.
    """

    kind: str
    mark: str
    code: str
    line: int
    start: int
    end: int


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [
        Block(
            kind=found["kind"],
            mark=(found["mark"] or "").strip(),
            code=re.sub(rf"^{found['indent']}", "", found["code"], flags=re.MULTILINE),
            line=text.count("\n", 0, found.start("kind")) + 1,
            start=found.start("code"),
            end=found.end("code"),
        )
        for found in _FENCE.finditer(text)
    ]


def prose(text: str) -> str:
    """A page without its blocks of code."""
    return _FENCE.sub("", text)


def code(text: str) -> Iterator[str]:
    """All lines of code on a page, in blocks and between backticks, without commands' output."""
    for block in blocks(text):
        if block.kind != "text":
            yield from block.code.splitlines()
    yield from re.findall(r"`([^`\n]+)`", prose(text))


def links(text: str) -> list[str]:
    """The targets of a page's links and pictures."""
    return [found["target"] for found in _LINK.finditer(prose(text))]


def section(title: str, page: str) -> str:
    """The text below a heading."""
    return page.split(f"# {title}\n", 1)[1].split("\n#", 1)[0]


def table(text: str) -> list[list[str]]:
    """The cells of all tables in a text, without their headers."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rules = {at for at, line in enumerate(lines) if line.startswith("|---")}
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for at, line in enumerate(lines)
        if at not in rules and at + 1 not in rules
    ]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub writes them."""
    texts = (found["text"].lower() for found in _HEADING.finditer(prose(page.read_text())))
    return {re.sub(r"[^\w\- ]", "", text).replace(" ", "-") for text in texts}
