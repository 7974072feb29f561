"""An item's body: a JSON object without floats, in the one canonical form behind its digest."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from credits_pipeline.finops.decisions.fault import DecisionsError

Body = Mapping[str, Any]
_DEEPEST = 20
#: In bits; Python itself writes no number of thousands of digits.
_LONGEST_NUMBER = 256


class InvalidBodyError(DecisionsError, ValueError):
    """It can't be stored; the message names the place in it."""


def checked(body: Body) -> dict[str, Any]:
    """The body in its stored form: objects, lists, texts, whole numbers, true, false, null.

    Raises:
        InvalidBodyError: it contains anything else, such as a float.
    """
    found = _checked(body, "", 0)
    if not isinstance(found, dict):
        raise InvalidBodyError(f"it is an object with named fields, not {type(body).__name__}")
    return found


def canonical(value: Any) -> str:
    """JSON in the canonical form."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(value: Any) -> str:
    """SHA-256 of the canonical form, in hex."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def _checked(value: Any, where: str, depth: int) -> Any:
    if depth > _DEEPEST:
        raise InvalidBodyError(f"{where} is nested deeper than {_DEEPEST} levels")
    match value:
        case None | bool():
            return value
        case int() | str():
            return _one(value, where)
        case Mapping():
            for key in value:
                if not isinstance(key, str):
                    raise InvalidBodyError(
                        f"the name {key!r} in {where or 'it'} is not a text: write it in quotes"
                    )
            return {
                _checked(key, where, depth + 1): _checked(
                    found, f"{where}.{key}" if where else key, depth + 1
                )
                for key, found in value.items()
            }
        case list() | tuple():
            return [_checked(found, f"{where}[{at}]", depth + 1) for at, found in enumerate(value)]
        case float():
            raise InvalidBodyError(
                f"{where or 'it'} is the number {value!r}, which is not exact: write it as text, "
                f'"{value}"'
            )
        case _:
            raise InvalidBodyError(
                f"{where or 'it'} is a {type(value).__name__}, which JSON does not have"
            )


def _one(value: int | str, where: str) -> int | str:
    if isinstance(value, int):
        if value.bit_length() > _LONGEST_NUMBER:
            raise InvalidBodyError(f"{where or 'it'} is a number beyond all that is counted")
    elif "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise InvalidBodyError(f"{where or 'it'} contains a character that databases can't store")
    return value
