"""What a look into the inbox starts: a pure function over what was known and what is there.

The cursor holds one short word for each month, so it stays small whatever the bucket's history;
it advances only on versions that were seen, never on the clock (design decisions 1 and 16).
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from credits_pipeline.billing.month import BillingMonth
from credits_pipeline.inbox.names import Months, Stray, month_of
from credits_pipeline.inbox.version import FileVersion

_GONE = "-"


@dataclass(frozen=True)
class Seen:
    """What was last seen of a month's file.

    Attributes:
        fingerprint: of the version, or ``-`` after the file went.
        count: versions that started a run so far; 0 for a file that was only adopted. It makes
            the run key of a version that comes back differ from its first one.
    """

    fingerprint: str
    count: int

    @property
    def gone(self) -> bool:
        """The file was there and is not any more."""
        return self.fingerprint == _GONE

    @property
    def adopted(self) -> bool:
        """The file was there before the pipeline, and was not sent."""
        return self.count == 0 and not self.gone


@dataclass(frozen=True)
class Cursor:
    """All that one tick has to tell the next.

    Attributes:
        months: what was last seen of each month's file.
        shown: digest of what the inbox asset showed last.
    """

    months: dict[BillingMonth, Seen]
    shown: str = ""

    @classmethod
    def parse(cls, text: str | None) -> Self | None:
        """Read a stored cursor; None where there is none yet.

        Raises:
            ValueError: the text is not a cursor of this product.
        """
        if not text:
            return None
        try:
            stored = json.loads(text)
            months = {
                BillingMonth.parse(month): Seen(
                    word.rpartition(".")[0], int(word.rpartition(".")[2])
                )
                for month, word in stored["months"].items()
            }
            return cls(months, stored["shown"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"the sensor's cursor can't be read ({error}): reset it in the sensor's page; "
                "files of the last days then start their runs again, which does no harm"
            ) from error

    def __str__(self) -> str:
        months = {str(m): f"{s.fingerprint}.{s.count}" for m, s in sorted(self.months.items())}
        return json.dumps({"months": months, "shown": self.shown}, separators=(",", ":"))


@dataclass(frozen=True)
class Start:
    """A run to start: the month, the version that asks for it, and Dagster's run key."""

    month: BillingMonth
    version: FileVersion
    run_key: str


@dataclass(frozen=True)
class InboxView:
    """What the inbox holds, for people.

    Attributes:
        files: credits files with a month.
        strays: objects that start no run, with the reason.
        not_sent: months whose file was there before the pipeline and was not sent.
        gone: months whose file was removed after it had been seen.
    """

    files: int
    strays: tuple[Stray, ...]
    not_sent: tuple[BillingMonth, ...]
    gone: tuple[BillingMonth, ...]

    @property
    def digest(self) -> str:
        """Changes when something that people are shown changes; the count of files does not."""
        text = repr((self.strays, self.not_sent, self.gone))
        return hashlib.sha256(text.encode()).hexdigest()[:8]


@dataclass(frozen=True)
class Tick:
    """What one look into the inbox comes to."""

    starts: tuple[Start, ...]
    waiting: int
    view: InboxView
    view_changed: bool
    cursor: Cursor


def look(
    cursor: Cursor | None,
    listing: Iterable[FileVersion],
    *,
    prefix: str,
    months: Months,
    now: datetime,
    adopt: timedelta = timedelta(days=7),
    at_most: int = 10,
    receipted: frozenset[BillingMonth] = frozenset(),
) -> Tick:
    """Compare what is in the inbox with what was seen before.

    Args:
        cursor: of the tick before; None on a new installation.
        listing: current versions of the objects below the prefix.
        prefix: the inbox's prefix.
        months: those that have a partition.
        now: aware; only a new installation looks at it.
        adopt: on a new installation, files no older than this start runs; older ones are shown
            as found and not sent.
        at_most: runs to start in one tick, the earliest uploads first; the others wait for the
            next tick.
        receipted: months that have a receipt, and so are not shown as not sent.
    """
    files: dict[BillingMonth, FileVersion] = {}
    strays: list[Stray] = []
    for version in listing:
        found = month_of(version.key, version.size, prefix=prefix, months=months)
        if isinstance(found, Stray):
            strays.append(found)
        elif found is not None:
            files[found] = version

    known = {} if cursor is None else dict(cursor.months)
    fresh: list[tuple[BillingMonth, FileVersion]] = []
    for month, version in files.items():
        seen = known.get(month)
        if seen is not None and seen.fingerprint == version.fingerprint:
            continue
        if cursor is None and now - version.last_modified > adopt:
            known[month] = Seen(version.fingerprint, 0)
        else:
            fresh.append((month, version))
    fresh.sort(key=lambda item: (item[1].last_modified, item[0]))

    starts = []
    for month, version in fresh[:at_most]:
        before = known.get(month, Seen(_GONE, 0))
        after = Seen(version.fingerprint, before.count + 1)
        known[month] = after
        starts.append(Start(month, version, f"{version.key}@{version.token}#{after.count}"))

    for month in known.keys() - files.keys() - {stray.month for stray in strays}:
        known[month] = replace(known[month], fingerprint=_GONE)

    view = InboxView(
        files=len(files),
        strays=tuple(sorted(strays, key=lambda stray: stray.key)),
        not_sent=tuple(sorted(m for m, s in known.items() if s.adopted and m not in receipted)),
        gone=tuple(sorted(m for m, s in known.items() if s.gone)),
    )
    shown = "" if cursor is None else cursor.shown
    return Tick(
        starts=tuple(starts),
        waiting=len(fresh) - len(starts),
        view=view,
        view_changed=view.digest != shown,
        cursor=Cursor(known, view.digest),
    )
