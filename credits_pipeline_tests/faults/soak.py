"""Many ticks of a real daemon over ten years of months and a bucket full of other things.

``python -m credits_pipeline_tests.faults.soak`` (``make soak``) takes a quarter of an hour, because
the daemon looks at most every five seconds, and prints the cost of the ticks::

    --ticks N      of the sensor `credits_files` after its look at everything (default 200)
    --months N     each with its file, its receipt and its runs (default 120)
    --others N     objects in the bucket that are no credits files (default 100,000)

What must be true: the last ticks cost as much as the first ones, in requests and in processor time
(the clock also depends on the machine's other work); the cursor stays under 4 KB, nothing starts
twice, and Dagster removes old ticks.
"""

import argparse
import json
import logging
import sqlite3
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.storage.store import FolderStore
from credits_pipeline.credits.state.attempt import Attempt, Verdict
from credits_pipeline.credits.state.journal import Journal
from credits_pipeline.sandbox.servers import BUCKET, CONNECTION_ID
from credits_pipeline_tests.live.world import ASSETS, SELECTOR, Live, running

#: How many ticks at each end are compared.
ENDS = 20
CURSOR_BYTES = 4096
#: Longer than the shipped retention of ticks that started nothing.
LONG_AGO = timedelta(days=40)
_TICKS = """query Ticks($sensor: SensorSelector!, $limit: Int!) {
    sensorOrError(sensorSelector: $sensor) { ... on Sensor { sensorState {
        typeSpecificData { ... on SensorData { lastCursor } }
        ticks(limit: $limit) { timestamp endTimestamp status runIds } } } } }"""
#: A pattern for the body that Dagster stores of each of its ticks.
_OF_FILES = '%"credits_files"%'
_RUNS_OF_A_MONTH = 5


@dataclass(frozen=True)
class TickCost:
    """The cost of one tick.

    Attributes:
        seconds: from its start to its end.
        requests: to S3.
        started: runs.
    """

    seconds: float
    requests: int
    started: int


@dataclass
class Soak:
    """A running product, and the time of every request that reached S3."""

    live: Live
    requests: list[float]
    begun: float = field(default_factory=time.time)

    def ticks(self) -> list[TickCost]:
        """The ticks of `credits_files` that have ended since, the first one first."""
        found = [t for t in self._state(10_000)["ticks"] if t["status"] != "STARTED"]
        assert all(tick["status"] in {"SKIPPED", "SUCCESS"} for tick in found), found
        requests = list(self.requests)
        return [
            TickCost(
                seconds=tick["endTimestamp"] - tick["timestamp"],
                requests=sum(tick["timestamp"] <= at <= tick["endTimestamp"] for at in requests),
                started=len(tick["runIds"]),
            )
            for tick in reversed(found)
            if tick["timestamp"] >= self.begun
        ]

    def cursor(self) -> str:
        """The sensor's cursor."""
        return str(self._state(1)["typeSpecificData"]["lastCursor"] or "")

    def _state(self, limit: int) -> dict[str, Any]:
        sensor = {**SELECTOR, "sensorName": "credits_files"}
        answer = self.live.dagster.graphql(_TICKS, sensor=sensor, limit=limit)
        state: dict[str, Any] = answer["sensorOrError"]["sensorState"]
        return state

    def wait_for_ticks(self, count: int) -> float:
        """Wait until this many have ended; returns the processor seconds that Dagster has used."""
        since = datetime.fromtimestamp(self.begun, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")

        def ended() -> bool:
            # Not through the webserver, whose answer would cost more with every tick.
            with closing(self._ticks_table()) as table:
                [(found,)] = table.execute(
                    "SELECT count(*) FROM job_ticks WHERE timestamp >= ? AND status != 'STARTED' "
                    "AND tick_body LIKE ?",
                    (since, _OF_FILES),
                )
            return int(found) >= count

        self.live.wait_for(f"{count} ticks", ended, 60 + 30 * count)
        return self.live.cpu_seconds()

    def wait_until_looked_around(self) -> None:
        """Wait until every object in the bucket was seen once; ticks count from then on."""

        def is_over() -> bool:
            sweep = json.loads(self.cursor() or "{}").get("sweep")
            return sweep is not None and not sweep[1]

        self.live.wait_for("the end of the look around", is_over, 600)
        self.begun = time.time()

    def age_ticks(self) -> int:
        """Date every tick of `credits_files` long ago; returns how many there were."""
        shift = f"-{LONG_AGO.days} days"
        with closing(self._ticks_table()) as table, table:
            changed = table.execute(
                "UPDATE job_ticks SET timestamp = datetime(timestamp, ?) WHERE tick_body LIKE ?",
                (shift, _OF_FILES),
            )
            return changed.rowcount

    def old_ticks(self) -> int:
        """The number of stored ticks of long ago that started nothing."""
        with closing(self._ticks_table()) as table:
            [(count,)] = table.execute(
                "SELECT count(*) FROM job_ticks WHERE status = 'SKIPPED' AND timestamp < ?",
                ((datetime.now(UTC) - LONG_AGO / 2).strftime("%Y-%m-%d"),),
            )
            return int(count)

    def _ticks_table(self) -> sqlite3.Connection:
        path = self.live.home / "dagster" / "schedules" / "schedules.db"
        return sqlite3.connect(path, timeout=30)


@contextmanager
def soaking(home: Path, *, months: int, others: int) -> Iterator[Soak]:
    """Everything that runs, with this long history, until the block ends."""
    last = BillingMonth.at(datetime.now(UTC))
    history = [last.shift(-n) for n in range(months)]
    requests: list[float] = []
    with (
        counting(requests),
        running(
            home,
            before_start=lambda live: put_history(live, history, others),
            CREDITS_START_MONTH=str(history[-1]),
        ) as live,
    ):
        try:
            yield Soak(live, requests)
        finally:
            objects().clear()


@contextmanager
def counting(requests: list[float]) -> Iterator[None]:
    """Record when each request reaches the embedded S3, from its server's own log."""

    class Counter(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            requests.append(record.created)

    log, counter = logging.getLogger("werkzeug"), Counter()
    log.addHandler(counter)
    try:
        yield
    finally:
        log.removeHandler(counter)
        log.propagate = True


def objects() -> Any:
    """The objects of the inbox's bucket, in the embedded S3 of this process."""
    from moto.s3.models import s3_backends

    return s3_backends["123456789012"]["aws"].buckets[BUCKET].keys


def put_history(live: Live, months: list[BillingMonth], others: int) -> None:
    """Fill the bucket, the storage and Dagster's own database as years of use would."""
    from moto.s3.models import s3_backends

    log = logging.getLogger("werkzeug")
    log.setLevel(logging.INFO)
    log.propagate = False
    bucket = s3_backends["123456789012"]["aws"]
    for number in range(others):
        bucket.put_object(BUCKET, f"exports/{number:07d}.parquet", b"x")
    journal = Journal(FolderStore(live.home / "credits"))
    with dg.DagsterInstance.from_config(str(live.home / "dagster")) as instance:
        for month in months:
            key = f"credits-{month}.csv"
            bucket.put_object(BUCKET, key, b"047210934418,$150000.00\n")
            # Sent long ago, so it is known and starts nothing.
            objects()[key].last_modified = datetime.now(UTC).replace(tzinfo=None) - LONG_AGO
            _put_runs(instance, journal, month)


def _put_runs(instance: dg.DagsterInstance, journal: Journal, month: BillingMonth) -> None:
    then = (datetime.now(UTC) - LONG_AGO).isoformat(timespec="milliseconds")
    for _ in range(_RUNS_OF_A_MONTH):
        run_id = str(uuid.uuid4())
        instance.add_run(
            dg.DagsterRun(
                job_name="credits_month",
                run_id=run_id,
                status=dg.DagsterRunStatus.SUCCESS,
                tags={"dagster/partition": month.partition_key},
            )
        )
        attempt = Attempt(
            run_id=run_id,
            billing_month=str(month),
            verdict=Verdict.VERIFIED,
            connection_id=CONNECTION_ID,
            total_credit_usd="150000.00",
            row_count=1,
            started_at=then,
            ended_at=then,
        )
        journal.close(attempt, sent=True)
    for asset in ASSETS:
        instance.report_runless_asset_event(
            dg.AssetMaterialization(asset, partition=month.partition_key)
        )


def run_soak(*, ticks: int, months: int, others: int) -> tuple[list[str], str]:
    """Many ticks; returns what is wrong, and their cost in figures."""
    with (
        tempfile.TemporaryDirectory(prefix="soak-") as name,
        soaking(Path(name), months=months, others=others) as soak,
    ):
        ends = min(ENDS, ticks // 2)
        soak.wait_until_looked_around()
        cpu = [soak.wait_for_ticks(count) for count in (0, ends, ticks - ends, ticks)]
        found = soak.ticks()[:ticks]
        cursor = len(soak.cursor().encode())
        aged = soak.age_ticks()
        soak.live.wait_for("the end of old ticks", lambda: not soak.old_ticks())
        left = soak.old_ticks()
    first, last = found[:ends], found[-ends:]
    cpu_first, cpu_last = (cpu[1] - cpu[0]) / ends, (cpu[3] - cpu[2]) / ends
    wrong = _wrong(found, first, last, cursor)
    # Half as much again, and two seconds in all: other sensors run too, some every few minutes.
    if cpu_last > 1.5 * cpu_first + 2.0 / ends:
        wrong.append(f"seconds of CPU grew: {cpu_first:.2f} to {cpu_last:.2f}")
    return wrong, (
        f"{ticks} ticks over {months} months and {others:,} other objects; requests a tick: "
        f"{_median(first, _requests):g} in the first {ends}, {_median(last, _requests):g} in the "
        f"last; seconds of CPU a tick: {cpu_first:.2f} and {cpu_last:.2f}; seconds on the clock: "
        f"{_median(first, _seconds):.2f} and {_median(last, _seconds):.2f}; "
        f"cursor {cursor:,} bytes; {aged} ticks made old, {left} of them kept; {len(wrong)} wrong"
    )


def _wrong(
    found: list[TickCost], first: list[TickCost], last: list[TickCost], cursor: int
) -> list[str]:
    wrong = []
    if max(map(_requests, last)) > max(map(_requests, first)):
        wrong.append(f"requests grew: {[*map(_requests, first)]} to {[*map(_requests, last)]}")
    if cursor >= CURSOR_BYTES:
        wrong.append(f"the cursor has {cursor} bytes")
    if started := sum(tick.started for tick in found):
        wrong.append(f"{started} runs were started though nothing was uploaded")
    return wrong


def _requests(tick: TickCost) -> int:
    return tick.requests


def _seconds(tick: TickCost) -> float:
    return tick.seconds


def _median(ticks: list[TickCost], of: Callable[[TickCost], float]) -> float:
    return statistics.median(map(of, ticks))


def main() -> int:
    """Run it; returns 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--ticks", type=int, default=200)
    parser.add_argument("--months", type=int, default=120)
    parser.add_argument("--others", type=int, default=100_000)
    asked = parser.parse_args()
    wrong, figures = run_soak(ticks=asked.ticks, months=asked.months, others=asked.others)
    sys.stdout.write(f"{figures}\n" + "".join(f"WRONG {one}\n" for one in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
