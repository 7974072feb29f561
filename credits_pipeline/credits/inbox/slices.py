"""Listing a large inbox: possible credits files in every tick, all other objects in slices.

A bucket whose objects fit in one page is listed whole, in one request. In a larger one each tick
lists only what begins with ``credits-``; the rest is listed once an hour, a few pages per tick.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from credits_pipeline.credits.inbox.bucket import Inbox
from credits_pipeline.credits.inbox.names import BEGINNING
from credits_pipeline.credits.inbox.version import FileVersion

#: Between the starts of two full listings.
EVERY = timedelta(hours=1)
#: Requests per tick for the full listing, a thousand objects each.
PAGES = 5
_EXAMPLES = 3
_EXAMPLE_BYTES = 80
#: S3 allows 1,024 bytes in a key, which would be a quarter of a cursor.
_POSITION_BYTES = 400
_LAST = "\U0010ffff"


@dataclass(frozen=True)
class Found:
    """Objects that are not credits files.

    Attributes:
        count: how many.
        examples: the first keys, shortened if they are long.
    """

    count: int = 0
    examples: tuple[str, ...] = ()

    def adding(self, keys: Iterable[str]) -> "Found":
        """These and those."""
        count, examples = self.count, list(self.examples)
        for key in keys:
            count += 1
            if len(examples) < _EXAMPLES:
                examples.append(_cut(key, _EXAMPLE_BYTES))
        return Found(count, tuple(examples))


@dataclass(frozen=True)
class Sweep:
    """One full listing, as far as it has come.

    Attributes:
        begun: when.
        after: the key to continue after; empty when it is over.
        found: so far.
        shown: what the previous full listing found.
    """

    begun: datetime
    after: str = ""
    found: Found = field(default_factory=Found)
    shown: Found = field(default_factory=Found)

    def is_due(self, now: datetime) -> bool:
        """Whether a slice is due now."""
        return bool(self.after) or now - self.begun >= EVERY

    def advanced(
        self, versions: Iterable[FileVersion], *, complete: bool, prefix: str, now: datetime
    ) -> "Sweep":
        """The state after one more slice.

        Args:
            versions: the slice.
            complete: nothing follows it.
            prefix: of the inbox.
            now: aware.
        """
        at_work = (
            self if self.after else replace(self, begun=now.replace(microsecond=0), found=Found())
        )
        keys = [version.key for version in versions]
        others = (key for key in keys if not key.startswith(prefix + BEGINNING) and key != prefix)
        found = at_work.found.adding(others)
        if complete or not keys:
            return replace(at_work, after="", found=Found(), shown=found)
        return replace(at_work, after=_position(keys[-1]), found=found)


@dataclass(frozen=True)
class Looked:
    """What a tick listed.

    Attributes:
        versions: every object that can be a credits file; all objects of a small inbox.
        sweep: the progress of the full listing; None for a small inbox.
    """

    versions: tuple[FileVersion, ...]
    sweep: Sweep | None


def looked(inbox: Inbox, sweep: Sweep | None, now: datetime) -> Looked:
    """List what this tick has to see.

    Args:
        inbox: where.
        sweep: of the previous tick.
        now: aware.

    Raises:
        InboxError: S3 can't be asked, or refuses.
    """
    begins_anew = sweep is None or (sweep.is_due(now) and not sweep.after)
    if begins_anew:
        first = inbox.listing(pages=1)
        if first.complete:
            return Looked(first.versions, None)
        sweep = (sweep or Sweep(now)).advanced(
            first.versions, complete=False, prefix=inbox.prefix, now=now
        )
    elif sweep is not None and sweep.is_due(now):
        part = inbox.listing(after=sweep.after, pages=PAGES)
        sweep = sweep.advanced(part.versions, complete=part.complete, prefix=inbox.prefix, now=now)
    return Looked(inbox.listing(BEGINNING).versions, sweep)


def _position(key: str) -> str:
    """Where to continue after a key; keys that share its very long beginning are skipped."""
    short = _cut(key, _POSITION_BYTES)
    return short if short == key else short + _LAST


def _cut(key: str, most: int) -> str:
    """The beginning of a key that takes no more than this many bytes in the cursor's JSON."""
    beginning = key[:most]
    while len(json.dumps(beginning, ensure_ascii=False).encode()) - len('""') > most:
        beginning = beginning[:-1]
    return beginning
