"""Kills at every boundary and at random moments of a drop, and what must be true afterwards.

``python -m credits_pipeline_tests.faults.chaos`` runs schedules from a seed and prints the seed, so
that everything it finds can be repeated::

    --seed N       the only thing that the schedules depend on
    --bare N       schedules of one month in a bare process (default 180)
    --live N       kills of parts of a whole `dagster dev` (default 20), with PostgreSQL
                   installed also of its database

The invariant: after recovery a month holds exactly the rows of its newest version. Before, it holds
exactly one version's rows and the receipt agrees, or its last attempt is *sending* or *incomplete*:
it never holds a mixture that nobody learns of.
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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import boto3

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.storage.store import FolderStore
from credits_pipeline.credits.state.attempt import Attempt, Verdict
from credits_pipeline.credits.state.journal import Journal
from credits_pipeline.sandbox.cloudzero import CloudZeroStandIn, Fault, StandInSettings
from credits_pipeline.sandbox.cloudzero.journal import RequestRecord
from credits_pipeline.sandbox.servers import (
    API_KEY,
    BUCKET,
    CONNECTION_ID,
    clean_environment,
    sandbox,
)
from credits_pipeline_tests.postgres import missing

MONTH = BillingMonth(2025, 1)
KEY = f"credits-{MONTH}.csv"
#: The size of a request body at which a hundred rows make three or four.
BODY_BYTES = 10_000
Rows = dict[str, Decimal]
At = Literal["request", "write", "moment"]


@dataclass(frozen=True)
class Kill:
    """When a run is killed.

    Attributes:
        at: ``request`` at the arrival of its Nth request; ``write`` before it renames its Nth
            file into place; ``moment`` after N milliseconds.
        number: N.
        applied: whether the request at which it is killed takes effect anyway.
    """

    at: At
    number: int
    applied: bool = False


@dataclass(frozen=True)
class Schedule:
    """One story: the initial state, who is killed when, and what is uploaded meanwhile."""

    seed: int
    before: bool
    kills: tuple[Kill, ...]
    upload_after: tuple[bool, ...]
    unknown: str

    @classmethod
    def of(cls, seed: int) -> "Schedule":
        """The story of a seed."""
        rng = random.Random(seed)  # noqa: S311 - schedules, not secrets
        kills = tuple(_kill(rng) for _ in range(rng.choice((1, 1, 1, 2, 3))))
        return cls(
            seed=seed,
            before=rng.random() < 0.5,
            kills=kills,
            upload_after=tuple(rng.random() < 0.3 for _ in kills),
            unknown=rng.choice(("skip", "send")),
        )


def _kill(rng: random.Random) -> Kill:
    at: At = rng.choice(("request", "request", "write", "moment"))
    most = {"request": 16, "write": 30, "moment": 1500}[at]
    return Kill(at, rng.randint(1, most), applied=rng.random() < 0.5)


def version(number: int) -> Rows:
    """The rows of a month's Nth version, all of which differ from the other versions'."""
    rng = random.Random(number)  # noqa: S311 - made-up amounts
    rows = range(rng.randint(90, 150))
    return {f"{100_000_000_000 + n}": Decimal(f"{1000 + number}.{n % 100:02d}") for n in rows}


def as_csv(rows: Rows) -> bytes:
    """A version's file."""
    return "".join(f"{account},${usd}\n" for account, usd in rows.items()).encode()


class Worker:
    """The process that forks runs."""

    def __init__(self, environment: dict[str, str], *, below: tuple[str, ...] = ()) -> None:
        """Start it, if need be under a command that ends by executing it."""
        self._process = subprocess.Popen(
            [*below, sys.executable, "-m", "credits_pipeline_tests.faults.chaos_worker"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def start(self, **order: Any) -> int:
        """Start a run; returns its process id."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._answer("pid")

    def wait(self) -> bool:
        """Wait for the run's end; returns whether it was killed."""
        return os.WIFSIGNALED(self._answer("status"))

    def _answer(self, name: str) -> int:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker ended with {self._process.wait()}")
        found: int = json.loads(line)[name]
        return found

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


@dataclass
class Bare:
    """Servers, a worker, and a month whose storage is new in every story."""

    cloudzero: CloudZeroStandIn
    environment: dict[str, str]
    worker: Worker
    s3: Any
    folder: Path
    killed: int = 0
    runs: int = 0
    mixtures: int = 0
    storage: Path = field(default_factory=Path)
    unknown: str = "skip"

    @property
    def journal(self) -> Journal:
        """What the runs recorded."""
        return Journal(FolderStore(self.storage))

    def upload(self, rows: Rows) -> None:
        """Upload a version, as a person would."""
        self.s3.put_object(Bucket=BUCKET, Key=KEY, Body=as_csv(rows))

    def held(self) -> list[tuple[str, Decimal]]:
        """What the stream holds: account and credit, in order, with repetitions."""
        rows = self.cloudzero.rows(CONNECTION_ID, str(MONTH))
        return sorted((row["resource/account"], -Decimal(row["cost/cost"])) for row in rows)

    def run(self, kill: Kill | None = None) -> bool:
        """One run of the month; returns whether it was killed."""
        self.runs += 1
        pid = 0
        number = 0

        def dies(record: RequestRecord) -> bool:
            nonlocal number
            number += 1
            if kill is None or number != kill.number:
                return False
            while not pid:
                time.sleep(0.001)
            os.kill(pid, signal.SIGKILL)
            return True

        if kill is not None and kill.at == "request":
            self.cloudzero.inject(
                Fault(operation="any", kind="reset", commit=kill.applied, when=dies)
            )
        pid = self.worker.start(
            environment={
                "CREDITS_STORAGE": str(self.storage),
                "CREDITS_UNKNOWN_ACCOUNTS": self.unknown,
            },
            partition=MONTH.partition_key,
            kill_at_write=kill.number if kill is not None and kill.at == "write" else None,
            log=str(self.storage) + ".log",
        )
        if kill is not None and kill.at == "moment":
            time.sleep(kill.number / 1000)
            _kill_process(pid)
        was_killed = self.worker.wait()
        self.cloudzero.clear_faults()
        self.killed += was_killed
        return was_killed


def _kill_process(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@contextmanager
def bare() -> Iterator[Bare]:
    """Servers and a worker, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as name, sandbox() as servers:
        folder = Path(name)
        environment = clean_environment(
            **servers.environment,
            CLOUDZERO_BODY_BYTES=str(BODY_BYTES),
            CLOUDZERO_DROP_SECONDS="20",
            XDG_STATE_HOME=str(folder / "state"),
            PYTHONPATH=os.pathsep.join(filter(None, sys.path)),
        )
        servers.cloudzero.settings = StandInSettings(costs_calls_a_day=1_000_000)
        worker = Worker(environment)
        s3 = boto3.client(
            "s3",
            endpoint_url=servers.s3_url,
            region_name="us-east-1",
            aws_access_key_id="chaos",
            aws_secret_access_key="chaos",
        )
        try:
            yield Bare(servers.cloudzero, environment, worker, s3, folder)
        finally:
            s3.close()
            worker.close()


def tell(world: Bare, schedule: Schedule) -> list[str]:
    """Run one story; returns the violations of the invariant."""
    world.cloudzero.reset()
    world.storage = world.folder / str(schedule.seed)
    world.unknown = schedule.unknown
    versions = [version(1)]
    found: list[str] = []
    world.upload(versions[-1])
    if schedule.before:
        world.run()
        found += _in_order(world, versions, "the first version")
        versions.append(version(2))
        world.upload(versions[-1])
    for kill, upload in zip(schedule.kills, schedule.upload_after, strict=True):
        killed = world.run(kill)
        found += _told(world, versions, f"{kill}, killed: {killed}")
        if upload:
            versions.append(version(len(versions) + 1))
            world.upload(versions[-1])
    world.run()
    found += _in_order(world, versions, "recovery")
    most = world.cloudzero.max_in_flight(CONNECTION_ID)
    if most > 1 and not any(kill.at != "write" for kill in schedule.kills):
        found.append(f"{most} requests in flight at once")
    if world.cloudzero.counters.crashes:
        found.append("the stand-in itself failed")
    return [f"seed {schedule.seed}: {one}" for one in found]


def _in_order(world: Bare, versions: list[Rows], when: str) -> list[str]:
    """What is wrong when the newest version must be there, with its receipt."""
    found = []
    if world.held() != sorted(versions[-1].items()):
        found.append(f"after {when} the month does not hold the newest version")
    last, receipt = world.journal.last(MONTH), world.journal.receipt(MONTH)
    if last is None or not last.verdict.has_receipt:
        found.append(f"after {when} the last attempt is {last and last.verdict}: {last}")
    if receipt is None or not _says(receipt, versions[-1]):
        found.append(f"after {when} the receipt does not tell of the newest version")
    return found


def _told(world: Bare, versions: list[Rows], when: str) -> list[str]:
    """What is wrong after a kill: an unreported mixture, or not the version of the receipt."""
    held, receipt = world.held(), world.journal.receipt(MONTH)
    known = [sorted(rows.items()) for rows in versions]
    if held and held not in known:
        world.mixtures += 1
    if receipt is None:
        in_order = not held
    else:
        in_order = held in known and _says(receipt, versions[known.index(held)])
    if in_order:
        return []
    last = world.journal.last_sent(MONTH)
    if last is not None and last.verdict in {Verdict.SENDING, Verdict.INCOMPLETE}:
        return []
    return [f"after {when}: the month is not what its receipt says, and the last attempt is {last}"]


def _says(receipt: Attempt, rows: Rows) -> bool:
    return (receipt.row_count, Decimal(receipt.total_credit_usd or 0)) == (
        len(rows),
        sum(rows.values()),
    )


def run_bare(seed: int, count: int) -> tuple[list[str], str]:
    """Run stories from a seed; returns the violations and figures."""
    begun = time.monotonic()
    violations = []
    with bare() as world:
        for number in range(count):
            violations += tell(world, Schedule.of(seed + number))
        violations += secrets_in(world.folder)
    seconds = time.monotonic() - begun
    return violations, (
        f"{count} schedules, {world.runs} runs, {world.killed} killed, {world.mixtures} left a "
        f"mixture, {len(violations)} violations, {seconds:.0f} s"
    )


def secrets_in(folder: Path) -> list[str]:
    """The files that contain the API key: there must be none."""
    return [
        f"the API key is in {path}"
        for path in folder.rglob("*")
        if path.is_file() and API_KEY.encode() in path.read_bytes()
    ]


def main() -> int:
    """Run both kinds; returns 1 if anything was violated."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    parser.add_argument("--bare", type=int, default=180)
    parser.add_argument("--live", type=int, default=20)
    parser.add_argument("--wing", type=int, default=50)
    asked = parser.parse_args()
    say = sys.stdout.write
    say(f"seed {asked.seed}\n")
    violations, figures = run_bare(asked.seed, asked.bare)
    say(f"bare process: {figures}\n")
    if asked.live:
        # It imports this module, so this module can't import it at the top.
        from credits_pipeline_tests.faults import chaos_live

        kinds = [chaos_live.BY_SHIPPED, chaos_live.BY_LIMITS]
        if missing() is None:
            kinds.append(chaos_live.BY_DATABASE)
        for number, targets in enumerate(kinds):
            count = len(range(number, asked.live, len(kinds)))
            more, figures = chaos_live.run_live(asked.seed, count, targets)
            say(f"dagster dev, {' or '.join(targets)}: {figures}\n")
            violations += more
    if asked.wing:
        from credits_pipeline_tests.faults import chaos_wing

        more, figures = chaos_wing.run_wing(asked.seed, asked.wing)
        say(f"bills taken in, published and closed: {figures}\n")
        violations += more
    for one in violations:
        say(f"VIOLATION {one}\n")
    return 1 if violations else 0


if __name__ == "__main__":
    raise SystemExit(main())
