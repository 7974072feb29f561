"""Waiting for what has to come, with a limit and never for a fixed time."""

import time
from collections.abc import Callable

#: What a machine that does ten other things at once does not reach; only a failure takes so long.
PATIENCE = 200.0


def eventually(condition: Callable[[], object], what: str = "", seconds: float = PATIENCE) -> None:
    """Wait until something is so; fail with what did not come."""
    limit = time.monotonic() + seconds
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < limit, what
        pause(began, 0.02)
        began = time.monotonic()


def pause(began: float, least: float) -> None:
    """Wait before another look, longer after one that took long.

    What is waited for needs the processor that looking takes.
    """
    time.sleep(max(least, min(1.0, 3 * (time.monotonic() - began))))
