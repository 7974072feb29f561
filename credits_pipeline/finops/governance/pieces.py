"""Pieces of a rule's SQL: each is complete, in brackets, and knows its kind."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from credits_pipeline.finops.governance.language import Kind
from credits_pipeline.finops.governance.refusal import RefusedError

Value = str | int | Decimal | bool | Sequence["Value"]
_NUMBER = re.compile(r"\d{1,15}(\.\d{1,9})?")
_LONGEST_TEXT = 500
_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Piece:
    """A piece of SQL.

    Attributes:
        sql: of ours.
        kind: of its value.
        columns: evidence and other columns that it reads.
        tags: keys of tags that it reads.
        text: of a literal text, else None.
        is_literal: it is written in the rule.
    """

    sql: str
    kind: Kind
    columns: frozenset[str] = _NONE
    tags: frozenset[str] = _NONE
    text: str | None = None
    is_literal: bool = False


def build(kind: Kind, sql: str, *parts: Piece) -> Piece:
    """A piece made from others."""
    return Piece(
        f"({sql})",
        kind,
        frozenset().union(*(part.columns for part in parts)),
        frozenset().union(*(part.tags for part in parts)),
    )


def literal(value: Value) -> Piece:
    """A value that is written in a rule, or named beside it."""
    match value:
        case bool():
            return Piece("TRUE" if value else "FALSE", Kind.FLAG, is_literal=True)
        case int() | Decimal():
            return _signed(str(value) if isinstance(value, int) else format(value, "f"))
        case str():
            return text(value)
        case _:
            raise RefusedError(
                f"a value is {type(value).__name__}", "use a text, a number or a list of them"
            )


def text(value: str) -> Piece:
    """A text, quoted."""
    if len(value) > _LONGEST_TEXT:
        raise RefusedError(
            f"the text {value[:30]!r}… has {len(value)} characters", f"at most {_LONGEST_TEXT}"
        )
    if any(letter < " " or "\ud800" <= letter <= "\udfff" for letter in value):
        raise RefusedError(
            f"the text {value[:30]!r} contains an invisible character", "leave it out"
        )
    return Piece(quoted(value), Kind.TEXT, text=value, is_literal=True)


def number(digits: str) -> Piece:
    """A number as written."""
    if not _NUMBER.fullmatch(digits):
        raise RefusedError(
            f"the number {digits[:40]} can't be compared exactly",
            "write up to 15 digits and 9 decimals, such as 12.5",
        )
    return Piece(digits, Kind.NUMBER, is_literal=True)


def _signed(digits: str) -> Piece:
    found = number(digits.removeprefix("-"))
    return Piece(f"(-{found.sql})", Kind.NUMBER, is_literal=True) if digits[0] == "-" else found


def quoted(value: str) -> str:
    """A text as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"
