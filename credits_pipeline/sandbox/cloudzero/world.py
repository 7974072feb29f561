"""Everything that the stand-in holds, and what happens by itself as its clock moves on."""

import json
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from credits_pipeline.sandbox.cloudzero.clock import Clock
from credits_pipeline.sandbox.cloudzero.costs import STREAM_PROVIDER, CostLine
from credits_pipeline.sandbox.cloudzero.faults import Faults
from credits_pipeline.sandbox.cloudzero.journal import Journal, RequestRecord
from credits_pipeline.sandbox.cloudzero.rows import Rows, read_month, read_rows
from credits_pipeline.sandbox.cloudzero.settings import StandInSettings
from credits_pipeline.sandbox.cloudzero.streams import LIVE, Month, OverCapError, Streams


@dataclass(frozen=True)
class Answer:
    """An HTTP answer before it is sent."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)

    @classmethod
    def of(cls, status: int, value: Any) -> "Answer":
        """An answer of JSON."""
        return cls(status, json.dumps(value).encode())


@dataclass
class LateCommit:
    """A drop that was received and takes effect later."""

    place: tuple[str, str, str]
    operation: str
    rows: Rows
    record: RequestRecord
    requests_left: int | None
    of_operation: str | None
    due: datetime | None


@dataclass(frozen=True)
class CostsResult:
    """The answer to one query, kept so that its pages do not change."""

    asked: datetime
    costs: list[dict[str, Any]]


@dataclass
class World:
    """The state behind the API. Mutable parts are guarded by `lock`, held only briefly."""

    keys: dict[str, frozenset[str]] = field(repr=False)
    connections: list[str]
    settings: StandInSettings
    clock: Clock = field(default_factory=Clock)
    streams: Streams = field(default_factory=Streams)
    faults: Faults = field(default_factory=Faults)
    journal: Journal = field(default_factory=Journal)
    bill: list[CostLine] = field(default_factory=list)
    replays: dict[tuple[str, str, str], tuple[datetime, Answer]] = field(default_factory=dict)
    cursors: dict[str, CostsResult] = field(default_factory=dict)
    costs_calls: Counter[str] = field(default_factory=Counter)
    late: list[LateCommit] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def commit(self, place: tuple[str, str, str], operation: str, rows: Rows) -> Month:
        """Apply a drop now.

        Raises:
            OverCapError: the month would hold too much; nothing was applied.
        """
        month = self.streams.apply(
            place, operation, rows, now=self.clock.now(), settings=self.settings
        )
        self.journal.tally("commits")
        return month

    def settle(self) -> None:
        """Commit what has become due by the clock."""
        now = self.clock.now()
        with self.lock:
            due = [late for late in self.late if late.due is not None and late.due <= now]
            self.late = [late for late in self.late if late not in due]
        self._commit_late(due)

    def settle_after(self, record: RequestRecord) -> None:
        """Commit what waited for this request on its stream."""
        due = []
        with self.lock:
            for late in self.late:
                if (
                    late.requests_left is not None
                    and late.place[1] == record.connection_id
                    and late.record.number != record.number
                    and late.of_operation in (None, record.operation)
                ):
                    late.requests_left -= 1
                    if late.requests_left <= 0:
                        due.append(late)
            self.late = [late for late in self.late if late not in due]
        self._commit_late(due)

    def _commit_late(self, due: Iterable[LateCommit]) -> None:
        for late in due:
            try:
                self.commit(late.place, late.operation, late.rows)
            except OverCapError:
                # Nobody waits for the answer any more: CloudZero would drop it just as silently.
                self.journal.tally("late_commits_over_cap")
            else:
                self.journal.update(late.record, committed=True)

    def month(
        self, connection_id: str, month: str, namespace: str = LIVE, **lag: Any
    ) -> Month | None:
        """What a stream holds for a month, or held this many `writes` or this long a `lag` ago."""
        self.settle()
        return self.streams.read(
            (namespace, connection_id, month),
            now=self.clock.now(),
            settings=self.settings,
            **lag,
        )

    def months(self, connection_id: str, namespace: str = LIVE, **lag: Any) -> dict[str, Month]:
        """The same for every existing month, oldest first."""
        found = {
            month: self.month(connection_id, month, namespace, **lag)
            for space, connection, month in self.streams.places()
            if (space, connection) == (namespace, connection_id)
        }
        return {month: held for month, held in found.items() if held is not None}

    def seed(self, connection_id: str, month: str, rows: list[dict[str, str]]) -> None:
        """Set what a stream holds for a month, as another feeder would have left it.

        Raises:
            ValueError: no such month, or rows that CloudZero would not hold.
        """
        if read_month(month) != month:
            raise ValueError(f"{month!r} is not a month: write YYYY-MM, such as 2025-01")
        checked = read_rows(rows, month, self.settings)
        if checked.errors:
            raise ValueError(f"{month} can't hold these rows: {'; '.join(checked.errors[:5])}")
        self.streams.apply(
            (LIVE, connection_id, month),
            "replace_drop",
            checked,
            now=self.clock.now(),
            settings=self.settings,
        )

    def add_to_bill(
        self,
        month: str,
        account: str,
        cost: str | float | Decimal,
        *,
        line_item_type: str = "Usage",
        cloud_provider: str = "AWS",
        connection_id: str = "aws-bill",
        service: str = "AmazonEC2",
    ) -> None:
        """Add a line to the bill that CloudZero reads directly from a cloud provider.

        Args:
            month: ``YYYY-MM``.
            account: the account of the cloud provider.
            cost: US dollars, negative for credits.
            line_item_type: one of the Common Bill Format's types.
            cloud_provider: as the dimension ``CloudProvider`` has it.
            connection_id: as the dimension ``BillingConnectionID`` has it.
            service: as the dimension ``Service`` has it.

        Raises:
            ValueError: no such month, or an invalid cost or type.
        """
        row = {
            "time/usage_start": f"{month}-01T00:00:00Z",
            "resource/account": account,
            "resource/service": service,
            "lineitem/type": line_item_type,
            "lineitem/cloud_provider": cloud_provider,
            "cost/cost": format(cost if isinstance(cost, Decimal) else Decimal(str(cost)), "f"),
        }
        checked = read_rows([row], month, StandInSettings())
        if checked.errors:
            raise ValueError(f"not a line of a bill: {checked.errors[0]}")
        with self.lock:
            self.bill.append(CostLine(connection_id, cloud_provider, row))

    def cost_lines(self) -> Iterator[CostLine]:
        """Everything that ingestion has seen by now."""
        delay = self.settings.ingest_delay
        with self.lock:
            bill = tuple(self.bill)
        yield from bill
        for namespace, connection_id, month in self.streams.places():
            held = None
            if namespace == LIVE:
                held = self.month(connection_id, month, lag=delay)
            if held is not None:
                for row in held.rows:
                    yield CostLine(connection_id, STREAM_PROVIDER, row)

    def keep_answer(self, key: tuple[str, str, str], answer: Answer) -> None:
        """Remember the first answer under an idempotency key."""
        with self.lock:
            self.replays.setdefault(key, (self.clock.now(), answer))

    def kept_answer(self, key: tuple[str, str, str]) -> Answer | None:
        """The first answer under an idempotency key, while it is replayed."""
        now, life = self.clock.now(), self.settings.idempotency_life
        with self.lock:
            kept = self.replays.get(key)
            if kept is not None and life is not None and now - kept[0] > life:
                del self.replays[key]
                return None
        return None if kept is None else kept[1]

    def spend_costs_call(self) -> bool:
        """Take one of the day's costs calls; False if none is left."""
        today = self.clock.now().date().isoformat()
        with self.lock:
            if self.costs_calls[today] >= self.settings.costs_calls_a_day:
                return False
            self.costs_calls[today] += 1
            return True

    @property
    def costs_calls_today(self) -> int:
        """Costs calls used of this UTC day's budget."""
        with self.lock:
            return self.costs_calls[self.clock.now().date().isoformat()]

    def reset(self) -> None:
        """Forget everything but keys, connections, settings and clock."""
        self.faults.clear()
        self.streams.clear()
        self.journal.clear()
        with self.lock:
            self.bill.clear()
            self.replays.clear()
            self.cursors.clear()
            self.costs_calls.clear()
            self.late.clear()


def wider(settings: StandInSettings, lags: Iterable[tuple[int, float]]) -> Mapping[str, Any]:
    """How far back a read looks: the settings' lag, or a fault's if that is further."""
    writes, seconds = settings.read_lag_writes, settings.read_lag
    for more_writes, more_seconds in lags:
        writes = max(writes, more_writes)
        seconds = max(seconds, timedelta(seconds=more_seconds))
    return {"writes": writes, "lag": seconds}


def without_last(rows: Rows, lost: int) -> Rows:
    """The same rows without the last ones, for a fault that loses them."""
    kept = [(hour, row) for hour, some in rows.hours.items() for row in some]
    kept = kept[: max(len(kept) - lost, 0)]
    hours: dict[str, tuple[bytes, ...]] = {}
    for hour, row in kept:
        hours[hour] = (*hours.get(hour, ()), row)
    return replace(rows, hours=hours, count=len(kept), size=sum(len(row) for _, row in kept))
