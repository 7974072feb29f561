"""The slow strict reader's rule about columns and lines, written separately from the product.

It does not know the meaning of every column. It knows what no column or line of an accepted file
may contain, and which rows a column of types leaves out.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence

#: What no cell outside the columns of accounts, amounts, months and names may contain.
WRONG_WORDS = re.compile(
    r"\b(?:pending|estimated?|draft|void(?:ed)?|cancell?ed|reversed?|debit|forecast|provisional"
    r"|preliminary|thousands?|millions?|cents|eur|euros?|gbp|jpy|yen|cad|chf|not final|ytd"
    r"|quarter)\b"
)
#: Kinds of rows that are no credits.
OTHER_KINDS = frozenset(
    [
        "usage",
        "tax",
        "fee",
        "refund",
        "discount",
        "debit",
        "charge",
        "cost",
        "costs",
        "charges",
        "fees",
        "taxes",
        "vat",
        "refunds",
        "discounts",
        "steuer",
        "nutzung",
        "rabatt",
        "taxe",
        "remise",
        "impuesto",
        "imposto",
    ]
)
CREDIT_KINDS = frozenset(
    [
        "credit",
        "credits",
        "promotion",
        "promotional",
        "promo",
        "gutschrift",
        "map",
        "edp",
        "activate",
    ]
)
TYPE_HEADERS = re.compile(r"\b(?:type|kind|category|class|record|typ|art|tipo|kategorie)\b")
CURRENCY_HEADERS = re.compile(r"\b(?:currency|ccy|unit|uom)\b")
DOLLARS = frozenset({"", "usd", "$", "us$", "us dollar", "us dollars", "dollar", "dollars"})
YES_NO_HEADERS = re.compile(r"\bestimat|\bstatus\b|\bstate\b")
NOT_YET = frozenset(
    [
        "true",
        "yes",
        "y",
        "1",
        "pending",
        "estimated",
        "draft",
        "cancelled",
        "void",
        "reversed",
        "rejected",
    ]
)


class MeaningError(Exception):
    """A column or a line changes the meaning of the amounts."""


def lowered(text: str) -> str:
    """A text's words in lower case, without accents."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    decomposed = unicodedata.normalize("NFKD", spaced)
    spaced = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join(re.sub(r"[_.]", " ", spaced).lower().split())


def kind_of(value: str) -> str:
    """A kind without spaces and signs."""
    return re.sub(r"[\W_]+", "", value)


def left_out(
    cells: Sequence[str],
    rows: Sequence[tuple[int, Sequence[str]]],
    used: set[int],
    bare: Callable[[str], str],
) -> set[int]:
    """The lines of rows that are no credits.

    Raises:
        MeaningError: a cell outside the known columns has what no accepted file may contain.
    """
    out: set[int] = set()
    for column, header in enumerate(cells):
        if column in used:
            continue
        words = lowered(bare(header))
        filled = [
            (line, lowered(bare(row[column])))
            for line, row in rows
            if column < len(row) and bare(row[column])
        ]
        for line, value in filled:
            if CURRENCY_HEADERS.search(words) and value.strip("[]()") not in DOLLARS:
                raise MeaningError(f"line {line}: {value}")
            if YES_NO_HEADERS.search(words) and value in NOT_YET:
                raise MeaningError(f"line {line}: {value}")
            if re.search(r"\b(?:note|notes|comment|description)\b", words) and (
                WRONG_WORDS.search(value) or re.search(r"[€£¥%]|\$ ?[0-9]|[0-9] ?\$", value)
            ):
                raise MeaningError(f"line {line}: {value}")
        kinds = {kind_of(value) for _, value in filled}
        typed = TYPE_HEADERS.search(words) or kinds <= OTHER_KINDS | CREDIT_KINDS
        if filled and typed and kinds & OTHER_KINDS:
            out |= {line for line, value in filled if kind_of(value) in OTHER_KINDS}
    return out


def check_line(text: str) -> None:
    """Check a title or a note.

    Raises:
        MeaningError: it changes the meaning of the amounts.
    """
    words = lowered(text)
    if WRONG_WORDS.search(words) or re.search("[€£¥%]", text):
        raise MeaningError(text)
