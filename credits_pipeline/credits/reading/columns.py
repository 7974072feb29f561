"""What a column is: its role, from the words of its header and from its values.

Each role says what its column does to the rows (see `meaning`). A column without a role is refused.
"""

import re
from collections.abc import Iterable

from credits_pipeline.credits.reading import headers, vocabulary
from credits_pipeline.credits.reading.accounts import looks_like_account
from credits_pipeline.credits.reading.amounts import FOREIGN_CODES, parse_amount
from credits_pipeline.credits.reading.characters import clean, folded, plain
from credits_pipeline.credits.reading.months import month_text
from credits_pipeline.credits.reading.roles import BY_HEADER, Role
from credits_pipeline.credits.reading.values import Values

_LONGEST = 200


_PERCENT = re.compile(r"-?[0-9]+(?:[.,][0-9]+)? ?%")
_INDEX = re.compile(r"[0-9]{1,7}\.?")
#: A date as far as its day.
_CUT = re.compile(r"(?:19|20)[0-9]{2}(?:[-/.][0-9]{0,2}[-/.]?)?")
_CODE = re.compile(r"[A-Z]{3}")
_SIDE_LETTERS = frozenset(
    {"dr", "cr", "d", "c", "debit", "credit", "+", "-", "s", "h", "soll", "haben"}
)
#: Roles of text that says nothing about the amount, unless its values do.
#: Roles whose values are words or dates: amounts under such a name are something else.
_WORDY = frozenset(
    {
        Role.MONTH,
        Role.YEAR,
        Role.START,
        Role.END,
        Role.RECORD_DATE,
        Role.LIFE,
        Role.STATUS,
        Role.ESTIMATE,
        Role.TYPE,
        Role.SIDE,
    }
)
_OF_MONEY = frozenset({Role.BALANCE, Role.COST, Role.PERCENT, Role.COUNT})
#: Roles whose dates may be the months of the rows.
_OF_ROWS = frozenset({Role.MONTH, Role.YEAR, Role.START, Role.END})
#: Roles whose values are dates. Under any other name months are the rows' months.
_OF_DATES = _OF_ROWS | {Role.RECORD_DATE, Role.LIFE}
#: Roles of money that is not the month's credits.
_BESIDE = frozenset({Role.BALANCE, Role.COST, Role.USAGE})
TEXTS = frozenset({Role.NAME, Role.DIMENSION, Role.NOTES, Role.NUMBER, Role.INDEX})


def role_of(header: str, values: Values) -> Role:
    """The role of a column.

    Args:
        header: its header, as written; blank if it has none.
        values: its different values, without blanks.
    """
    if not values:
        return Role.BLANK
    named = _named(header)
    if named in _WORDY and _has_money(named, values):
        return _named(header, _OF_MONEY)
    if named not in _OF_DATES and _are_months(values):
        return Role.MONTH
    if named is Role.ACCOUNT and not any(map(looks_like_account, values)):
        # Its name says ids, and it has none: what it has decides.
        named = Role.DIMENSION
    if named in _BESIDE and not any(map(_is_number, values.telling())):
        # A share, a unit or a sign, whatever its name is of.
        found = _by_values(Role.DIMENSION, header, values)
        return found if found in {Role.PERCENT, Role.UNIT, Role.SIDE} else named
    if named not in {*TEXTS, Role.UNKNOWN, Role.TYPE}:
        return named
    return _by_values(named, header, values)


def _has_money(named: Role, values: Values) -> bool:
    """Whether there are amounts under a name of words or dates.

    Beside a month, what may be an amount is a date that was cut off, and so is what begins as a
    date does: its row is rejected.
    """
    if named in _OF_ROWS and any(map(_is_month, values)):
        return False
    return any(
        _is_money(text) and not (named in _OF_ROWS and _CUT.fullmatch(text))
        for text in map(clean, values.telling())
    )


def names_month(header: str) -> bool:
    """Whether a header is a name of a column of months."""
    return _named(header) in _OF_ROWS


def _named(header: str, among: frozenset[Role] | None = None) -> Role:
    if len(header) > _LONGEST:
        return Role.UNKNOWN
    words = folded(header)
    if headers.is_account(header):
        return Role.ACCOUNT
    if headers.is_amount(header) or headers.may_be_amount(header) or headers.is_total(header):
        return Role.MONEY
    return next(
        (
            role
            for role, pattern in BY_HEADER
            if (among is None or role in among) and pattern.search(words)
        ),
        Role.UNKNOWN if among is None else Role.MONEY,
    )


def _by_values(  # noqa: C901, PLR0911 - one kind after the other
    named: Role, header: str, values: Values
) -> Role:
    """The role that the values show, if it differs from the header's."""
    if all(map(_is_currency, values)):
        return Role.CURRENCY
    if all(_PERCENT.fullmatch(clean(value)) for value in values):
        return Role.PERCENT
    if named is not Role.NAME and all(vocabulary.UNITS.fullmatch(folded(v)) for v in values):
        return Role.UNIT
    kinds = set() if named is Role.NAME else _only(_KINDS, map(headers.key, values))
    if kinds & _SURELY_NOT_CREDITS:
        return Role.TYPE
    if named is Role.TYPE:
        return Role.TYPE
    if named is not Role.NAME and len(_only(_SIDE_LETTERS, map(folded, values))) > 1:
        return Role.SIDE
    if named is Role.INDEX:
        return Role.INDEX if _counts_up(values) else _unnamed(header, values)
    money = any(_is_money(clean(value)) for value in values.telling())
    if named is Role.NUMBER:
        return Role.MONEY if money else Role.NUMBER
    if all(map(looks_like_account, values)):
        return Role.ACCOUNT
    if money or (named is not Role.DIMENSION and all(_is_number(clean(v)) for v in values)):
        return Role.MONEY
    if all(month_text(value) is not None for value in values):
        return Role.MONTH
    return named


def _only(known: frozenset[str], values: Iterable[str]) -> set[str]:
    """The values if all of them are known, otherwise none."""
    found = set()
    for value in values:
        if value not in known:
            return set()
        found.add(value)
    return found


def _is_currency(value: str) -> bool:
    text = clean(value)
    return folded(text) in vocabulary.DOLLARS or (
        _CODE.fullmatch(text) is not None and text in FOREIGN_CODES
    )


def _unnamed(header: str, values: Values) -> Role:
    """The role of a column that is called Id, No or nothing, and is not a row count."""
    if any(map(looks_like_account, values.telling())):
        return Role.ACCOUNT
    if any(_is_money(clean(value)) for value in values.telling()) or not plain(header):
        return Role.UNKNOWN
    return Role.NUMBER if folded(header) in {"id", "no", "nr", "item", "番号"} else Role.UNKNOWN


def _counts_up(values: Values) -> bool:
    """Whether the values are different whole numbers, such as a row count."""
    if not all(_INDEX.fullmatch(clean(value)) for value in values):
        return False
    numbers = sorted(int(clean(value).rstrip(".")) for value in values)
    return numbers[-1] - numbers[0] <= 2 * len(numbers) + 10 and numbers[0] <= 10  # noqa: PLR2004 - titles and blank rows leave gaps


def _is_number(value: str) -> bool:
    return parse_amount(value).fault is None


def _is_money(value: str) -> bool:
    """Whether a value is an amount and not a count or code: it has a currency, sign or decimals."""
    return parse_amount(value).fault is None and not (value.isdigit() or value in {"", "-"})


def _is_month(value: str) -> bool:
    """Whether a value is a month, and can't be an id or an amount."""
    return month_text(value) is not None and not looks_like_account(value) and not _is_number(value)


def _are_months(values: Values) -> bool:
    """Whether all values can be months, and one of them, unlike ``202503``, nothing else."""
    return all(month_text(value) is not None for value in values) and any(map(_is_month, values))


#: Kinds that name nothing else: no team, and no service.
_SURELY_NOT_CREDITS = vocabulary.NOT_CREDITS - frozenset(
    ("payment", "payments", "support", "subscription", "invoice", "net", "total", "pago", "frais")
)
_KINDS = vocabulary.NOT_CREDITS | vocabulary.CREDITS | vocabulary.PROGRAMMES
