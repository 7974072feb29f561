"""Characters that nobody can see, or that act on a terminal: they are escaped, never passed on.

Control characters, changes of writing direction, zero-width characters, halves of surrogate pairs,
and what Unicode reserves as noncharacters.
"""

import re

#: Classes Cc, Cf, Cs, Zl and Zp, and letters and marks that show nothing. A test compares them
#: with Unicode's own tables.
_UNSEEN = (
    r"\x00-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160"
    r"\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff"
    r"\ufdd0-\ufdef\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U000110bd\U000110cd"
    r"\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_ONE = re.compile(f"[{_UNSEEN}]")
_IN_JSON = re.compile(f"(?![\\n])[{_UNSEEN}]")
_ELLIPSIS = "…"


def visible(text: str) -> str:
    r"""The text with every such character as Python escapes it, such as ``\x1b``."""
    return _ONE.sub(_spelled, text)


def one_line(text: str) -> str:
    """The text on one line, with one space for each run of white space."""
    return visible(" ".join(text.split()))


def lines(text: str) -> str:
    """The text with its line breaks; a tab becomes four spaces."""
    return "\n".join(visible(line.expandtabs(4)) for line in text.split("\n"))


def cut(text: str, at_most: int) -> str:
    """The beginning of a text that is too long."""
    return text if len(text) <= at_most else text[: at_most - 1] + _ELLIPSIS


def in_json(text: str) -> str:
    r"""JSON with every such character escaped as JSON does it, so that it reads the same.

    Apart from line ends they occur only in strings, where an escape means the character.
    """
    return _IN_JSON.sub(_escaped, text)


def _spelled(found: re.Match[str]) -> str:
    number = ord(found[0])
    if number <= 0xFF:  # noqa: PLR2004 - as Python spells them
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"  # noqa: PLR2004 - as above


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
