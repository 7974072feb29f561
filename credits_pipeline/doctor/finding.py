"""One thing that was looked at, and what was found."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How it stands."""

    OK = "ok"
    #: Months go through without it; the finding says what is missing then.
    NOTE = "note"
    WRONG = "wrong"
    #: It stands on something that is wrong itself.
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """What was found of one thing.

    Attributes:
        name: what was looked at.
        state: how it stands.
        says: what was seen.
        to_do: what to do about it; empty where nothing is.
    """

    name: str
    state: State
    says: str
    to_do: str = ""


def ok(name: str, says: str) -> Finding:
    """It is as it should be."""
    return Finding(name, State.OK, says)


def note(name: str, says: str, to_do: str = "") -> Finding:
    """It is not, and months go through all the same."""
    return Finding(name, State.NOTE, says, to_do)


def wrong(name: str, says: object, to_do: str = "") -> Finding:
    """It is not, and months stop at it; an error's own words say what to do after a mark."""
    told, _, advice = str(says).partition(" What to do: ")
    return Finding(name, State.WRONG, told, to_do or advice)


def skipped(name: str, says: str) -> Finding:
    """It could not be looked at, because something else is wrong."""
    return Finding(name, State.SKIPPED, says)
