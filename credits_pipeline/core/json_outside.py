"""JSON from outside: any text yields a value or a `ValueError`, and nothing else."""

import json
from typing import Any


def read_json(text: str | bytes, **how: Any) -> Any:
    """Read JSON that somebody else wrote.

    Args:
        text: the JSON.
        how: as for `json.loads`.

    Raises:
        ValueError: it is not JSON, or it is nested too deeply to read.
    """
    try:
        return json.loads(text, **how)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
