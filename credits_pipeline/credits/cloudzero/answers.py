"""CloudZero's answers: from the bytes of a response to what they say, or a refusal."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from credits_pipeline.core.json_outside import read_json
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.cloudzero.errors import UnreadableAnswerError

#: For an answer that is read at once; the contents of a month are read in pieces.
_LONGEST_ANSWER = 256_000_000


@dataclass(frozen=True)
class DropReceipt:
    """CloudZero's statement about one drop; ``row_count`` is CloudZero's count, not ours."""

    drop_id: str
    month: BillingMonth
    row_count: int


@dataclass(frozen=True)
class Validation:
    """CloudZero's verdict on a body that it did not store."""

    is_valid: bool
    errors: tuple[str, ...]


@dataclass(frozen=True)
class CostsPage:
    """One page of the costs endpoint; amounts are exactly as CloudZero wrote them."""

    rows: tuple[Mapping[str, Any], ...]
    next_cursor: str | None


def object_of(chunks: Iterable[bytes], inner: str | None = None) -> dict[str, Any]:
    """The answer's JSON object, or the one that it wraps under a name.

    Raises:
        UnreadableAnswerError: it is not a JSON object, or too long.
    """
    try:
        value = read_json(_whole(chunks), parse_float=Decimal)
    except ValueError as error:
        raise UnreadableAnswerError(f"it is not JSON ({error})") from None
    if inner and isinstance(value, dict) and isinstance(value.get(inner), dict):
        value = value[inner]
    if not isinstance(value, dict):
        raise UnreadableAnswerError("it is not a JSON object")
    return value


def drop_of(value: Any) -> DropReceipt:
    """A drop as CloudZero describes it.

    Raises:
        UnreadableAnswerError: it lacks its id, its month or its count.
    """
    try:
        # The month may come back inside a timestamp.
        return DropReceipt(
            str(value["drop_id"]), BillingMonth.parse(value["month"][:7]), _count(value)
        )
    except (KeyError, TypeError, ValueError):
        raise UnreadableAnswerError("it has no drop_id, month and row_count") from None


def _count(value: Mapping[str, Any]) -> int:
    """A count of rows, which may be text or have a decimal point; longer ones are refused."""
    text = str(value["row_count"])
    if not re.fullmatch(r"[0-9]{1,18}(\.0{1,18})?", text):
        raise ValueError(text)
    return int(text.partition(".")[0])


def _whole(chunks: Iterable[bytes]) -> bytes:
    """An answer that is read at once, if its size is plausible."""
    text = bytearray()
    for chunk in chunks:
        text += chunk
        if len(text) > _LONGEST_ANSWER:
            raise UnreadableAnswerError(f"it is longer than {_LONGEST_ANSWER:,} bytes")
    return bytes(text)


def costs_page(chunks: Iterable[bytes]) -> CostsPage:
    """A page of the costs endpoint, and where the next one is.

    Raises:
        UnreadableAnswerError: it has no rows, or is unclear about further pages.
    """
    answer = object_of(chunks)
    rows = answer.get("costs")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UnreadableAnswerError("it has no list of rows named costs")
    pagination = answer.get("pagination") or {}
    cursor = pagination.get("cursor") or {} if isinstance(pagination, dict) else None
    if not isinstance(cursor, dict):
        raise UnreadableAnswerError("it does not say whether there are more pages")
    following = cursor.get("next_cursor")
    if not cursor.get("has_next", bool(following)):
        return CostsPage(tuple(rows), None)
    if not isinstance(following, str) or not following:
        # Read as the last page, it would make part of the costs pass for all of them.
        raise UnreadableAnswerError("it has a next page and no cursor to it")
    return CostsPage(tuple(rows), following)
