"""Escapes what a surface would read as markup: it is shown as code, where markup has no effect.

Code is used and not backslashes: it reads the same where Markdown is not rendered, and no renderer
turns an address in it into a link.
"""

import html
import re
from itertools import groupby

#: Emphasis, code, links, images, HTML, entities, strike-through; addresses that become links.
_IN_MARKDOWN = re.compile(
    r"[\\`*~\[\]<]|&[#\w]|(?<![^\W_])_|_(?![^\W_])|https?:|www\.|@\w", re.IGNORECASE
)
#: What has an effect at the start of a line: headings, lists, quotes, rules.
_AT_THE_BEGINNING = re.compile(r"#+|[-+=]+|\d{1,9}[.)]|[>:].*")
#: Slack also links bare host names; the name of a month's file is not one.
_IN_MRKDWN = re.compile(
    r"[*~`]|(?<![^\W_])_|_(?![^\W_])|:[a-z0-9_+-]+:|https?:|www\.|@\w"
    r"|\w\.(?!(?:csv|xlsx?|parquet)\b)[a-z]{2,}(?:[/:?#]|\W*$)",
    re.IGNORECASE,
)
#: Streamlit also knows colours, icons, emoji and formulas, and links bare addresses.
_ON_A_PAGE = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:^=&\"'@/])")
#: Where Streamlit links an address even though each of its characters is escaped.
_LINKED_ON_A_PAGE = re.compile(
    r"(?<=https:)(?=//)|(?<=http:)(?=//)|(?<=www)(?=\.)|(?<=@)(?=[\w-])", re.IGNORECASE
)
#: Invisible, and not a line end: an address does not continue behind it.
_JOINER = "\N{WORD JOINER}"
_BACKTICKS = re.compile(r"`+")
_SHORTEST_FENCE = 3
_NUMBER = re.compile(r"[-+]?\$?\d[\d,]*(?:\.\d+)?%?")
_FORMULA = tuple("=+-@|%\t\r\n＝＋－＠")  # noqa: RUF001 - spreadsheets take the wide ones too
#: Where a semicolon separates cells, as in much of Europe, what follows one is a cell too.
_FORMULA_AFTER_SEMICOLON = re.compile(rf"(;[\s\"]*)(?=[{re.escape(''.join(_FORMULA))}])")


def in_markdown(line: str) -> str:
    """One line for Markdown's running text."""
    words = line.split(" ")
    fence = "`" * (1 + _longest_run(line))
    acting = [_IN_MARKDOWN.search(word) is not None for word in words]
    acting[0] = acting[0] or _AT_THE_BEGINNING.fullmatch(words[0]) is not None
    return " ".join(_runs(words, acting, fence))


def on_a_page(line: str) -> str:
    """One line for a page. Code would look odd in a label, so each special character is escaped."""
    return _ON_A_PAGE.sub(r"\\\1", _LINKED_ON_A_PAGE.sub(_JOINER, line))


def in_a_cell(line: str) -> str:
    """One line for a cell of a Markdown table, where a bar ends the cell even in code."""
    return re.sub(r"(\\*)\|", r"\1\1\\|", in_markdown(line))


def fenced(lines: str, language: str) -> str:
    """Lines as a block of code in Markdown."""
    fence = "`" * max(_SHORTEST_FENCE, 1 + _longest_run(lines))
    return f"{fence}{language}\n{lines}\n{fence}"


def in_mrkdwn(line: str) -> str:
    """One line for Slack, whose code can't contain a backtick."""
    words = line.replace("`", "'").split(" ")
    acting = [_IN_MRKDWN.search(word) is not None for word in words]
    return html.escape(" ".join(_runs(words, acting, "`")), quote=False)


def in_csv(line: str) -> str:
    """A text for a spreadsheet: one that looks like a formula gets an apostrophe in front.

    So does each part behind a semicolon. A number stays a number, negative or not, and so does a
    percentage.
    """
    harmless = _NUMBER.fullmatch(line) or not line.lstrip().startswith(_FORMULA)
    return _FORMULA_AFTER_SEMICOLON.sub(r"\1'", line if harmless else f"'{line}")


def _longest_run(text: str) -> int:
    """The longest run of backticks: a longer fence can't be closed from inside."""
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
