"""What a check of the inbox starts: a pure function over what was known and what is there.

A new version starts a run; one whose last attempt failed for a temporary reason is retried (design
decisions 1, 14 and 16). The clock is an argument.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.inbox import retry_schedule
from credits_pipeline.credits.inbox.cursor import GONE, Cursor, Seen
from credits_pipeline.credits.inbox.names import Months, UnrecognizedObject, month_of
from credits_pipeline.credits.inbox.retry_schedule import Outcome, Watch
from credits_pipeline.credits.inbox.slices import Sweep
from credits_pipeline.credits.inbox.version import FileVersion

#: By how much S3's clock and ours may differ.
_CLOCKS = timedelta(hours=1)


@dataclass(frozen=True)
class Rules:
    """Which files of an inbox start runs.

    Attributes:
        prefix: the inbox's prefix.
        months: those that have a partition.
        adopt: how old a file that was there before the pipeline may be and still start a run; older
            ones are shown as found and not sent.
        inbox: an id of this inbox; empty if it is not compared.
        at_most: runs to start in one tick, the earliest uploads first, then retries; the others
            wait for the next tick.
    """

    prefix: str
    months: Months
    adopt: timedelta = timedelta(days=7)
    inbox: str = ""
    at_most: int = 10


@dataclass(frozen=True)
class RunsSeen:
    """How earlier runs ended.

    Attributes:
        outcomes: the last attempts of the months that the cursor watches, or whose run failed.
        failed: when runs that failed since the last tick were requested.
        until: the end of the period that ``failed`` covers.
    """

    outcomes: Mapping[BillingMonth, Outcome] = field(default_factory=dict)
    failed: Mapping[BillingMonth, datetime] = field(default_factory=dict)
    until: datetime | None = None


NO_RUNS = RunsSeen()


@dataclass(frozen=True)
class Start:
    """A run to start.

    Attributes:
        month: the partition.
        version: the version of its file that asks for it.
        run_key: Dagster's; a version that comes back, and each retry, has its own, because Dagster
            remembers a key for ever.
        asked_again: how often this version was retried before.
    """

    month: BillingMonth
    version: FileVersion
    run_key: str
    asked_again: int = 0


@dataclass(frozen=True)
class InboxView:
    """What the inbox holds, for people.

    Attributes:
        files: credits files with a month.
        strays: objects that start no run, with the reason; in a large inbox, the first few other
            objects.
        more_strays: how many more of these there are.
        not_sent: months whose file was there before the pipeline and was not sent.
        gone: months whose file was removed after it had been seen.
    """

    files: int
    strays: tuple[UnrecognizedObject, ...]
    not_sent: tuple[BillingMonth, ...]
    gone: tuple[BillingMonth, ...]
    more_strays: int = 0

    @property
    def digest(self) -> str:
        """Changes when something that people are shown changes; the count of files does not."""
        text = repr((self.strays, self.not_sent, self.gone, self.more_strays))
        return hashlib.sha256(text.encode()).hexdigest()[:8]


@dataclass(frozen=True)
class Tick:
    """The result of one check of the inbox."""

    starts: tuple[Start, ...]
    view: InboxView
    view_changed: bool
    cursor: Cursor


def plan_runs(
    cursor: Cursor | None,
    listing: Iterable[FileVersion],
    *,
    rules: Rules,
    now: datetime,
    receipted: frozenset[BillingMonth] = frozenset(),
    sweep: Sweep | None = None,
    runs: RunsSeen = NO_RUNS,
    listed: datetime | None = None,
) -> Tick:
    """Compare what is in the inbox with what was seen before.

    Args:
        cursor: of the previous tick; None on a new installation.
        listing: current versions of the objects below the prefix that can be credits files.
        rules: which files start runs.
        now: aware.
        receipted: months that have a receipt, and so are not shown as not sent.
        sweep: the progress of the full listing of a large inbox.
        runs: how earlier runs ended.
        listed: when this listing was made, if not every tick makes one.
    """
    prefix, months, inbox, at_most = rules.prefix, rules.months, rules.inbox, rules.at_most
    outcomes = runs.outcomes
    files, strays = _sorted_out(listing, prefix, months)
    known = {} if cursor is None else dict(cursor.months)
    fresh: list[tuple[BillingMonth, FileVersion]] = []
    for month, version in files.items():
        seen = known.get(month)
        if seen is not None and seen.fingerprint == version.fingerprint:
            known[month] = _watched(seen, runs.failed.get(month), outcomes.get(month))
        elif _is_adopted(cursor, seen, month, version, now=now, rules=rules):
            known[month] = Seen(version.fingerprint, 0)
        else:
            fresh.append((month, version))
    fresh.sort(key=lambda item: (item[1].last_modified, item[0]))

    starts = [_started(known, month, version, now) for month, version in fresh[:at_most]]

    asked = _asked_again(known, files, outcomes, now, fresh=frozenset(month for month, _ in fresh))
    for month in asked[: at_most - len(starts)]:
        seen, version = known[month], files[month]
        tries = 1 + (0 if seen.watch is None else seen.watch.asked)
        known[month] = replace(seen, watch=Watch(tries, _to_the_second(now)))
        key = f"{_run_key(version, seen)}.{tries}"
        if seen.watch is not None:
            # The count starts again when a month that had settled fails again.
            key += f"@{seen.watch.since:%Y%m%dT%H%M%SZ}"
        starts.append(Start(month, version, key, asked_again=tries))

    for month in known.keys() - files.keys() - {stray.month for stray in strays}:
        known[month] = Seen(GONE, known[month].count)

    around = _around(sweep, prefix, months)
    view = InboxView(
        files=len(files),
        strays=tuple(sorted((*strays, *around), key=lambda stray: stray.key)),
        not_sent=tuple(sorted(m for m, s in known.items() if s.adopted and m not in receipted)),
        gone=tuple(sorted(m for m, s in known.items() if s.gone)),
        more_strays=0 if sweep is None else sweep.shown.count - len(around),
    )
    shown = "" if cursor is None else cursor.shown
    return Tick(
        starts=tuple(starts),
        view=view,
        view_changed=view.digest != shown,
        cursor=Cursor(
            known,
            view.digest,
            runs.until and _to_the_second(runs.until),
            sweep,
            listed and _to_the_second(listed),
            inbox or ("" if cursor is None else cursor.inbox),
            _to_the_second(now),
        ),
    )


def plan_named_runs(
    cursor: Cursor,
    versions: Mapping[BillingMonth, FileVersion],
    *,
    now: datetime,
    at_most: int = 10,
) -> tuple[tuple[Start, ...], Cursor]:
    """Compare some months with what was seen before, and leave the rest to the next check.

    Args:
        cursor: what was seen.
        versions: the current versions of these months' files.
        now: aware.
        at_most: runs to start.

    Returns:
        The runs to start, and the cursor that includes them.
    """
    known = dict(cursor.months)
    fresh = [item for item in sorted(versions.items()) if not cursor.knows(*item)]
    starts = tuple(_started(known, month, version, now) for month, version in fresh[:at_most])
    return starts, replace(cursor, months=known)


def _is_adopted(
    cursor: Cursor | None,
    seen: Seen | None,
    month: BillingMonth,
    version: FileVersion,
    *,
    now: datetime,
    rules: Rules,
) -> bool:
    """Whether a version was not uploaded in order to be sent, but is only seen now.

    That is the case for the files of a new installation, of an inbox that was moved, and of months
    that have a partition only since the first month was set to an earlier one.
    """
    old = now - version.last_modified > rules.adopt
    if cursor is None:
        return old
    if cursor.inbox and rules.inbox and cursor.inbox != rules.inbox:
        # After a copy, all are dated today: what was known in the old place is not new.
        return seen is not None or old
    if seen is not None:
        return False
    if cursor.looked is not None:
        since = cursor.looked - _CLOCKS
        if version.last_modified >= since or month.start >= since:
            return False
    return old


def _started(
    known: dict[BillingMonth, Seen], month: BillingMonth, version: FileVersion, now: datetime
) -> Start:
    """The run of a new version; the month is watched from here on."""
    before = known.get(month, Seen(GONE, 0))
    after = Seen(version.fingerprint, before.count + 1, Watch(0, _to_the_second(now)))
    known[month] = after
    return Start(month, version, _run_key(version, after))


def _sorted_out(
    listing: Iterable[FileVersion], prefix: str, months: Months
) -> tuple[dict[BillingMonth, FileVersion], list[UnrecognizedObject]]:
    files: dict[BillingMonth, FileVersion] = {}
    strays: list[UnrecognizedObject] = []
    for version in listing:
        found = month_of(version.key, version.size, prefix=prefix, months=months)
        if isinstance(found, UnrecognizedObject):
            strays.append(found)
        elif found is not None:
            files[found] = version
    return files, strays


def _around(sweep: Sweep | None, prefix: str, months: Months) -> list[UnrecognizedObject]:
    """The examples of other objects in a large inbox, with the reason."""
    keys = () if sweep is None else sweep.shown.examples
    found = [month_of(key, 1, prefix=prefix, months=months) for key in keys]
    return [stray for stray in found if isinstance(stray, UnrecognizedObject)]


def _watched(seen: Seen, failed: datetime | None, outcome: Outcome | None) -> Seen:
    """A month that is unchanged: whether it has to be watched."""
    watch = seen.watch
    if watch is None and failed is not None:
        # Whoever requested that run, the month may need another.
        watch = Watch(0, _to_the_second(failed))
    if watch is not None and retry_schedule.is_over(watch, outcome, seen.fingerprint):
        watch = None
    return replace(seen, watch=watch)


def _asked_again(
    known: Mapping[BillingMonth, Seen],
    files: Mapping[BillingMonth, FileVersion],
    outcomes: Mapping[BillingMonth, Outcome],
    now: datetime,
    *,
    fresh: frozenset[BillingMonth],
) -> list[BillingMonth]:
    """Months whose retry is due, the longest overdue first."""
    overdue = []
    for month in files.keys() - fresh:
        seen = known[month]
        if seen.watch is not None:
            due = retry_schedule.due(seen.watch, outcomes.get(month), seen.fingerprint)
            if due is not None and due <= now:
                overdue.append((due, month))
    return [month for _, month in sorted(overdue)]


def _run_key(version: FileVersion, seen: Seen) -> str:
    return f"{version.key}@{version.token}#{seen.count}"


def _to_the_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
