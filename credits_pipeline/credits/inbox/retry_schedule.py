"""When a month that did not end well is retried by itself (design decision 14).

Only temporary failures are retried: each wait begins when the previous attempt ended.
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
#: After this long without a word, a run counts as lost; it may be queued for long.
LOST = timedelta(hours=1)


@dataclass(frozen=True)
class Watch:
    """A month whose newest version has not ended yet, or not well.

    Attributes:
        asked: how often it was retried.
        since: when it was last requested, aware, to the second.
    """

    asked: int
    since: datetime


class End(Enum):
    """How an attempt ended, for the purpose of retries."""

    #: It is final: CloudZero holds the month, or a person has to act.
    SETTLED = "settled"
    #: It failed, or the month is incomplete, for a temporary reason.
    TRANSIENT = "transient"
    #: It is being sent.
    SENDING = "sending"


@dataclass(frozen=True)
class Outcome:
    """The last attempt of a month.

    Attributes:
        end: how it ended.
        at: when, aware.
        fingerprint: of the version that it was about; empty if it did not get that far.
    """

    end: End
    at: datetime
    fingerprint: str = ""

    def answers(self, watch: Watch, fingerprint: str) -> bool:
        """Whether it is about what is watched: this version, and no earlier run."""
        return self.fingerprint in {"", fingerprint} and self.at >= watch.since


def due(watch: Watch, outcome: Outcome | None, fingerprint: str) -> datetime | None:
    """When a watched month is due for a retry; None for never.

    Args:
        watch: what is known about the month.
        outcome: its last attempt, if there is one.
        fingerprint: of the newest version.
    """
    if watch.asked >= len(WAITS):
        return None
    wait = WAITS[watch.asked]
    if outcome is None or not outcome.answers(watch, fingerprint):
        return watch.since + max(wait, LOST)
    return outcome.at + wait if outcome.end is End.TRANSIENT else None


def is_over(watch: Watch, outcome: Outcome | None, fingerprint: str) -> bool:
    """Whether a month no longer needs to be watched."""
    return (
        outcome is not None and outcome.end is End.SETTLED and outcome.answers(watch, fingerprint)
    )
