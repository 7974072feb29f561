"""JSON from outside: whatever the text is, it is a value or a `ValueError`."""

import json
from typing import Any


def read_json(text: str | bytes, **how: Any) -> Any:
    """Read JSON that somebody else wrote.

    Args:
        text: the JSON.
        how: as for `json.loads`.

    Raises:
        ValueError: it is no JSON, or nested deeper than can be read.
    """
    try:
        return json.loads(text, **how)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
