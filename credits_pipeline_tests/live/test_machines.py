"""More than one machine: steps on Celery's workers, Dagster in PostgreSQL, files in S3."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from credits_pipeline.sandbox.servers import CONNECTION_ID
from credits_pipeline_tests import redis_server
from credits_pipeline_tests.live.machines import (
    FIRST,
    Machines,
    backfill_with_a_kill,
    credits_of,
    machines,
)
from credits_pipeline_tests.postgres import PostgresServer

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]


@pytest.fixture
def world(tmp_path: Path, postgres: PostgresServer) -> Iterator[Machines]:
    why_not = redis_server.missing()
    if why_not:
        pytest.skip(why_not)
    with redis_server.redis_server() as redis, machines(tmp_path, postgres, redis) as running:
        yield running


def test_a_backfill_over_two_workers_survives_the_death_of_one(world: Machines) -> None:
    months = [FIRST.shift(n) for n in range(2)]
    backfill_with_a_kill(world, months, processes=1)
    for month in months:
        receipt = world.journal.receipt(month)
        assert receipt is not None
        assert receipt.verdict.has_receipt
        assert world.held(month) == credits_of(month)
    assert world.servers.cloudzero.max_in_flight(CONNECTION_ID) == 1
    (worker,) = (one for one in world.workers.values() if one.process.poll() is None)
    assert not has_loaded("polars", worker.process.pid)
    assert any(has_loaded("polars", child) for child in worker.children())
    assert [run["status"] for run in world.runs()] == ["SUCCESS", "SUCCESS"]
    lines = [line for name in world.workers for line in world.log(name).splitlines()]
    told = [json.loads(line) for line in lines if line.startswith('{"event":"credits_run"')]
    assert {line["billing_month"] for line in told} == set(map(str, months))
    for path in world.folder.rglob("*"):
        if path.is_file():
            assert redis_server.PASSWORD.encode() not in path.read_bytes(), path


def has_loaded(library: str, pid: int) -> bool:
    """Whether a process has a library's code in its memory."""
    return library in Path(f"/proc/{pid}/maps").read_text()
