"""Text from outside on a page: names, tags, file names and errors stay text.

Streamlit renders the labels and texts that it is given as Markdown; this takes every mark away.
"""

import re
import unicodedata

_MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:^=&\"'])")
_MOST = 300
#: Characters that show nothing and can turn what stands beside them around.
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def plain(text: object) -> str:
    """Text as Markdown that shows exactly this text, on one line and not longer than a screen."""
    told = visible(text)
    return _MARKS.sub(r"\\\1", told)


def visible(text: object) -> str:
    """Text without what can't be seen, on one line; for places that render no Markdown."""
    told = "".join(
        " " if character in "\n\r\t" else "" if unicodedata.category(character) in _HIDDEN
        else character
        for character in str(text)
    )  # fmt: skip
    return told if len(told) <= _MOST else f"{told[:_MOST]}…"
