"""What is true of a reading, as statements with numbers: the checks show them, the code acts on them.

One pure function serves both (design decision 3), so that what the UI shows in red is exactly what
stops a drop.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Statement:
    """One thing that should be true of a month, and whether it is.

    Attributes:
        name: the statement, which is the name of its asset check.
        holds: whether it is true.
        blocks: whether nothing may be sent while it is not.
        says: one sentence: what was found, where, and (if it does not hold) what to do.
        numbers: figures behind it, plain ints, floats and exact amounts as text.
    """

    name: str
    holds: bool
    blocks: bool
    says: str
    numbers: dict[str, int | float | str] = field(default_factory=dict)


def blocking(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """Those that stop a drop."""
    return tuple(s for s in statements if s.blocks and not s.holds)
