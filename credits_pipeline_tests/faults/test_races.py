"""Several runs at once, in separate processes with separate Dagster instances."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.storage.store import FolderStore
from credits_pipeline.credits.state.attempt import Attempt, Verdict
from credits_pipeline.credits.state.journal import Journal
from credits_pipeline.sandbox.servers import BUCKET, CONNECTION_ID
from credits_pipeline_tests.faults.chaos import MONTH, Bare, Rows, Worker, as_csv, bare, version

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

NEXT = MONTH.shift(1)


@dataclass
class Race:
    """One stream, and processes that all want it."""

    world: Bare
    workers: list[Worker]

    def upload(self, rows: Rows, month: BillingMonth = MONTH) -> None:
        self.world.s3.put_object(Bucket=BUCKET, Key=f"credits-{month}.csv", Body=as_csv(rows))

    def run(self, worker: Worker, storage: Path, month: BillingMonth = MONTH) -> None:
        worker.start(
            environment={"CREDITS_STORAGE": str(storage), "CREDITS_UNKNOWN_ACCOUNTS": "send"},
            partition=month.partition_key,
            kill_at_write=None,
            log=f"{storage}.log",
        )
        assert not worker.wait()

    def at_once(self, *runs: tuple[Path, BillingMonth]) -> None:
        with ThreadPoolExecutor(len(runs)) as threads:
            pairs = zip(self.workers, runs, strict=False)
            for done in [threads.submit(self.run, worker, *run) for worker, run in pairs]:
                done.result(120)

    def attempts(self, storage: Path, month: BillingMonth = MONTH) -> list[Attempt]:
        return list(Journal(FolderStore(storage)).attempts(month))

    def holds(self, rows: Rows, month: BillingMonth = MONTH) -> bool:
        held = self.world.cloudzero.rows(CONNECTION_ID, str(month))
        return sorted((row["resource/account"], row["cost/cost"]) for row in held) == sorted(
            (account, f"-{usd}") for account, usd in rows.items()
        )


@pytest.fixture(scope="module")
def processes() -> Iterator[Race]:
    with bare() as world:
        workers = [world.worker, Worker(world.environment), Worker(world.environment)]
        try:
            yield Race(world, workers)
        finally:
            for worker in workers[1:]:
                worker.close()


@pytest.fixture
def race(processes: Race) -> Iterator[Race]:
    processes.world.cloudzero.reset()
    yield processes
    assert processes.world.cloudzero.max_in_flight(CONNECTION_ID) == 1
    assert all(record.status in {200, 404}
               for record in processes.world.cloudzero.log)  # fmt: skip


def test_ten_versions_within_seconds_end_at_the_last(race: Race, tmp_path: Path) -> None:
    """Three processes run the month again and again while it is uploaded ten times."""
    storage, versions = tmp_path / "kept", [version(number) for number in range(1, 11)]
    race.upload(versions[0])
    uploaded = 1

    def keep_running(worker: Worker) -> None:
        last = 0
        while last < len(versions):
            last = uploaded
            race.run(worker, storage)

    with ThreadPoolExecutor(3) as threads:
        running = [threads.submit(keep_running, worker) for worker in race.workers]
        for rows in versions[1:]:
            time.sleep(0.3)
            race.upload(rows)
            uploaded += 1
        for done in running:
            done.result(120)
    assert race.holds(versions[-1])
    attempts = race.attempts(storage)
    assert {attempt.verdict for attempt in attempts} <= {
        Verdict.VERIFIED,
        Verdict.UNCHANGED,
        Verdict.SUPERSEDED,
    }
    # Each waited for the one before it: the times in which they sent do not overlap.
    receipt = Journal(FolderStore(storage)).receipt(MONTH)
    assert receipt is not None
    assert receipt.row_count == len(versions[-1])


def test_the_sensor_a_rematerialisation_and_a_backfill_of_one_month_send_it_once(
    race: Race, tmp_path: Path
) -> None:
    storage = tmp_path / "kept"
    race.upload(version(1))
    race.at_once(*[(storage, MONTH)] * 3)
    assert race.holds(version(1))
    verdicts = sorted(attempt.verdict for attempt in race.attempts(storage))
    assert verdicts == [Verdict.UNCHANGED, Verdict.UNCHANGED, Verdict.VERIFIED]


def test_two_months_at_once_on_one_stream_wait_for_each_other(race: Race, tmp_path: Path) -> None:
    storage = tmp_path / "kept"
    race.upload(version(1))
    race.upload(version(2), NEXT)
    race.at_once((storage, MONTH), (storage, NEXT))
    assert race.holds(version(1))
    assert race.holds(version(2), NEXT)
    for month in (MONTH, NEXT):
        assert [attempt.verdict for attempt in race.attempts(storage, month)] == [Verdict.VERIFIED]


def test_two_installations_on_one_machine_share_the_stream_and_not_their_storage(
    race: Race, tmp_path: Path
) -> None:
    race.upload(version(1))
    race.at_once((tmp_path / "one", MONTH), (tmp_path / "two", MONTH))
    assert race.holds(version(1))
    for storage in ("one", "two"):
        (attempt,) = race.attempts(tmp_path / storage)
        assert attempt.verdict is Verdict.VERIFIED
