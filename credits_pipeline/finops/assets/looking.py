"""What a check of the manifests starts: a pure function of cursor, marks and attempts.

One entry per source and month. A month is requested when its mark has changed, and again if its
last attempt failed for a temporary reason: after 15 minutes, 1 hour and 4 hours, then twice a day.
A run that ended without a word, for example because its machine was lost, is retried as well.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from credits_pipeline.core.month import BillingMonth

#: A tick has a minute, and a first check finds years of months: the others wait for the next.
_MOST = 25
_WAITS = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4), timedelta(hours=12))
#: Longer than runs queue and take; if that is not enough, a second run finds nothing new.
_SILENT = timedelta(hours=12)
#: After this many retries a person has to act.
_TRIES = 9


@dataclass(frozen=True)
class Seen:
    """What is known about a month of a source.

    Attributes:
        mark: of its delivery when a run was requested.
        number: how many runs were requested; makes run keys differ if a mark comes back.
        asked: when, ISO 8601.
        tries: how often it was retried since its mark changed.
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
        passes: whether it failed for a temporary reason.
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
        again: how often it was retried.
    """

    source: str
    month: BillingMonth
    mark: str
    number: int
    again: int

    def run_key(self, identity: str) -> str:
        """The key that Dagster remembers: of the manifest, and of the number of requests."""
        return f"{self.source}/{self.month}/{identity}/{self.number}"


@dataclass(frozen=True)
class Look:
    """The result of one check.

    Attributes:
        asks: runs to start, the newest months first.
        cursor: what is known now.
        waiting: changed months that wait for the next check.
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
    """Which retry of the month this is; None if it is not due."""
    if seen is None or seen.mark != mark:
        return 0
    if seen.tries >= _TRIES:
        return None
    attempt = last()
    if attempt is None or attempt.at < seen.asked:
        # An attempt from before the requested run says nothing about that run.
        ended, wait = seen.asked, _SILENT
    elif attempt.passes:
        ended, wait = attempt.at, _WAITS[min(seen.tries, len(_WAITS) - 1)]
    else:
        return None
    return seen.tries + 1 if now - datetime.fromisoformat(ended) >= wait else None
