"""The result of a check: one thing that should be true, and whether it is."""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Statement:
    """One thing that should be true of a month, and whether it is.

    Attributes:
        name: the statement, which is the name of its asset check.
        passed: whether it is true.
        blocking: whether nothing may be sent while it is false.
        message: one sentence: what was found, where, and, if it did not pass, what to do.
        metrics: the figures behind it: ints, floats, and exact amounts as text.
    """

    name: str
    passed: bool
    blocking: bool
    message: str
    metrics: dict[str, int | float | str] = field(default_factory=dict)


def blocking(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """The statements that stop a drop."""
    return tuple(s for s in statements if s.blocking and not s.passed)
