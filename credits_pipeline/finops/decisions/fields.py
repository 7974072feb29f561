"""The small schema of a kind of decisions: its fields, and their allowed values.

A reader takes what somebody wrote and returns the value, or says in a few words what is wrong.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from credits_pipeline.core.money import from_text

Reader = Callable[[Any], Any]
#: Money entered by hand has no more places than a bill.
_PLACES = 18
_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", re.ASCII)


@dataclass(frozen=True)
class Field:
    """One field of a body.

    Attributes:
        name: of it.
        read: returns the value; a ValueError says what is wrong.
        default: the value if it is missing; `NEEDED` for none.
    """

    name: str
    read: Reader
    default: Any = None


class _Needed:
    """Marks a field that can't be missing."""


NEEDED = _Needed()


def read_fields(fields: Sequence[Field], body: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a body, by field; null counts as missing.

    Raises:
        ValueError: names every field that is wrong, missing or unknown.
    """
    known = [field.name for field in fields]
    wrong = [_unknown(name, known) for name in sorted({*body} - {*known})]
    found: dict[str, Any] = {}
    for field in fields:
        given = body.get(field.name)
        if given is None:
            if field.default is NEEDED:
                wrong.append(f"{field.name} is missing")
            found[field.name] = field.default
            continue
        try:
            found[field.name] = field.read(given)
        except ValueError as error:
            wrong.append(f"{field.name} {error}")
    if wrong:
        raise ValueError("; ".join(wrong))
    return found


def text(most: int = 200, *, empty: bool = False) -> Reader:
    """Text without spaces at its ends.

    Args:
        most: letters.
        empty: whether it may be empty.
    """

    def read(value: Any) -> str:
        if not isinstance(value, str):
            raise _wrong(value, "has to be text: write it in quotes")
        found = value.strip()
        if not found and not empty:
            raise ValueError("is empty")
        if len(found) > most:
            raise ValueError(f"is longer than {most} letters")
        return found

    return read


def choice(*allowed: str) -> Reader:
    """One of these words."""

    def read(value: Any) -> str:
        if value not in allowed:
            raise _wrong(value, f"is one of {', '.join(allowed)}")
        return str(value)

    return read


def yes_no(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise _wrong(value, "is true or false")
    return value


def whole(least: int, most: int) -> Reader:
    """A whole number between two limits, inclusive."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise _wrong(value, f"is a whole number from {least} to {most}")
        return value

    return read


def amount(*, least: Decimal | None = None) -> Reader:
    """Exact money, as text or a whole number.

    Args:
        least: the smallest allowed.
    """

    def read(value: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
            raise _wrong(value, "is an amount such as '1200.50'")
        told = f"{value:f}" if isinstance(value, Decimal) else str(value).strip()
        try:
            found = from_text(told)
        except ValueError:
            raise _wrong(value, "is an amount such as '1200.50'") from None
        if not _DECIMAL.fullmatch(f"{found:f}"):
            raise _wrong(value, f"has at most {_PLACES} digits on either side")
        if least is not None and found < least:
            raise ValueError(f"is {told}, and is at least {least}")
        return found

    return read


def day(value: Any) -> date:
    """A day, as YYYY-MM-DD."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) else _no_day(value)
    except ValueError:
        return _no_day(value)


def month(value: Any) -> str:
    """A month, as YYYY-MM."""
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", value, re.ASCII):
        raise _wrong(value, "is a month such as 2026-05")
    return value


def each(read: Reader, *, least: int = 0, most: int = 1000) -> Reader:
    """A list whose elements one reader reads.

    Args:
        read: one of them.
        least: how many there are.
        most: how many there may be.
    """

    def read_all(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise _wrong(value, "is a list")
        if not least <= len(value) <= most:
            raise ValueError(f"has {len(value)} entries, and has {least} to {most}")
        found = []
        for at, one in enumerate(value):
            try:
                found.append(read(one))
            except ValueError as error:
                raise ValueError(f"[{at}] {error}") from None
        return tuple(found)

    return read_all


def scope_words(value: Any) -> dict[str, tuple[str, ...]]:
    """Words that filter, as in a scope, each with its values."""
    if not isinstance(value, Mapping):
        raise _wrong(value, "needs words such as team, each with its values")
    found = {}
    for word, given in value.items():
        values = (given,) if isinstance(given, str) else given
        if not isinstance(values, list | tuple) or not all(
            isinstance(one, str) and one.strip() for one in values
        ):
            raise ValueError(f"has {word} as {_seen(given)}, and that is a text, or a list of them")
        if not values:
            raise ValueError(f"has {word} without a value: leave it out, and all count")
        found[str(word)] = tuple(sorted(set(values)))
    return dict(sorted(found.items()))


def body_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values in the stored form: empty ones are left out, money and days are text."""
    return {
        name: _kept(value)
        for name, value in values.items()
        if value is not None and value not in ((), {}, "")
    }


def _kept(value: Any) -> Any:
    match value:
        case Decimal():
            return f"{value:f}"
        case date():
            return value.isoformat()
        case Mapping():
            return {name: _kept(one) for name, one in value.items()}
        case list() | tuple():
            return [_kept(one) for one in value]
        case _:
            return value


def _unknown(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name.lower(), known, n=1)
    meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    return f"{name} is no field of it; {meant}"


def _no_day(value: Any) -> date:
    raise _wrong(value, "is a day such as 2026-05-01")


def _wrong(value: Any, what: str) -> ValueError:
    return ValueError(f"is {_seen(value)}, and {what}")


def _seen(value: Any) -> str:
    told = repr(value)
    return told if len(told) <= 60 else f"{told[:57]}…"  # noqa: PLR2004 - one line
