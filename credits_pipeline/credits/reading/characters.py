"""Characters that people do not see or confuse with others, and Excel's wrappings of text."""

import re
import unicodedata

import polars as pl

#: Zero-width and direction marks, which copying from web pages and chats leaves in cells.
INVISIBLE = (
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068"
    "\u2069\ufeff"
)
#: Spaces of other widths, and spaces that do not break.
SPACES = (
    "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
    "\t\r\n\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029"
)
#: Characters that are printed like a minus: hyphens, figure dash, en dash, minus.
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d\u207b\u208b\u02d7"
_APOSTROPHES = "\u2019\u02bc"

_BLANK = f"{INVISIBLE}{SPACES} "
#: Letters, digits and signs of East Asian width mean the same as the narrow ones.
_WIDE = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_TABLE = str.maketrans(
    {
        **_WIDE,
        **dict.fromkeys(INVISIBLE),
        **dict.fromkeys(SPACES, " "),
        **dict.fromkeys(DASHES, "-"),
        **dict.fromkeys(_APOSTROPHES, "'"),
    }
)
_FORMULA = re.compile(r'=\s*"(?P<text>[^"]*)"')
_QUOTED = re.compile(r'"(?P<text>[^"]*)"|\'(?P<single>[^\']*)\'?')


def plain(text: str) -> str:
    """The text with ordinary spaces, hyphens and apostrophes, without invisible characters."""
    if text.isascii() and text.isprintable():
        return text.strip(" ")
    return text.translate(_TABLE).strip(" ")


def clean(text: str) -> str:
    """`plain`, without Excel's wrappings: ``="0123"``, ``'0123``, ``'0123'``, ``"0123"``."""
    cell = plain(text)
    if not cell or cell[0] not in "=\"'":
        return cell
    formula = _FORMULA.fullmatch(cell)
    if formula:
        cell = formula["text"].strip(" ")
    quoted = _QUOTED.fullmatch(cell)
    if quoted:
        text_inside = quoted["text"] if quoted["text"] is not None else quoted["single"]
        cell = text_inside.strip(" ")
    return cell


def stripped(cells: pl.Expr) -> pl.Expr:
    """Cells without spaces and invisible characters at their ends; a missing cell is empty."""
    return cells.fill_null("").str.strip_chars(_BLANK)


def is_blank(cells: pl.Expr) -> pl.Expr:
    """Boolean by row: nothing visible in the cell, or no cell."""
    return stripped(cells) == ""


def words(text: str) -> frozenset[str]:
    """The words of a text, for lists that read best as one."""
    return frozenset(text.split())


#: Only this much of a longer text is folded: no header or word that matters is as long.
_LONGEST_FOLDED = 2_000
_BEFORE_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def folded(text: str) -> str:
    """Words without case, accents, underscores and runs of spaces, for comparison.

    ``lineItem_Type`` is ``line item type``, ``Crédit`` is ``credit``.
    """
    parts = _BEFORE_CAPITAL.sub(" ", plain(text[:_LONGEST_FOLDED]))
    bare = "".join(
        character
        for character in unicodedata.normalize("NFKD", parts)
        if not unicodedata.combining(character)
    )
    return " ".join(bare.casefold().replace("_", " ").replace(".", " ").split())
