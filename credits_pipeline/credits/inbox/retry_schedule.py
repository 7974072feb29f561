"""When a month that did not end well is asked for again, by itself (design decision 14).

Only causes that may pass are tried again: each wait begins when the attempt before it ended.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

#: After 15 min, 1 h and 4 h, then every 12 h for three days.
WAITS = (
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
    *(timedelta(hours=12),) * 6,
)
#: A run that said nothing for so long is taken for lost; it may only be queued for long.
LOST = timedelta(hours=1)


@dataclass(frozen=True)
class Watch:
    """A month whose newest version has not ended yet, or not well.

    Attributes:
        asked: how often it was asked for again.
        since: when it was asked for last, aware, to the second.
    """

    asked: int
    since: datetime


class End(Enum):
    """How an attempt ended, as far as asking again goes."""

    #: It says all there is to say: what CloudZero holds, or what a person has to do.
    SETTLED = "settled"
    #: It failed, or the month is incomplete, for a cause that may pass.
    TRANSIENT = "transient"
    #: It is being sent.
    SENDING = "sending"


@dataclass(frozen=True)
class Outcome:
    """The last attempt of a month.

    Attributes:
        end: how it ended.
        at: when, aware.
        fingerprint: of the version that it was about; empty where it did not get that far.
    """

    end: End
    at: datetime
    fingerprint: str = ""

    def answers(self, watch: Watch, fingerprint: str) -> bool:
        """Whether it tells of what is watched: this version, and no earlier run."""
        return self.fingerprint in {"", fingerprint} and self.at >= watch.since


def due(watch: Watch, outcome: Outcome | None, fingerprint: str) -> datetime | None:
    """From when on a watched month is to be asked for again; None for never.

    Args:
        watch: what is known of the month.
        outcome: its last attempt, if there is any.
        fingerprint: of the newest version.
    """
    if watch.asked >= len(WAITS):
        return None
    wait = WAITS[watch.asked]
    if outcome is None or not outcome.answers(watch, fingerprint):
        return watch.since + max(wait, LOST)
    return outcome.at + wait if outcome.end is End.TRANSIENT else None


def is_over(watch: Watch, outcome: Outcome | None, fingerprint: str) -> bool:
    """Whether a month needs to be watched no more."""
    return (
        outcome is not None and outcome.end is End.SETTLED and outcome.answers(watch, fingerprint)
    )
