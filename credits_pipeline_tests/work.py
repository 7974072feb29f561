"""How processor time grows with the size of the input: it must not grow faster than the input."""

import time
from collections.abc import Callable
from typing import TypeVar

Input = TypeVar("Input")

#: Four times the input may take twelve times as long: quadratic work would take sixteen.
_MORE, _ALLOWED = 4, 12
#: Less than this is noise.
_NOISE = 0.05


def assert_linear(make: Callable[[int], Input], work: Callable[[Input], object], size: int) -> None:
    """Do the work for an input of a size, and of four times the size.

    Args:
        make: the input of a size, which is not timed.
        work: what is timed.
        size: of the smaller one.
    """
    few, many = make(size), make(_MORE * size)
    assert _seconds(work, many) <= _ALLOWED * max(_seconds(work, few), _NOISE)


def _seconds(work: Callable[[Input], object], given: Input) -> float:
    """The best of two, so that one-time work counts for neither."""
    taken = []
    for _ in range(2):
        began = time.process_time()
        work(given)
        taken.append(time.process_time() - began)
    return min(taken)
