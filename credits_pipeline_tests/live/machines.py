"""A backfill over two Celery workers, one of which is killed during a drop.

``python -m credits_pipeline_tests.live.machines --months 60`` does by hand, with figures, what the
test does with a few months. Everything is real: Dagster's webserver, daemon and backfill,
PostgreSQL, Redis, S3 and CloudZero's stand-in over HTTP.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

from credits_pipeline.core import aws
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.storage.store import open_store
from credits_pipeline.credits.state.attempt import Attempt, Verdict
from credits_pipeline.credits.state.journal import Journal
from credits_pipeline.sandbox.cloudzero import Fault
from credits_pipeline.sandbox.dagster_dev import DagsterDev
from credits_pipeline.sandbox.servers import (
    CONNECTION_ID,
    Sandbox,
    clean_environment,
    sandbox,
    upload,
)
from credits_pipeline_tests.postgres import PostgresServer, postgres_server
from credits_pipeline_tests.redis_server import redis_server
from credits_pipeline_tests.waiting import pause

#: Seconds until Dagster answers on a machine with ten other tasks.
PATIENCE = 480.0

FIRST = BillingMonth(2021, 1)
ASSETS = ("raw_credits_csv", "credits", "cbf_payload", "cloudzero_drop")
STORAGE = "credits-storage"
APP = "credits_pipeline.credits.assets.celery_app"
#: How long a step may be silent before another worker gets it: longer than any takes here.
SILENCE = 20
DAGSTER_YAML = """\
telemetry:
  enabled: false
storage:
  postgres:
    postgres_url: {url}
run_retries:
  enabled: true
  max_retries: 3
  retry_on_asset_or_op_failure: false
run_monitoring:
  enabled: true
  poll_interval_seconds: 5
concurrency:
  runs:
    max_concurrent_runs: 4
"""
BACKFILL = """mutation Backfill($params: LaunchBackfillParams!) {
    launchPartitionBackfill(backfillParams: $params) { __typename
        ... on PythonError { message } } }"""
RUNS = """query Runs { runsOrError { ... on Runs { results {
    runId status startTime endTime jobName tags { key value }
    stepStats { stepKey startTime endTime } } } } }"""


@dataclass
class Worker:
    """One machine: a Celery worker and its processes, in one process group."""

    name: str
    process: subprocess.Popen[bytes]

    def kill_processes(self) -> None:
        """As a machine that is out of memory: its steps die, and the worker continues."""
        for child in self.children():
            os.kill(child, signal.SIGKILL)

    def children(self) -> list[int]:
        """The processes that execute steps."""
        pid = self.process.pid
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]

    def kill(self) -> None:
        """As a machine without power: nothing of it can react."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def stop(self) -> None:
        """Let it finish, and wait for that."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()


@dataclass
class Machines:
    """Everything that runs, and what it recorded."""

    servers: Sandbox
    folder: Path
    environment: dict[str, str]
    dagster: DagsterDev
    workers: dict[str, Worker] = field(default_factory=dict)

    @property
    def journal(self) -> Journal:
        """Attempts and receipts."""
        return Journal(open_store(self.environment["CREDITS_STORAGE"]))

    def start_worker(self, name: str, processes: int) -> None:
        """Start a worker; `ready` says when it accepts steps."""
        command = [sys.executable, "-m", "celery", "-A", APP, "worker", "--hostname", name]
        command += ["--concurrency", str(processes), "--loglevel", "INFO"]
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.workers[name] = Worker(name, process)

    def ready(self, name: str) -> bool:
        """Whether a worker accepts steps."""
        assert self.workers[name].process.poll() is None, self.log(name)
        return "ready." in self.log(name)

    def log(self, name: str) -> str:
        """The output of a worker."""
        return (self.folder / f"{name}.log").read_text()

    def wait_for(self, what: str, found: Callable[[], Any], seconds: float = 480) -> Any:
        """What `found` returns, once it finds something."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.dagster.check_alive()
            began = time.monotonic()
            value = found()
            if value:
                return value
            pause(began, 0.25)
        logs = [self.dagster.log.read_text(), *map(self.log, self.workers)]
        told = "\n---\n".join(log[-3000:] for log in logs)
        raise AssertionError(f"{what} did not come within {seconds:.0f} s\n{told}")

    def backfill(self, months: list[BillingMonth]) -> None:
        """Press "Launch backfill"."""
        answer = self.dagster.graphql(
            BACKFILL,
            params={
                "assetSelection": [{"path": [name]} for name in ASSETS],
                "partitionNames": [month.partition_key for month in months],
            },
        )["launchPartitionBackfill"]
        assert answer["__typename"] == "LaunchBackfillSuccess", answer

    def runs(self) -> list[dict[str, Any]]:
        """Every run, with its steps."""
        results: list[dict[str, Any]] = self.dagster.graphql(RUNS)["runsOrError"]["results"]
        return results

    def sending(self, month: BillingMonth) -> Attempt | None:
        """The attempt that is being sent, if there is one."""
        attempts = self.journal.attempts(month)
        return next((a for a in attempts if a.verdict is Verdict.SENDING), None)

    def worker_of(self, run_id: str, step: str) -> str:
        """The worker that executes a step, according to Dagster's own events."""
        query = """query Events($run: ID!) { logsForRun(runId: $run) { ... on EventConnection {
            events { ... on EngineEvent { message stepKey
                metadataEntries { label ... on TextMetadataEntry { text } } } } } } }"""
        events = self.dagster.graphql(query, run=run_id)["logsForRun"]["events"]
        told = [
            entry["text"]
            for event in events
            if event.get("stepKey") == step
            for entry in event.get("metadataEntries") or []
            if entry["label"] == "Celery worker"
        ]
        return str(told[-1]).removeprefix("celery@") if told else ""

    def held(self, month: BillingMonth) -> dict[str, Decimal]:
        """What CloudZero holds: the credit of each account."""
        rows = self.servers.cloudzero.rows(CONNECTION_ID, str(month))
        assert len({row["resource/account"] for row in rows}) == len(rows)
        return {row["resource/account"]: -Decimal(row["cost/cost"]) for row in rows}


@contextmanager
def machines(folder: Path, postgres: PostgresServer, redis: str) -> Iterator[Machines]:
    """Run Dagster with Celery as its executor, without any worker yet."""
    home = folder / "home"
    home.mkdir(parents=True)
    url = postgres.url(postgres.create_database())
    (home / "dagster.yaml").write_text(DAGSTER_YAML.format(url=url))
    with sandbox() as servers, patch.dict(os.environ, servers.environment):
        environment = clean_environment(
            **servers.environment,
            CREDITS_STORAGE=f"s3://{STORAGE}/credits",
            CREDITS_START_MONTH=str(FIRST),
            CREDITS_ADOPT_DAYS="0",
            CREDITS_EXECUTOR="celery",
            CREDITS_CELERY_BROKER=redis,
            CREDITS_CELERY_SECONDS=str(SILENCE),
            XDG_STATE_HOME=str(folder / "state"),
            DAGSTER_HOME=str(home),
        )
        aws.s3_client.cache_clear()
        aws.s3_client().create_bucket(Bucket=STORAGE)
        with DagsterDev(home, environment) as dagster:
            world = Machines(servers, folder, environment, dagster)
            try:
                yield world
            finally:
                for worker in world.workers.values():
                    worker.stop()
                aws.s3_client.cache_clear()


def credits_of(month: BillingMonth) -> dict[str, Decimal]:
    """The credits of a month, the same every time."""
    rng = random.Random(str(month))  # noqa: S311 - figures, not secrets
    accounts = rng.sample(range(10**12), 20)
    return {f"{account:012d}": Decimal(rng.randint(1, 10**8)) / 100 for account in accounts}


def as_csv(credits: dict[str, Decimal]) -> bytes:
    """A month's file as people upload it."""
    return "".join(f'{account},"${usd:,.2f}"\n' for account, usd in credits.items()).encode()


def backfill_with_a_kill(
    world: Machines, months: list[BillingMonth], *, processes: int, step_too: bool = False
) -> "Figures":
    """The whole story; returns when every month has its receipt and all runs have ended.

    The middle month hangs in its create until its worker is killed together with its machine.

    Args:
        world: what runs.
        months: to backfill.
        processes: of each worker.
        step_too: the first month hangs earlier, until the processes of its worker are killed.
    """
    for month in months:
        upload(world.servers, f"credits-{month}.csv", as_csv(credits_of(month)))
    for name in ("one", "two"):
        world.start_worker(name, processes)
    world.dagster.wait_until_ready(PATIENCE)
    for name in world.workers:
        world.wait_for(f"worker {name}", lambda name=name: world.ready(name))
    first, middle = months[0], months[len(months) // 2]
    for month in (first, middle) if step_too else (middle,):
        world.servers.cloudzero.inject(
            Fault(operation="create", at=1, kind="hang", month=str(month), commit=True)
        )
    begun = time.monotonic()
    world.backfill(months)
    if step_too:
        sender_of(world, first).kill_processes()
    sender_of(world, middle).kill()
    killed = time.monotonic()
    world.wait_for(f"{middle} by another worker", lambda: world.journal.receipt(middle))
    completed = time.monotonic()
    world.wait_for(
        "every month's receipt", lambda: world.journal.receipted() >= frozenset(months), 1800
    )
    over = {"SUCCESS", "FAILURE"}
    world.wait_for("the end of all runs", lambda: {run["status"] for run in world.runs()} <= over)
    return figures(world, months, begun, completed - killed)


def sender_of(world: Machines, month: BillingMonth) -> Worker:
    """The worker that sends a month, once there is one."""
    attempt = world.wait_for(f"the drop of {month}", lambda: world.sending(month), 1800)
    name = world.wait_for(
        "the worker that sends it", lambda: world.worker_of(attempt.run_id, "cloudzero_drop")
    )
    return world.workers[name]


@dataclass(frozen=True)
class Figures:
    """The duration of a backfill, in seconds.

    Attributes:
        months: how many.
        wall: from the click to the end of the last run.
        in_runs: over all runs, from start to end.
        in_drops: at CloudZero, under the stream's lock.
        waiting_for_the_lock: steps that waited for it.
        after_the_kill: until the month of the killed worker was verified.
    """

    months: int
    wall: float
    in_runs: float
    in_drops: float
    waiting_for_the_lock: float
    after_the_kill: float


def figures(
    world: Machines, months: list[BillingMonth], begun: float, after_the_kill: float
) -> Figures:
    """From the records of Dagster and the attempts."""
    wall = time.monotonic() - begun
    runs = world.runs()
    drops = waits = 0.0
    for month in months:
        for attempt in world.journal.attempts(month):
            drops += attempt.seconds or 0.0
            waits += sum(
                datetime.fromisoformat(attempt.started_at).timestamp() - step["startTime"]
                for run in runs
                for step in run["stepStats"]
                if run["runId"] == attempt.run_id and step["stepKey"] == "cloudzero_drop"
            )
    in_runs = sum(run["endTime"] - run["startTime"] for run in runs)
    return Figures(len(months), wall, in_runs, drops, waits, after_the_kill)


def main() -> None:
    """Do it by hand, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=60)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds of each request")
    chosen = parser.parse_args()
    months = [FIRST.shift(n) for n in range(chosen.months)]
    with (
        tempfile.TemporaryDirectory(prefix="machines-") as folder,
        postgres_server() as postgres,
        redis_server() as redis,
        machines(Path(folder), postgres, redis) as world,
    ):
        if chosen.latency:
            world.servers.cloudzero.inject(
                Fault(operation="any", kind="delay", seconds=chosen.latency)
            )
        found = backfill_with_a_kill(world, months, processes=2, step_too=True)
        wrong = [str(month) for month in months if world.held(month) != credits_of(month)]
        runs = Counter(run["status"] for run in world.runs())
        at_once = world.servers.cloudzero.max_in_flight(CONNECTION_ID)
    told = {**asdict(found), "runs": runs, "months_not_exact": wrong, "requests_at_once": at_once}
    sys.stdout.write(json.dumps(told, indent=2) + "\n")
    sys.exit(bool(wrong) or at_once != 1)


if __name__ == "__main__":
    main()
