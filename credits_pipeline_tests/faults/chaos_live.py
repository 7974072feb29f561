"""Kills in a whole `dagster dev`: a run's process, the daemon, the code server, or everything.

The invariant is that of `credits_pipeline_tests.faults.chaos`: the month completes by itself, or
its last attempt is incomplete or failed with advice, and a new run of it works at once.
"""

import os
import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import httpx

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.storage.store import FolderStore
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline.credits.state.journal import Journal
from credits_pipeline.sandbox.dagster_dev import DagsterDev, DagsterDevError
from credits_pipeline.sandbox.servers import (
    API_KEY,
    CONNECTION_ID,
    Sandbox,
    clean_environment,
    sandbox,
)
from credits_pipeline.sandbox.servers import upload as put
from credits_pipeline_tests.faults.chaos import BODY_BYTES, Rows, as_csv, secrets_in, version
from credits_pipeline_tests.live.answers import all_answers
from credits_pipeline_tests.live.world import LAUNCH, SHIPPED_YAML
from credits_pipeline_tests.postgres import (
    PASSWORD,
    PASSWORD_VARIABLE,
    PostgresServer,
    postgres_server,
)

Target = Literal["run", "daemon", "code server", "everything", "database"]
FIRST = BillingMonth(2024, 1)
#: What the kernel's table shows for each process of `dagster dev`.
COMMANDS: dict[Target, bytes] = {
    "run": b"spawn_main",
    "daemon": b"dagster._daemon",
    "code server": b"api grpc",
}
#: Only Dagster's run monitoring notices a run that dies with its code server, and its limits are
#: hours: shorter ones let the recovery follow its kill within the schedule.
SOONER = {
    "poll_interval_seconds: 5\n": "poll_interval_seconds: 2\n",
    "start_timeout_seconds: 180\n": "start_timeout_seconds: 30\n",
    "max_runtime_seconds: 7200\n": "max_runtime_seconds: 45\n",
}
#: What recovers within seconds under the shipped dagster.yaml, and what waits for its limits.
BY_SHIPPED: tuple[Target, ...] = ("run", "daemon")
BY_LIMITS: tuple[Target, ...] = ("code server", "everything")
#: It is gone for so long that the runs can't even report their failure.
BY_DATABASE: tuple[Target, ...] = ("database",)
DATABASE_AWAY = 30.0
DATABASE = "postgres"
#: How long a month may take to complete by itself before a person steps in.
PATIENCE = 240.0


@dataclass
class LiveWorld:
    """A `dagster dev` that is started again after every kill."""

    servers: Sandbox
    folder: Path
    environment: dict[str, str]
    dagster: DagsterDev
    database: PostgresServer | None = None
    by_itself: int = 0
    by_a_person: int = 0
    untouched: int = 0
    seconds: list[float] = field(default_factory=list)

    @property
    def journal(self) -> Journal:
        """What the runs recorded."""
        return Journal(FolderStore(self.folder / "credits"))

    def start(self) -> None:
        """Start it with its existing home."""
        self.dagster = DagsterDev(self.folder / "home", self.environment)
        self.dagster.start()
        self.dagster.wait_until_ready(2 * PATIENCE)

    def restart_if_dead(self) -> None:
        """Start it again if it ended, as a service manager does."""
        try:
            self.dagster.check_alive()
        except DagsterDevError:
            self.dagster.stop()
            self.start()

    def processes(self, target: Target) -> list[int]:
        """The process ids of one kind."""
        group = self.dagster.group
        if target == "everything":
            return [pid for pid, _ in _members(group)]
        return [pid for pid, command in _members(group) if COMMANDS[target] in command]

    def kill(self, target: Target) -> bool:
        """kill -9; returns whether there was a process. A database comes back after a while."""
        if target == "database":
            assert self.database is not None
            self.database.stop(signal.SIGQUIT)
            time.sleep(DATABASE_AWAY)
            self.database.start()
            return True
        found = self.processes(target)
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        return bool(found)

    def holds(self, month: BillingMonth, rows: Rows) -> bool:
        """Whether the stream holds exactly these rows."""
        held = self.servers.cloudzero.rows(CONNECTION_ID, str(month))
        return sorted((row["resource/account"], -Decimal(row["cost/cost"])) for row in held) == (
            sorted(rows.items())
        )

    def in_order(self, month: BillingMonth, rows: Rows) -> bool:
        """Whether the month holds these rows and the receipt says so."""
        receipt = self.journal.receipt(month)
        return (
            receipt is not None
            and Decimal(receipt.total_credit_usd or 0) == sum(rows.values())
            and self.holds(month, rows)
        )

    def until(self, true: Callable[[], bool], seconds: float) -> bool:
        """Wait for something, and restart Dagster when it ends; returns whether it came."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if true():
                return True
            self.restart_if_dead()
            time.sleep(0.25)
        return true()

    def materialise(self, month: BillingMonth) -> None:
        """What a person does who follows the attempt's advice."""
        tag = {"key": "dagster/partition", "value": month.partition_key}
        answer = self.dagster.graphql(
            LAUNCH,
            params={
                "selector": {
                    "repositoryLocationName": "credits_pipeline",
                    "repositoryName": "__repository__",
                    "jobName": "credits_month",
                },
                "mode": "default",
                "executionMetadata": {"tags": [tag]},
            },
        )["launchPipelineExecution"]
        if answer["__typename"] != "LaunchRunSuccess":
            raise DagsterDevError(str(answer))


def _members(group: int) -> Iterator[tuple[int, bytes]]:
    """Processes of a group or session with their commands, from the kernel's own table."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(") ")[2].split()
            command = (stat.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if fields[0] != "Z" and group in (int(fields[2]), int(fields[3])):
            yield int(stat.parent.name), command


def dagster_yaml(targets: tuple[Target, ...]) -> str:
    """The shipped one, with shorter limits if recovery depends on them."""
    text = SHIPPED_YAML
    if not set(targets) & set(BY_LIMITS):
        return text
    for shipped, shorter in SOONER.items():
        assert shipped in text
        text = text.replace(shipped, shorter)
    return text


@contextmanager
def live(targets: tuple[Target, ...]) -> Iterator[LiveWorld]:
    """Servers and a `dagster dev`, until the block ends."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-live-")))
        servers = stack.enter_context(sandbox())
        home = folder / "home"
        home.mkdir()
        text, database = dagster_yaml(targets), None
        if "database" in targets:
            database = stack.enter_context(postgres_server())
            text += database.dagster_yaml(DATABASE)
        (home / "dagster.yaml").write_text(text)
        environment = clean_environment(
            **servers.environment,
            CREDITS_SENSOR_SECONDS="1",
            CREDITS_STORAGE=str(folder / "credits"),
            CREDITS_UNKNOWN_ACCOUNTS="send",
            CLOUDZERO_BODY_BYTES=str(BODY_BYTES),
            CLOUDZERO_DROP_SECONDS="20",
            XDG_STATE_HOME=str(folder / "state"),
            **{PASSWORD_VARIABLE: PASSWORD},
        )
        world = LiveWorld(servers, folder, environment, DagsterDev(home, environment), database)
        world.start()
        try:
            yield world
        finally:
            world.dagster.stop()


def strike(world: LiveWorld, number: int, target: Target, rng: random.Random) -> list[str]:
    """One upload, one kill during what follows, and recovery; returns the violations."""
    month, rows = FIRST.shift(number), version(rng.randrange(1000))
    found: list[str] = []
    put(world.servers, f"credits-{month}.csv", as_csv(rows))
    begun = time.monotonic()
    if target == "run":
        world.until(lambda: bool(world.processes("run")), 30)
    time.sleep(rng.uniform(0, 5))
    in_order_before = world.in_order(month, rows)
    world.kill(target)
    found += _told(world, month, rows)
    if in_order_before:
        world.untouched += 1
    elif world.until(lambda: world.in_order(month, rows), PATIENCE):
        world.by_itself += 1
        world.seconds.append(time.monotonic() - begun)
    else:
        last = world.journal.last(month)
        if last is not None and not (
            last.verdict in {Verdict.INCOMPLETE, Verdict.FAILED} and last.what_to_do
        ):
            found.append(f"{month}: not in order, and its last attempt is {last}")
        _ask(world, month)
        if world.until(lambda: world.in_order(month, rows), PATIENCE):
            world.by_a_person += 1
        else:
            found.append(f"{month}: a new run did not complete it: {world.journal.last(month)}")
    return [f"kill {number} of the {target}: {one}" for one in found]


def _ask(world: LiveWorld, month: BillingMonth) -> None:
    def asked() -> bool:
        try:
            world.materialise(month)
        except (httpx.HTTPError, DagsterDevError):
            return False
        return True

    world.until(asked, PATIENCE)


def _told(world: LiveWorld, month: BillingMonth, rows: Rows) -> list[str]:
    """What is wrong right after a kill: rows in the stream that nothing reports."""
    held = world.servers.cloudzero.rows(CONNECTION_ID, str(month))
    if not held or world.in_order(month, rows):
        return []
    last = world.journal.last_sent(month)
    if last is not None and last.verdict in {Verdict.SENDING, Verdict.INCOMPLETE}:
        return []
    if last is not None and last.verdict.has_receipt and world.holds(month, rows):
        return []
    return [f"{month}: {len(held)} rows that nothing tells of"]


def run_live(seed: int, count: int, targets: tuple[Target, ...]) -> tuple[list[str], str]:
    """Kills from a seed, of each target in turn; returns the violations and figures."""
    rng: Any = random.Random(seed)  # noqa: S311 - schedules, not secrets
    begun, violations = time.monotonic(), []
    with live(targets) as world:
        for number in range(count):
            violations += strike(world, number, targets[number % len(targets)], rng)
        world.restart_if_dead()
        told = all_answers(world.dagster)
        world.dagster.stop()
        violations += secrets_in(world.folder)
        if world.database is not None:
            told |= {f"row {n}": row for n, row in enumerate(world.database.texts(DATABASE))}
        violations += [
            f"a secret is in {where}" for where, t in told.items() if API_KEY in t or PASSWORD in t
        ]
        most = world.servers.cloudzero.max_in_flight(CONNECTION_ID)
        slowest = max(world.seconds, default=0.0)
        figures = (
            f"{count} kills, {world.by_itself} months completed by themselves (the slowest "
            f"{slowest:.0f} s after its upload), {world.by_a_person} by a new run, "
            f"{world.untouched} were done before, at most {most} requests in flight, "
            f"{len(violations)} violations, {time.monotonic() - begun:.0f} s"
        )
    return violations, figures
