"""What every stream holds, month by month, with the versions that lagging readers still see."""

import json
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from credits_pipeline.sandbox.cloudzero.rows import Rows
from credits_pipeline.sandbox.cloudzero.settings import StandInSettings

#: The namespace of calls without a ``cloudzero-test-key``.
LIVE = ""


class OverCapError(Exception):
    """The month would hold more rows or bytes than a stream may; nothing was applied."""


@dataclass(frozen=True)
class Month:
    """What a stream holds for one month.

    Attributes:
        drop_id: the drop's name; it stays while the month's rows are replaced.
        hours: rows as compact JSON by hour, ``YYYY-MM-DDTHH``.
        count: how many rows.
        size: their bytes.
    """

    drop_id: str
    hours: Mapping[str, tuple[bytes, ...]] = field(default_factory=lambda: MappingProxyType({}))
    count: int = 0
    size: int = 0

    @property
    def encoded(self) -> Iterator[bytes]:
        """The rows as compact JSON, hour by hour in the order in which the hours came."""
        return (row for rows in self.hours.values() for row in rows)

    @property
    def rows(self) -> list[dict[str, str]]:
        """The rows."""
        return [json.loads(row) for row in self.encoded]


@dataclass(frozen=True)
class Version:
    """A month as it was from a moment on; None is a month that does not exist."""

    since: datetime
    month: Month | None


class Streams:
    """The streams of every namespace; a call applies completely or not at all, and at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._versions: dict[tuple[str, str, str], tuple[Version, ...]] = {}

    def apply(
        self,
        place: tuple[str, str, str],
        operation: str,
        rows: Rows,
        *,
        now: datetime,
        settings: StandInSettings,
    ) -> Month:
        """Apply a drop to a month.

        Args:
            place: namespace, connection id, month.
            operation: one of ``replace_drop``, ``replace_hourly``, ``sum``.
            rows: checked rows, all of the month.
            now: the stand-in's time.
            settings: the caps, and what is kept for lagging readers.

        Raises:
            OverCapError: with the message for the 400.
        """
        with self._lock:
            before = self._current(place, now, settings) or Month(drop_id=str(uuid.uuid4()))
            after = _CHANGES[operation](before, rows)
            if after.count > settings.max_month_rows or after.size > settings.max_month_bytes:
                raise OverCapError(
                    f"the month would hold {after.count:,} rows and {after.size:,} bytes; a stream"
                    f" may hold {settings.max_month_rows:,} rows and {settings.max_month_bytes:,}"
                    " bytes in one month"
                )
            self._append(place, Version(now, after), settings)
            return after

    def remove(self, place: tuple[str, str, str], now: datetime, settings: StandInSettings) -> None:
        """Remove a month; CloudZero itself has no call for that."""
        with self._lock:
            self._append(place, Version(now, None), settings)

    def read(
        self,
        place: tuple[str, str, str],
        *,
        now: datetime,
        settings: StandInSettings,
        writes: int = 0,
        lag: timedelta = timedelta(0),
    ) -> Month | None:
        """A month as it was this many writes and this long ago; None if it did not exist."""
        with self._lock:
            if self._expired(place, now, settings):
                return None
            versions = self._versions.get(place, ())
            if lag:
                versions = tuple(version for version in versions if version.since <= now - lag)
            return versions[-1 - writes].month if writes < len(versions) else None

    def places(self) -> list[tuple[str, str, str]]:
        """Every namespace, connection id and month that was ever written, in order."""
        with self._lock:
            return sorted(self._versions)

    def put(self, place: tuple[str, str, str], version: Version) -> None:
        """Set a month's only version, when a state is restored."""
        with self._lock:
            self._versions[place] = (version,)

    def since(self, place: tuple[str, str, str]) -> datetime:
        """When a month was last written.

        Raises:
            KeyError: it never was.
        """
        with self._lock:
            return self._versions[place][-1].since

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._versions.clear()

    def _current(
        self, place: tuple[str, str, str], now: datetime, settings: StandInSettings
    ) -> Month | None:
        if self._expired(place, now, settings):
            del self._versions[place]
        versions = self._versions.get(place, ())
        return versions[-1].month if versions else None

    def _expired(
        self, place: tuple[str, str, str], now: datetime, settings: StandInSettings
    ) -> bool:
        versions = self._versions.get(place, ())
        return (
            place[0] != LIVE
            and bool(versions)
            and now - versions[-1].since > settings.test_key_life
        )

    def _append(
        self, place: tuple[str, str, str], version: Version, settings: StandInSettings
    ) -> None:
        versions = (*self._versions.get(place, ()), version)
        # What ingestion has not shown yet is kept, however many writes followed.
        old = version.since - max(settings.ingest_delay, settings.read_lag)
        ingested = sum(1 for one in versions if one.since <= old)
        spare = min(max(ingested - 1, 0), max(len(versions) - settings.kept_versions, 0))
        self._versions[place] = versions[spare:]


def _replace_drop(before: Month, rows: Rows) -> Month:
    return replace(before, hours=rows.hours, count=rows.count, size=rows.size)


def _replace_hourly(before: Month, rows: Rows) -> Month:
    replaced = [before.hours[hour] for hour in rows.hours if hour in before.hours]
    return replace(
        before,
        hours={**before.hours, **rows.hours},
        count=before.count - sum(map(len, replaced)) + rows.count,
        size=before.size - sum(len(row) for hour in replaced for row in hour) + rows.size,
    )


def _sum(before: Month, rows: Rows) -> Month:
    added = {hour: before.hours.get(hour, ()) + more for hour, more in rows.hours.items()}
    return replace(
        before,
        hours={**before.hours, **added},
        count=before.count + rows.count,
        size=before.size + rows.size,
    )


_CHANGES: Mapping[str, Callable[[Month, Rows], Month]] = MappingProxyType(
    {"replace_drop": _replace_drop, "replace_hourly": _replace_hourly, "sum": _sum}
)
