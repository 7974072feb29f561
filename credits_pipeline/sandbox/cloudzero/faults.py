"""Faults on demand: what goes wrong, with which request, and how often."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self, get_args, get_type_hints

from credits_pipeline.sandbox.cloudzero.journal import RequestRecord
from credits_pipeline.sandbox.cloudzero.typed import typed

FaultKind = Literal[
    "status",
    "html",
    "delay",
    "hold",
    "hang",
    "reset",
    "late_commit",
    "truncate",
    "wrong_count",
    "wrong_month",
    "lose_rows",
    "lag",
]

OPERATIONS = ("create", "validate", "list", "contents", "costs", "connection")

#: Kinds that decide what the client sees; of several, the first one injected applies.
DECISIVE = frozenset({"status", "html", "hang", "reset", "late_commit"})
_ONLY_CREATE = frozenset({"late_commit", "wrong_count", "wrong_month", "lose_rows"})
_ONLY_READS = frozenset({"lag"})
_READS = frozenset({"list", "contents"})
_COMMITS_BY_NATURE = frozenset({"truncate", "wrong_count", "wrong_month", "lose_rows"})


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that goes wrong.

    Which requests: those of ``operation`` that agree with ``connection_id``, ``month``,
    ``drop_operation`` and ``when``, counted from the injection on. ``at=2`` is the second of them,
    ``count=3`` three of them from there (or from the first), neither is every one.

    Attributes:
        operation: ``create``, ``validate``, ``list``, ``contents``, ``costs``, ``connection`` or
            ``any``.
        kind: ``status`` answers `status` with `body`; ``html`` answers a gateway's page (502 unless
            `status` says otherwise), before CloudZero's code, so that no idempotency key keeps it;
            ``delay`` waits `seconds` of real time; ``hold`` waits until the faults are cleared;
            ``hang`` never answers and ends when the client leaves; ``reset`` resets the connection;
            ``late_commit`` resets (or hangs, or answers `status`: see `shows`) and commits after
            `after_requests` more requests or `after_seconds` of the stand-in's clock;
            ``truncate`` cuts the answer in half; ``wrong_count`` and ``wrong_month`` falsify
            create's answer; ``lose_rows`` keeps all but the last `rows` rows and answers as if it
            kept them; ``lag`` reads the month as it was `writes` writes and `seconds` ago.
        commit: for ``status``, ``html``, ``hang``, ``reset``, ``delay`` and ``hold``: whether
            the request takes effect first. A refused request never does.
        at: the first request that is hit, from 1.
        count: how many are hit; with `at` one, without it all, unless given.
        connection_id: only requests on this stream.
        month: only requests for this month, ``YYYY-MM``.
        drop_operation: only creates with this ``operation`` in the body.
        when: only requests for which this is true (not over HTTP).
        status: the answer's status; with ``late_commit`` only if `shows` says so.
        body: the answer's body; by default an error of CloudZero's form for that status.
        headers: further headers of the answer.
        retry_after: the text of ``Retry-After``, which may be invalid.
        retry_after_date: ``Retry-After`` as an HTTP date, this many seconds of real time ahead.
        seconds: see ``delay`` (real time) and ``lag`` (the stand-in's clock).
        writes: see ``lag``.
        after_requests: see ``late_commit``: committed once so many further requests on the stream
            were handled, just before the last of them is answered.
        after_operation: count only requests of this operation for `after_requests`.
        after_seconds: see ``late_commit``.
        shows: what the client sees of a late commit.
        row_count: the number that ``wrong_count`` answers; by default one less than is true.
        answer_month: the month that ``wrong_month`` answers.
        rows: see ``lose_rows``.
    """

    operation: Literal["create", "validate", "list", "contents", "costs", "connection", "any"]
    kind: FaultKind
    commit: bool = False
    at: int | None = None
    count: int | None = None
    connection_id: str | None = None
    month: str | None = None
    drop_operation: str | None = None
    when: Callable[[RequestRecord], bool] | None = field(default=None, compare=False)
    status: int | None = None
    body: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    retry_after: str | None = None
    retry_after_date: float | None = None
    seconds: float = 0.0
    writes: int = 0
    after_requests: int | None = None
    after_operation: str | None = None
    after_seconds: float | None = None
    shows: Literal["reset", "hang", "status"] = "reset"
    row_count: int | None = None
    answer_month: str = "1999-12"
    rows: int = 1

    def __post_init__(self) -> None:
        """Reject a fault that would never happen, so that no test waits for it.

        Raises:
            ValueError: with what to write instead.
        """
        if self.kind not in get_args(FaultKind):
            raise ValueError(
                f"{self.kind!r} is no kind: there are {', '.join(get_args(FaultKind))}"
            )
        if self.operation not in ("any", *OPERATIONS):
            raise ValueError(f"{self.operation!r} is no operation: there are any, {OPERATIONS}")
        if self.kind in _ONLY_CREATE and self.operation != "create":
            raise ValueError(f"{self.kind!r} happens to 'create' only, not to {self.operation!r}")
        if self.kind in _ONLY_READS and self.operation not in _READS:
            raise ValueError(f"{self.kind!r} happens to 'list' and 'contents' only")
        if self.commit and self.kind in _COMMITS_BY_NATURE | {"lag", "late_commit"}:
            raise ValueError(f"{self.kind!r} takes no 'commit': leave it out")
        if self.kind == "late_commit" and (self.after_requests is None) == (
            self.after_seconds is None
        ):
            raise ValueError("a late commit needs 'after_requests' or 'after_seconds'")
        if self.kind == "lag" and not (self.writes or self.seconds):
            raise ValueError("a lag needs 'writes' or 'seconds'")
        for name in ("at", "count"):
            number = getattr(self, name)
            if number is not None and number < 1:
                raise ValueError(f"{name!r} counts from 1, not from {number}")

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Read a fault from the fields' names and values.

        Raises:
            ValueError: a field that does not exist, or a value that makes no sense.
        """
        if not isinstance(value, dict) or not {"operation", "kind"} <= set(value):
            raise ValueError("a fault is a JSON object with 'operation', 'kind' and more")
        hints = get_type_hints(cls)
        if unknown := sorted(set(value) - set(hints) | set(value) & {"when"}):
            raise ValueError(f"over HTTP a fault has no field {', '.join(unknown)}")
        headers = dict(value.get("headers", {}))
        plain = {name: one for name, one in value.items() if name != "headers"}
        return cls(
            **{name: typed(name, one, hints[name]) for name, one in plain.items()},
            headers=tuple((str(name), str(text)) for name, text in headers.items()),
        )

    def as_json(self) -> dict[str, Any]:
        """The fields that are set, by name."""
        said = {
            one.name: getattr(self, one.name)
            for one in fields(self)
            if one.name not in ("when", "headers") and getattr(self, one.name) != one.default
        }
        return said | ({"headers": dict(self.headers)} if self.headers else {})

    def concerns(self, record: RequestRecord) -> bool:
        """Whether this request is one of those that are counted."""
        return (
            self.operation in ("any", record.operation)
            and self.connection_id in (None, record.connection_id)
            and self.month in (None, record.month)
            and self.drop_operation in (None, record.drop_operation)
            and (self.when is None or self.when(record))
        )

    def hits(self, ordinal: int) -> bool:
        """Whether it hits the request of that number, from 1."""
        first = self.at or 1
        count = self.count if self.count is not None or self.at is None else 1
        return ordinal >= first and (count is None or ordinal < first + count)


class Faults:
    """The faults in force, each with the number of requests that it has counted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: list[tuple[Fault, int]] = []
        self._cleared = threading.Event()

    def inject(self, fault: Fault) -> None:
        """Activate a fault from the next request on."""
        with self._lock:
            self._counted.append((fault, 0))

    def clear(self) -> None:
        """Deactivate all faults, and release the requests that are held."""
        with self._lock:
            self._counted.clear()
            self._cleared.set()
            self._cleared = threading.Event()

    def strike(self, record: RequestRecord) -> tuple[tuple[Fault, ...], threading.Event]:
        """The faults that hit this request, in order of injection; and an event set on clearing.

        Both are returned at once, so that a request that will be held misses no clearing.
        """
        struck = []
        with self._lock:
            for place, (fault, counted) in enumerate(self._counted):
                if fault.concerns(record):
                    self._counted[place] = (fault, counted + 1)
                    if fault.hits(counted + 1):
                        struck.append(fault)
            return tuple(struck), self._cleared

    @property
    def in_force(self) -> list[Fault]:
        """All of them."""
        with self._lock:
            return [fault for fault, _ in self._counted]
