"""A refusal of the gate: what was refused, where, and what is allowed instead."""

from collections.abc import Iterable
from difflib import get_close_matches


class RefusedError(ValueError):
    """A rule says what no rule may; the message names it and what is allowed.

    Attributes:
        what: was refused.
        to_do: instead.
    """

    def __init__(self, what: str, to_do: str) -> None:
        self.what, self.to_do = what, to_do
        super().__init__(f"{what}. What to do: {to_do}.")


def allowed(name: str, names: Iterable[str]) -> str:
    """What may be written instead of a name: the nearest first, then all."""
    known = sorted(names)
    near = get_close_matches(name, known, 1)
    return (f"did you mean {near[0]}? " if near else "") + f"There are {', '.join(known)}"
