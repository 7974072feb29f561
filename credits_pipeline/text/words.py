"""Words that a surface would take for its own markup, shown as code there, where nothing acts.

Code and not backslashes: it reads the same where Markdown is not laid out, and no renderer makes a
link of an address in it.
"""

import html
import re
from itertools import groupby

#: Emphasis, code, links, images, HTML, entities, strike-through; addresses that become links.
_IN_MARKDOWN = re.compile(
    r"[\\`*~\[\]<]|&[#\w]|(?<![^\W_])_|_(?![^\W_])|https?:|www\.|@\w", re.IGNORECASE
)
#: What acts at the beginning of a line: headings, lists, quotes, rules.
_AT_THE_BEGINNING = re.compile(r"#+|[-+=]+|\d{1,9}[.)]|[>:].*")
#: Slack also makes links of bare names of hosts; a month's file is none.
_IN_MRKDWN = re.compile(
    r"[*~`]|(?<![^\W_])_|_(?![^\W_])|:[a-z0-9_+-]+:|https?:|www\.|@\w"
    r"|\w\.(?!(?:csv|xlsx?|parquet)\b)[a-z]{2,}(?:[/:?#]|\W*$)",
    re.IGNORECASE,
)
#: Streamlit knows colours, icons, emoji and formulas besides, and makes links of bare addresses.
_ON_A_PAGE = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:^=&\"'@/])")
#: Where Streamlit would make a link of an address even though each of its marks is a letter.
_LINKED_ON_A_PAGE = re.compile(
    r"(?<=https:)(?=//)|(?<=http:)(?=//)|(?<=www)(?=\.)|(?<=@)(?=[\w-])", re.IGNORECASE
)
#: Shows nothing, and ends no line: no address goes on behind it.
_JOINER = "\N{WORD JOINER}"
_BACKTICKS = re.compile(r"`+")
_SHORTEST_FENCE = 3
_NUMBER = re.compile(r"[-+]?\$?\d[\d,]*(?:\.\d+)?")
_FORMULA = tuple("=+-@|%\t\r\n＝＋－＠")  # noqa: RUF001 - spreadsheets take the wide ones too


def in_markdown(line: str) -> str:
    """One line for Markdown's running text."""
    words = line.split(" ")
    fence = "`" * (1 + _longest_run(line))
    acting = [_IN_MARKDOWN.search(word) is not None for word in words]
    acting[0] = acting[0] or _AT_THE_BEGINNING.fullmatch(words[0]) is not None
    return " ".join(_runs(words, acting, fence))


def on_a_page(line: str) -> str:
    """One line for a page, where code would stand out of a label: each mark alone is a letter."""
    return _ON_A_PAGE.sub(r"\\\1", _LINKED_ON_A_PAGE.sub(_JOINER, line))


def in_a_cell(line: str) -> str:
    """One line for a cell of a table in Markdown, where a bar ends it even in code."""
    return re.sub(r"(\\*)\|", r"\1\1\\|", in_markdown(line))


def fenced(lines: str, language: str) -> str:
    """Lines as a block of code in Markdown."""
    fence = "`" * max(_SHORTEST_FENCE, 1 + _longest_run(lines))
    return f"{fence}{language}\n{lines}\n{fence}"


def in_mrkdwn(line: str) -> str:
    """One line for Slack, whose code knows no way to hold a backtick."""
    words = line.replace("`", "'").split(" ")
    acting = [_IN_MRKDWN.search(word) is not None for word in words]
    return html.escape(" ".join(_runs(words, acting, "`")), quote=False)


def in_csv(line: str) -> str:
    """A text for a spreadsheet: one that it would take for a formula begins with an apostrophe.

    A number stays what it is, negative or not.
    """
    if _NUMBER.fullmatch(line) or not line.lstrip().startswith(_FORMULA):
        return line
    return f"'{line}"


def _longest_run(text: str) -> int:
    """Of backticks: code between more of them can't be closed from inside."""
    return max((len(run) for run in _BACKTICKS.findall(text)), default=0)


def _runs(words: list[str], acting: list[bool], fence: str) -> list[str]:
    shown = []
    for acts, group in groupby(zip(words, acting, strict=True), key=lambda pair: pair[1]):
        run = " ".join(word for word, _ in group)
        shown.append(_code(run, fence) if acts else run)
    return shown


def _code(text: str, fence: str) -> str:
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"
