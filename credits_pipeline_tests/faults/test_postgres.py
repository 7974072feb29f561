"""The database fails during a drop: the lock is lost, and so is Dagster's log."""

from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from credits_pipeline.core.settings import Schedule
from credits_pipeline.credits.assets.build import build_definitions
from credits_pipeline.credits.inbox.bucket import Inbox
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline.sandbox.cloudzero import CloudZeroStandIn, Fault
from credits_pipeline.sandbox.cloudzero.journal import RequestRecord
from credits_pipeline_tests.conftest import CONNECTION_ID
from credits_pipeline_tests.credits.assets.conftest import JANUARY, Pipeline
from credits_pipeline_tests.faults.test_asking_again import MINUTES, Daemon, daemon
from credits_pipeline_tests.postgres import PASSWORD, PASSWORD_VARIABLE, PostgresServer

__all__ = ["daemon"]

#: Their rows make four bodies.
ACCOUNTS = {f"{n:012d}": f"-{1000 + n}.00" for n in range(1, 151)}
FILE = "".join(f"{account},${cost[1:]}\n" for account, cost in ACCOUNTS.items()).encode()


@pytest.fixture
def database(postgres: PostgresServer) -> str:
    return postgres.create_database()


@pytest.fixture
def pipeline(
    inbox: Inbox,
    cloudzero: CloudZeroStandIn,
    postgres: PostgresServer,
    database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Pipeline]:
    """The whole pipeline in this process, with Dagster on PostgreSQL."""
    monkeypatch.setenv("CLOUDZERO_BODY_BYTES", "10000")
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    (tmp_path / "dagster.yaml").write_text(
        "telemetry: {enabled: false}\n" + postgres.dagster_yaml(database)
    )
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        yield Pipeline(build_definitions(schedule=Schedule()), instance, inbox, cloudzero)


@pytest.fixture
def go(postgres: PostgresServer, database: str) -> dict[str, Callable[[], None]]:
    """Ways in which it can fail."""

    def cut() -> None:
        for pid in postgres.sessions_with_locks(database):
            postgres.end_session(pid)

    def restart() -> None:
        postgres.stop()
        postgres.start()

    return {"its session is cut": cut, "the server restarts": restart}


@pytest.mark.parametrize(
    ("how", "body"),
    [("the server restarts", 2), ("its session is cut", 4)],
)
def test_a_lock_that_is_lost_while_a_body_is_sent_leaves_the_month_reported_and_completed_later(
    *,
    pipeline: Pipeline,
    daemon: Daemon,
    go: dict[str, Callable[[], None]],
    how: str,
    body: int,
) -> None:
    arrived = 0

    def it_goes(_: RequestRecord) -> bool:
        nonlocal arrived
        arrived += 1
        if arrived == body:
            go[how]()
        return False

    pipeline.cloudzero.inject(Fault(operation="create", kind="delay", when=it_goes))
    pipeline.upload(FILE)
    daemon.work()
    (attempt,) = [pipeline.attempt(result) for result in daemon.results]
    assert attempt.verdict is Verdict.INCOMPLETE
    assert "the lock of stream" in attempt.reason
    assert not attempt.permanent
    assert pipeline.journal.receipt(JANUARY) is None
    # Nothing was sent or read after it.
    assert pipeline.cloudzero.log[-1].operation == "create"
    assert sum(r.operation == "create" for r in pipeline.cloudzero.log) == body
    pipeline.cloudzero.clear_faults()
    assert daemon.work(10 * MINUTES) == 0
    assert daemon.work(6 * MINUTES) == 1
    assert daemon.verdicts == [Verdict.INCOMPLETE, Verdict.VERIFIED]
    assert pipeline.held() == ACCOUNTS
    assert pipeline.cloudzero.max_in_flight(CONNECTION_ID) == 1
