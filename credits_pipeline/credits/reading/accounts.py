"""Account ids: from a cell's text to twelve digits, or the reason why not.

`account` is the definition; `read_accounts` has a shortcut for twelve bare digits.
"""

import re
from dataclasses import dataclass

import polars as pl

from credits_pipeline.credits.reading.characters import clean
from credits_pipeline.credits.reading.totals import is_total

_DIGITS = 12
_FEWEST = 9

_PLAIN = r"^[0-9]{12}$"
_BARE = re.compile(r"(?P<digits>[0-9]+)(?P<float>[.,]0+)?")
_GROUPED = re.compile(
    r"[0-9]{4}([- ])[0-9]{4}\1[0-9]{4}|[0-9]{3}(?:([- ])[0-9]{3}){3}|[0-9]{6}[- ][0-9]{6}"
)
_SCIENTIFIC = re.compile(r"[0-9]+(?:[.,][0-9]*)?[eE][+]?[0-9]+")
#: All twelve digits are there.
_WHOLE_SCIENTIFIC = re.compile(r"(?P<first>[1-9])[.,](?P<rest>[0-9]{11})[eE][+]?11")
_ROUNDED = re.compile(r"[1-9][0-9]{5}0{6}")
_IN_LABEL = re.compile(
    r"(?<![^\W_])(?<![.,])(?:[0-9]{12}|(?<![0-9][- ])[0-9]{4}([- ])[0-9]{4}\1[0-9]{4}(?![- ][0-9]))"
    r"(?![^\W_]|[.,][0-9])"
)
#: Longer cells are refused unread; the limit keeps pattern matching fast.
_LONGEST = 300
#: After an id: what reads as another cell with a number, split at the wrong delimiter.
_MORE_CELLS = re.compile(r"[,;\t|][^0-9]*[0-9]")
_MISSING = "no account id"
#: In a label, words that make twelve digits something else, or the row a sum.
_OTHER_NUMBER = re.compile(
    r"\b(?P<word>po|p\.o\.|purchase order|order|invoice|inv|ref|reference|ticket|case|contract"
    r"|customer"
    r"|note|memo|phone|tel|fax|rechnung|bestellung|auftrag|kunde|vertrag|facture|commande|pedido"
    r"|factura|fatura)\b[^0-9]{0,12}(?=[0-9])"
    r"|(?P<sum>\(all\b[^)]*\)|\ball accounts\b|\ball linked\b|\bconsolidated\b|\bsum of\b)",
    re.IGNORECASE,
)
_NOT_AN_ID = "not an account id: twelve digits are expected"


@dataclass(frozen=True)
class Account:
    """What one cell says about an account.

    Attributes:
        id: twelve digits, or None.
        fault: why there is none.
        padded: leading zeros were restored.
        floated: the id went through a floating-point number (``123456789012.0``).
    """

    id: str | None = None
    fault: str | None = None
    padded: bool = False
    floated: bool = False


def account(text: str) -> Account:
    """Read one cell."""
    cell = _cell(text)
    bare = _BARE.fullmatch(cell)
    if bare is not None:
        return _bare(bare["digits"], floated=bare["float"] is not None)
    if _GROUPED.fullmatch(cell):
        return Account(id=re.sub("[- ]", "", cell))
    whole = _WHOLE_SCIENTIFIC.fullmatch(cell)
    if whole is not None:
        return Account(id=whole["first"] + whole["rest"], floated=True)
    fault = _fault_of_text(cell)
    if fault is not None:
        return Account(fault=fault)
    # A tab inside a label separates two cells of a line that was split at something else.
    return Account(fault=_NOT_AN_ID) if "\t" in text.strip() else _label(cell)


def _cell(text: str) -> str:
    """The cell as every question here reads it: a soft hyphen is never part of an id."""
    return clean(text).replace("\u00ad", "")


def _fault_of_text(cell: str) -> str | None:
    """Why a cell that is not a bare id can't be a label either."""
    if not cell:
        return _MISSING
    if len(cell) > _LONGEST:
        return "too long for an account id or a label"
    if _SCIENTIFIC.fullmatch(cell):
        return (
            "an account id in scientific notation: its last digits are gone; format the column as"
            " text and export again"
        )
    return None if any(map(str.isalpha, cell)) else _NOT_AN_ID


def _label(cell: str) -> Account:
    """Read a label that contains an id, such as ``Prod (123456789012)``."""
    matches = list(_IN_LABEL.finditer(cell))
    ids = {re.sub("[- ]", "", match[0]) for match in matches}
    if len(ids) > 1:
        return Account(fault="more than one account id in one cell")
    if not ids or _MORE_CELLS.search(cell[matches[-1].end() :]):
        return Account(fault=_NOT_AN_ID)
    other = _OTHER_NUMBER.search(cell)
    if other is not None and other["word"] is not None:
        return Account(
            fault=f"a number that is not an account id: {other['word']!r} stands before it"
        )
    if other is not None:
        return Account(fault=f"a sum of accounts ({other['sum']!r}), beside the accounts' own rows")
    words = "".join(c if c.isalpha() else " " for c in cell.replace(matches[0][0], " "))
    if is_total(words):
        return Account(fault="a sum for one account, beside the account's own rows")
    return Account(id=ids.pop())


def _bare(digits: str, *, floated: bool) -> Account:
    if len(digits) == _DIGITS:
        return Account(id=digits, floated=floated)
    if len(digits) > _DIGITS:
        return Account(fault=f"an account id of {len(digits)} digits: twelve are expected")
    if len(digits) < _FEWEST:
        return Account(
            fault=f"an account id of {len(digits)} digits: too short to put leading zeros back"
        )
    return Account(id=digits.zfill(_DIGITS), padded=True, floated=floated)


@dataclass(frozen=True)
class Accounts:
    """A column of account ids, read.

    Attributes:
        ids: String, twelve digits; null where the cell has no id.
        faults: why not, by row; None if every cell has one.
        padded: Boolean by row; None if none is.
        floated: Boolean by row; None if none is.
    """

    ids: pl.Series
    faults: pl.Series | None = None
    padded: pl.Series | None = None
    floated: pl.Series | None = None


def is_plain(cells: pl.Expr) -> pl.Expr:
    """Boolean by row: twelve bare digits."""
    return cells.str.contains(_PLAIN).fill_null(value=False)


def read_accounts(cells: pl.Series, *, all_plain: bool = False) -> Accounts:
    """Read a column of account cells.

    Args:
        cells: String, a cell each; null where the record has no such cell.
        all_plain: the caller knows that `is_plain` is true of every cell.
    """
    if all_plain:
        return Accounts(cells)
    frame = cells.to_frame("cell").with_columns(plain=is_plain(pl.col("cell")))
    others = frame.filter(~pl.col("plain"))["cell"].unique().drop_nulls()
    read = [account(cell) for cell in others.to_list()]
    known = pl.DataFrame(
        {
            "cell": others,
            "id": pl.Series([a.id for a in read], dtype=pl.String),
            "fault": pl.Series([a.fault for a in read], dtype=pl.String),
            "padded": pl.Series([a.padded for a in read], dtype=pl.Boolean),
            "floated": pl.Series([a.floated for a in read], dtype=pl.Boolean),
        }
    )
    joined = frame.join(known, on="cell", how="left", maintain_order="left").with_columns(
        pl.col("padded", "floated").fill_null(value=False),
        id=pl.when("plain").then("cell").otherwise("id"),
        fault=pl.when(pl.col("cell").is_null()).then(pl.lit(_MISSING)).otherwise("fault"),
    )
    return Accounts(
        joined["id"],
        joined["fault"] if joined["fault"].null_count() < len(cells) else None,
        joined["padded"] if joined["padded"].any() else None,
        joined["floated"] if joined["floated"].any() else None,
    )


def looks_like_account(text: str) -> bool:
    """Whether a cell contains an account id, or what spreadsheets make of one."""
    return account(text).id is not None or _SCIENTIFIC.fullmatch(_cell(text)) is not None


def is_label(text: str) -> bool:
    """Whether a cell has other words beside an account id."""
    cell = _cell(text)
    return (
        any(map(str.isalpha, cell))
        and _SCIENTIFIC.fullmatch(cell) is None
        and account(text).id is not None
    )


def is_label_and_number(text: str) -> bool:
    """Whether a label has a number after its id, like ``123456789012 USD 6407``.

    Without a header to show where the cells end, that can be half of an amount.
    """
    if not is_label(text):
        return False
    cell = _cell(text)
    *_, last = _IN_LABEL.finditer(cell)
    return any(character.isdigit() for character in cell[last.end() :])


def rounded_ids(ids: pl.Series) -> list[str]:
    """Ids that end in six zeros, if most of a file's do: a spreadsheet has rounded them."""
    found = ids.filter(ids.str.ends_with("000000").fill_null(value=False))
    if 2 * len(found) <= len(ids) - ids.null_count():
        return []
    return [id_ for id_ in found.to_list() if _ROUNDED.fullmatch(id_)]
