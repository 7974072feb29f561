"""Waits for an event, with a limit and never for a fixed time."""

import time
from collections.abc import Callable

#: A machine with ten other tasks does not reach this limit; only a failure takes so long.
PATIENCE = 200.0


def eventually(condition: Callable[[], object], what: str = "", seconds: float = PATIENCE) -> None:
    """Wait until a condition holds; fail with what did not come."""
    limit = time.monotonic() + seconds
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < limit, what
        pause(began, 0.02)
        began = time.monotonic()


def pause(began: float, least: float) -> None:
    """Wait before the next look, longer after a slow one.

    The event needs the processor time that looking takes.
    """
    time.sleep(max(least, min(1.0, 3 * (time.monotonic() - began))))
