"""One thing that was checked, and what was found."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How it stands."""

    OK = "ok"
    #: Months pass without it; the finding says what is missing then.
    NOTE = "note"
    WRONG = "wrong"
    #: It depends on something that is wrong itself.
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """What was found about one thing.

    Attributes:
        name: what was checked.
        state: the result.
        says: what was seen.
        to_do: what to do about it; empty if nothing.
    """

    name: str
    state: State
    says: str
    to_do: str = ""


def ok(name: str, says: str) -> Finding:
    """It is as it should be."""
    return Finding(name, State.OK, says)


def note(name: str, says: str, to_do: str = "") -> Finding:
    """It is not as it should be, but months pass."""
    return Finding(name, State.NOTE, says, to_do)


def wrong(name: str, says: object, to_do: str = "") -> Finding:
    """It is not as it should be, and months stop at it; an error's text may say what to do."""
    told, _, advice = str(says).partition(" What to do: ")
    return Finding(name, State.WRONG, told, to_do or advice)


def skipped(name: str, says: str) -> Finding:
    """It could not be checked, because something else is wrong."""
    return Finding(name, State.SKIPPED, says)
