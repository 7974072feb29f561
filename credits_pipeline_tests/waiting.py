"""Waiting for what has to come, with a limit and never for a fixed time."""

import time
from collections.abc import Callable

#: What a machine that does ten other things at once does not reach; only a failure takes so long.
PATIENCE = 200.0


def eventually(condition: Callable[[], object], what: str = "", seconds: float = PATIENCE) -> None:
    """Wait until something is so; fail with what did not come."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, what
        time.sleep(0.02)
