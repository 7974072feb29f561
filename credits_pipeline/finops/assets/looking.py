"""What a look at the manifests starts: a pure function of the cursor, the marks and the attempts.

One entry a source and month. A month is asked for when its mark has changed, and again where its
last attempt failed for a cause that passes: after 15 minutes, 1 hour and 4 hours, then twice a day.
A run that ended without a word, as one does whose machine was lost, is asked for again as well.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from credits_pipeline.core.month import BillingMonth

#: A tick has a minute, and a first look finds years of months: the others wait for the next.
_MOST = 25
_WAITS = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4), timedelta(hours=12))
#: Longer than runs wait for their turn and take; where it is not, a second run finds nothing new.
_SILENT = timedelta(hours=12)
#: After so many times a person has to look.
_TRIES = 9


@dataclass(frozen=True)
class Seen:
    """What is known of a month of a source.

    Attributes:
        mark: of its delivery when a run was asked for.
        number: how many runs were asked for; makes run keys differ where a mark comes back.
        asked: when, ISO 8601.
        tries: how often it was asked for again since its mark changed.
    """

    mark: str
    number: int
    asked: str
    tries: int = 0


@dataclass(frozen=True)
class Last:
    """A month's last attempt.

    Attributes:
        at: when it ended, ISO 8601.
        passes: whether it failed for a cause that passes.
    """

    at: str
    passes: bool


@dataclass(frozen=True)
class Ask:
    """A run to start.

    Attributes:
        source: its name.
        month: the billing month.
        mark: of its delivery.
        number: which run of this month it is.
        again: how often it was asked for again.
    """

    source: str
    month: BillingMonth
    mark: str
    number: int
    again: int

    def run_key(self, identity: str) -> str:
        """The key that Dagster remembers: of the manifest, and of how often it was asked for."""
        return f"{self.source}/{self.month}/{identity}/{self.number}"


@dataclass(frozen=True)
class Look:
    """What a look comes to.

    Attributes:
        asks: runs to start, the newest months first.
        cursor: what is known now.
        waiting: changed months that wait for the next look.
    """

    asks: tuple[Ask, ...]
    cursor: dict[str, Seen]
    waiting: int


def look(
    cursor: Mapping[str, Seen],
    marks: Mapping[str, Mapping[BillingMonth, str]],
    last: Callable[[str, BillingMonth], Last | None],
    now: datetime,
) -> Look:
    """Decide what to start.

    Args:
        cursor: what was known before.
        marks: of every source that could be listed, each month's mark.
        last: a month's last attempt.
        now: aware.
    """
    asks: list[Ask] = []
    after = dict(cursor)
    waiting = 0
    for source, month, mark in _newest_first(marks):
        key = f"{source}|{month}"
        seen = cursor.get(key)
        tries = _tries(seen, mark, lambda s=source, m=month: last(s, m), now)  # type: ignore[misc]
        if tries is None:
            continue
        if len(asks) == _MOST:
            waiting += 1
            continue
        number = seen.number + 1 if seen else 1
        asks.append(Ask(source, month, mark, number, tries))
        after[key] = Seen(mark, number, now.isoformat(timespec="milliseconds"), tries)
    return Look(tuple(asks), after, waiting)


def parse(text: str | None) -> dict[str, Seen]:
    """A stored cursor."""
    return {key: Seen(**seen) for key, seen in json.loads(text or "{}").items()}


def spelled(cursor: Mapping[str, Seen]) -> str:
    """A cursor to store."""
    return json.dumps({key: asdict(seen) for key, seen in sorted(cursor.items())})


def _newest_first(
    marks: Mapping[str, Mapping[BillingMonth, str]],
) -> Iterable[tuple[str, BillingMonth, str]]:
    found = [(source, month, mark) for source, of in marks.items() for month, mark in of.items()]
    return sorted(found, key=lambda one: (one[1], one[0]), reverse=True)


def _tries(
    seen: Seen | None, mark: str, last: Callable[[], Last | None], now: datetime
) -> int | None:
    """How often the month is asked for again, with this time; None where it is not asked for."""
    if seen is None or seen.mark != mark:
        return 0
    if seen.tries >= _TRIES:
        return None
    attempt = last()
    if attempt is None or attempt.at < seen.asked:
        # An attempt from before the run that was asked for says nothing of that run.
        ended, wait = seen.asked, _SILENT
    elif attempt.passes:
        ended, wait = attempt.at, _WAITS[min(seen.tries, len(_WAITS) - 1)]
    else:
        return None
    return seen.tries + 1 if now - datetime.fromisoformat(ended) >= wait else None
