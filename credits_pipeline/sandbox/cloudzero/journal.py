"""The requests to the stand-in: one record per request, and counters. Never an API key."""

import threading
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

Outcome = Literal["open", "answered", "reset", "hung", "truncated", "client_gone"]


@dataclass(frozen=True, kw_only=True)
class RequestRecord:
    """One request, in the order of arrival. Calls of the control paths are not recorded.

    Attributes:
        number: from 1.
        at: the stand-in's time of arrival.
        method: the HTTP method.
        path: without the query.
        query: the query as it came.
        operation: ``create``, ``validate``, ``list``, ``contents``, ``costs``, ``connection``, or
            ``unknown``.
        connection_id: from the path; None for ``validate`` and ``costs``.
        month: ``YYYY-MM`` from the path or the body; None if there is none or it can't be read.
        drop_operation: the body's ``operation`` as understood, or None.
        rows: rows in the body, or in a 200 of ``contents`` or ``costs``; None if there are none.
        bytes: size of the request's body as it came.
        has_authorization: whether there was an ``Authorization`` header.
        idempotency_key: the header's text, or None.
        test_key: the header's text, or None.
        replayed: whether the answer is that of an earlier request with the same key.
        committed: whether this request's rows took effect, at once or later.
        faults: kinds of the faults that hit it.
        status: the answer's status; None before an answer or without one.
        outcome: ``open`` until it is over; ``client_gone`` if the connection ended before the
            answer was sent.
    """

    number: int
    at: datetime
    method: str
    path: str
    query: str
    operation: str
    connection_id: str | None = None
    month: str | None = None
    drop_operation: str | None = None
    rows: int | None = None
    bytes: int = 0
    has_authorization: bool = False
    idempotency_key: str | None = None
    test_key: str | None = None
    replayed: bool = False
    committed: bool = False
    faults: tuple[str, ...] = ()
    status: int | None = None
    outcome: Outcome = "open"

    def as_json(self) -> dict[str, Any]:
        """The same by name, the time as text."""
        return {**asdict(self), "at": self.at.isoformat(), "faults": list(self.faults)}


@dataclass(frozen=True, kw_only=True)
class Counters:
    """Figures over all requests since the start or the last reset.

    Attributes:
        requests: how many.
        by_operation: how many of each.
        bytes_received: bytes of their bodies.
        bytes_sent: bytes of the answers' bodies.
        commits: drops that took effect.
        idempotency_keys: different pairs of an idempotency key and the method and path it came to.
        idempotency_keys_reused: requests whose key had come to the same method and path before.
        replays: requests that were answered with an earlier answer.
        in_flight: requests on each stream now.
        max_in_flight: the most at one time on each stream.
        connections: HTTP connections that were accepted.
        crashes: requests that failed because of a fault of the stand-in itself.
    """

    requests: int = 0
    by_operation: dict[str, int] = field(default_factory=dict)
    bytes_received: int = 0
    bytes_sent: int = 0
    commits: int = 0
    idempotency_keys: int = 0
    idempotency_keys_reused: int = 0
    replays: int = 0
    in_flight: dict[str, int] = field(default_factory=dict)
    max_in_flight: dict[str, int] = field(default_factory=dict)
    connections: int = 0
    crashes: int = 0

    def as_json(self) -> dict[str, Any]:
        """The same by name."""
        return asdict(self)


class Journal:
    """The record of all requests; waits can be built on `changed`."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self._records: list[RequestRecord] = []
        self._tallies: Counter[str] = Counter()
        self._in_flight: Counter[str] = Counter()
        self._max_in_flight: Counter[str] = Counter()
        self._keys: Counter[tuple[str, str, str]] = Counter()

    def open(self, record: RequestRecord) -> tuple[RequestRecord, bool]:
        """Record an arrival; the record with its number, and whether its stream was busy."""
        with self.changed:
            numbered = replace(record, number=len(self._records) + 1)
            self._records.append(numbered)
            stream = record.connection_id
            busy = stream is not None and self._in_flight[stream] > 0
            if stream is not None:
                self._in_flight[stream] += 1
                self._max_in_flight[stream] = max(
                    self._max_in_flight[stream], self._in_flight[stream]
                )
            if record.idempotency_key is not None:
                self._keys[record.method, record.path, record.idempotency_key] += 1
            self.changed.notify_all()
            return numbered, busy

    def leave(self, stream: str) -> None:
        """One request on a stream is over."""
        with self.changed:
            self._in_flight[stream] -= 1
            self.changed.notify_all()

    def update(self, record: RequestRecord, **changes: Any) -> RequestRecord:
        """Record how a request ended."""
        with self.changed:
            place = record.number - 1
            known = place < len(self._records) and self._records[place].at == record.at
            updated = replace(self._records[place] if known else record, **changes)
            if known:
                # After a reset the number may belong to another request.
                self._records[place] = updated
            self.changed.notify_all()
            return updated

    def tally(self, name: str, by: int = 1) -> None:
        """Count something that is not in the records."""
        with self.changed:
            self._tallies[name] += by

    def clear(self) -> None:
        """Forget everything except requests in flight."""
        with self.changed:
            self._records.clear()
            self._tallies.clear()
            self._keys.clear()
            self._max_in_flight = Counter(self._in_flight)
            self.changed.notify_all()

    @property
    def records(self) -> list[RequestRecord]:
        """All requests, in the order of arrival."""
        with self.changed:
            return list(self._records)

    @property
    def counters(self) -> Counters:
        """The figures now."""
        with self.changed:
            return Counters(
                requests=len(self._records),
                by_operation=dict(Counter(record.operation for record in self._records)),
                bytes_received=sum(record.bytes for record in self._records),
                bytes_sent=self._tallies["bytes_sent"],
                commits=self._tallies["commits"],
                idempotency_keys=len(self._keys),
                idempotency_keys_reused=sum(self._keys.values()) - len(self._keys),
                replays=sum(record.replayed for record in self._records),
                in_flight={stream: n for stream, n in self._in_flight.items() if n},
                max_in_flight=dict(self._max_in_flight),
                connections=self._tallies["connections"],
                crashes=self._tallies["crashes"],
            )
