"""The stand-in's clock: the time of day, moved by hand."""

import threading
from datetime import UTC, datetime, timedelta


class Clock:
    """Runs like the machine's clock, at an offset that tests choose.

    Everything that CloudZero does by time (ingestion, cursors, days, namespaces, late commits)
    follows this clock. Delays and dates in HTTP headers are real time, because the client's are.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """The stand-in's time, aware, UTC."""
        with self._lock:
            return datetime.now(UTC) + self._ahead

    def advance(self, by: timedelta) -> datetime:
        """Move on, or back if negative; returns the new time."""
        with self._lock:
            self._ahead += by
            return datetime.now(UTC) + self._ahead

    def set(self, moment: datetime) -> datetime:
        """Move to an aware moment; the clock runs on from there.

        Raises:
            ValueError: the moment has no time zone.
        """
        if moment.tzinfo is None:
            raise ValueError(f"{moment.isoformat()} has no time zone: write 2025-01-01T00:00:00Z")
        with self._lock:
            self._ahead = moment - datetime.now(UTC)
            return moment.astimezone(UTC)

    @property
    def ahead(self) -> timedelta:
        """How far the clock is ahead of the machine's."""
        with self._lock:
            return self._ahead
