"""Converts JSON values to the types of a dataclass's fields; ``"12"`` is not accepted for 12."""

from datetime import timedelta
from typing import Any


def typed(name: str, value: Any, hint: Any) -> Any:
    """The value in its field's type; a duration is given in seconds.

    Args:
        name: the field's, for the message.
        value: the value from JSON.
        hint: the field's annotation: a type, a union of types, or a ``Literal``.

    Raises:
        ValueError: the value is not of that type.
    """
    choices = getattr(hint, "__args__", (hint,))
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and timedelta in choices:
        return timedelta(seconds=value)
    if is_number and float in choices:
        return float(value)
    for choice in choices:
        if type(value) is choice if isinstance(choice, type) else value == choice:
            return value
    raise ValueError(f"{value!r} is not a value of {name!r}")
