"""The one line of JSON that every run logs: the attempt's fields, for machines to filter by.

It is one line by any reader's rule, and passes whole through log drivers that cut at 16 KB.
"""

import json
from dataclasses import asdict
from typing import Any

from credits_pipeline.credits.state.attempt import Attempt

EVENT = "credits_run"
#: Docker and the drivers behind it split longer lines.
LONGEST = 15_000
#: Last, because CloudWatch Logs Insights reads only the first 200 fields of an event.
_LISTS = ("requests", "decided", "warnings")
_LONGEST_TEXT = 2_000


def log_line(attempt: Attempt) -> str:
    """The attempt as one line, without its newline.

    Lists that would make it too long are left out: ``shortened`` says so, and the stored attempt
    has them.
    """
    told: dict[str, Any] = {"event": EVENT, **asdict(attempt), "shortened": False}
    for name in _LISTS:
        told[f"{name}_count"] = len(told[name])
    lists = {name: told.pop(name) for name in _LISTS}
    line = _line({**told, **lists})
    if len(line) <= LONGEST:
        return line
    told["shortened"] = True
    for name in ("reason", "what_to_do"):
        told[name] = told[name][:_LONGEST_TEXT]
    return _line(told)


def _line(told: dict[str, Any]) -> str:
    # In ASCII, because U+2028 and its like end a line for some readers.
    return json.dumps(told, separators=(",", ":"))
