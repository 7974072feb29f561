"""The storage is full or read-only at each write, and databases are locked.

The small disk is a tmpfs in the worker's own mount namespace: it needs root, and leaves no trace on
the machine.
"""

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from threading import Timer

import dagster as dg
import pytest

from credits_pipeline.core.storage.store import FolderStore
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline.credits.state.journal import Journal
from credits_pipeline.sandbox.cloudzero import Fault
from credits_pipeline.sandbox.cloudzero.journal import RequestRecord
from credits_pipeline.sandbox.servers import CONNECTION_ID
from credits_pipeline_tests.credits.assets.conftest import Pipeline
from credits_pipeline_tests.faults.chaos import MONTH, Bare, Rows, Worker, bare

PAGE = 4096
ROWS = {f"{100_000_000_000 + n}": Decimal(1000 + n) for n in range(20)}
GOOD = b"047210934418,$150000.00\n"


def why_no_small_disk() -> str | None:
    """Why this machine can't mount one, or None."""
    if os.geteuid() != 0:
        return "a small disk takes root"
    tried = subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],  # noqa: S607 - where it lies
        check=False,
        capture_output=True,
        text=True,
    )
    return None if tried.returncode == 0 else f"no mount namespaces here: {tried.stderr.strip()}"


@dataclass
class SmallDisk:
    """A worker whose storage is on a disk of this many pages."""

    world: Bare
    worker: Worker
    folder: Path

    def mount(self, options: str) -> None:
        """Change it, from within the worker's namespace."""
        inside = ["nsenter", "-t", str(self.worker.pid), "-m"]
        subprocess.run([*inside, "mount", "-o", f"remount,{options}", str(self.folder)], check=True)

    def empty(self) -> None:
        inside = ["nsenter", "-t", str(self.worker.pid), "-m"]
        subprocess.run([*inside, "find", str(self.folder), "-mindepth", "1", "-delete"], check=True)

    def run(self) -> None:
        self.worker.start(
            environment={
                "CREDITS_STORAGE": str(self.folder),
                "CREDITS_UNKNOWN_ACCOUNTS": "send",
            },
            partition=MONTH.partition_key,
            kill_at_write=None,
            log=f"{self.folder}.log",
        )
        assert not self.worker.wait()

    @property
    def journal(self) -> Journal:
        return Journal(FolderStore(Path(f"/proc/{self.worker.pid}/root{self.folder}")))

    @property
    def said(self) -> str:
        """What the last run wrote on standard error."""
        return Path(f"{self.folder}.log").read_text()

    def holds(self, rows: Rows) -> bool:
        held = self.world.cloudzero.rows(CONNECTION_ID, str(MONTH))
        return {row["resource/account"]: -Decimal(row["cost/cost"]) for row in held} == rows


@pytest.fixture(scope="module")
def machine() -> Iterator[SmallDisk]:
    missing = why_no_small_disk()
    if missing:
        pytest.skip(missing)
    with bare() as world:
        folder = world.folder / "small"
        folder.mkdir()
        mounted = f'mount -t tmpfs -o size=10m tmpfs "{folder}" && exec "$@"'
        worker = Worker(world.environment, below=("unshare", "-m", "sh", "-c", mounted, "-"))
        try:
            world.upload(ROWS)
            yield SmallDisk(world, worker, folder)
        finally:
            worker.close()


@pytest.fixture
def disk(machine: SmallDisk) -> SmallDisk:
    machine.mount("size=10m,rw")
    machine.empty()
    machine.world.cloudzero.reset()
    Path(f"{machine.folder}.log").unlink(missing_ok=True)
    return machine


def is_told(disk: SmallDisk) -> bool:
    """Whether what the stream holds is what the storage says, or the run was red."""
    last = disk.journal.last_sent(MONTH)
    if not any(record.operation == "create" for record in disk.world.cloudzero.log):
        return disk.holds({}) and last is None
    if last is None:
        return False
    return last.verdict in {Verdict.SENDING, Verdict.INCOMPLETE} or disk.holds(ROWS)


@pytest.mark.live
@pytest.mark.timeout(300)
def test_a_full_storage_sends_nothing_unreported_and_free_space_completes_the_month(
    disk: SmallDisk,
) -> None:
    """From a disk of one page to one that is large enough: each write is the first to fail once."""
    failed = 0
    for pages in range(1, 200, 3):
        disk.empty()
        disk.world.cloudzero.reset()
        disk.mount(f"size={pages * PAGE}")
        disk.run()
        assert is_told(disk), pages
        receipt = disk.journal.receipt(MONTH)
        enough = receipt is not None and receipt.verdict is Verdict.VERIFIED
        assert not enough or disk.holds(ROWS)
        last = disk.journal.last(MONTH)
        if enough and last is not None and last.verdict is Verdict.VERIFIED:
            break
        failed += 1
        disk.mount("size=10m")
        disk.run()
        assert disk.holds(ROWS), pages
        last = disk.journal.last(MONTH)
        assert last is not None
        assert last.verdict.has_receipt, pages
    assert failed > 5
    assert "No space left on device" in disk.said
    assert "What to do: check that the folder CREDITS_STORAGE is writable" in disk.said


@pytest.mark.live
def test_a_storage_that_is_read_only_sends_nothing(disk: SmallDisk) -> None:
    disk.mount("ro")
    disk.run()
    assert disk.world.cloudzero.log == []
    assert "Read-only file system" in disk.said
    disk.mount("rw")
    disk.run()
    assert disk.holds(ROWS)


def test_a_lock_that_has_no_place_sends_nothing_and_names_the_variable(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    pipeline.upload(GOOD)
    attempt = pipeline.attempt(pipeline.run())
    assert attempt.verdict is Verdict.FAILED
    assert "XDG_STATE_HOME" in attempt.what_to_do
    assert not any(record.operation == "create" for record in pipeline.cloudzero.log)


def test_dagster_s_own_database_locked_in_the_middle_of_a_drop_is_waited_for(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    """Another process holds SQLite, such as a backup."""
    pipeline.upload(GOOD)
    holders: list[sqlite3.Connection] = []

    def let_go() -> None:
        for holder in holders:
            holder.rollback()
            holder.close()

    release = Timer(3, let_go)

    def lock(record: RequestRecord) -> bool:
        if record.operation == "create" and not holders:
            for path in tmp_path.rglob("*.db"):
                holders.append(sqlite3.connect(path, check_same_thread=False))
                holders[-1].execute("BEGIN IMMEDIATE")
            release.start()
        return False

    pipeline.cloudzero.inject(Fault(operation="create", kind="delay", when=lock, at=1))
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        pipeline.instance = instance
        result = pipeline.run()
    release.join()
    assert holders
    assert result.success
    assert pipeline.attempt(result).verdict is Verdict.VERIFIED
    assert pipeline.held() == {"047210934418": "-150000.00"}
