"""The product with PostgreSQL as Dagster's storage: its daemon, its lock, and what breaks."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline.sandbox.cloudzero import Fault
from credits_pipeline.sandbox.servers import API_KEY, CONNECTION_ID
from credits_pipeline_tests.live.answers import all_answers
from credits_pipeline_tests.live.world import Live, running
from credits_pipeline_tests.postgres import PASSWORD, PASSWORD_VARIABLE, PostgresServer

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

#: Four bodies of the size that is set below.
FILE = "".join(f"{account:012d},$1000.00\n" for account in range(1, 151)).encode()
TOTAL = "150000.00"


@dataclass
class OnPostgres(Live):
    """Everything that runs, with its database."""

    server: PostgresServer
    database: str

    def slow_at(self, month: BillingMonth, body: int) -> None:
        """Let a month's body wait at CloudZero until faults are cleared."""
        self.servers.cloudzero.inject(
            Fault(operation="create", at=body, kind="hold", month=str(month), commit=True)
        )

    def holder(self) -> int:
        """The one session that holds an advisory lock."""
        (pid,) = self.wait_for("a lock", lambda: self.server.sessions_with_locks(self.database), 60)
        return int(pid)

    def in_flight(self, month: BillingMonth, body: int) -> None:
        """Wait until so many bodies of a month are with CloudZero."""

        def arrived() -> bool:
            log = self.servers.cloudzero.log
            return sum(r.operation == "create" and r.month == str(month) for r in log) == body

        self.wait_for(f"body {body} of {month}", arrived, 60)


@pytest.fixture(scope="module")
def live(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OnPostgres]:
    database = postgres.create_database()
    with running(
        tmp_path_factory.mktemp("postgres"),
        more_yaml=postgres.dagster_yaml(database),
        CLOUDZERO_BODY_BYTES="10000",
        **{PASSWORD_VARIABLE: PASSWORD},
    ) as live:
        yield OnPostgres(live.dagster, live.servers, live.home, postgres, database)


def test_a_run_whose_lock_is_cut_sends_no_more_and_the_run_that_waits_begins_after_it(
    live: OnPostgres,
) -> None:
    cut, waits = BillingMonth(2025, 2), BillingMonth(2025, 3)
    live.slow_at(cut, 2)
    live.upload(cut, FILE)
    live.in_flight(cut, 2)
    run_id = live.sending(cut).run_id
    holder = live.holder()
    live.upload(waits, FILE)
    live.wait_for("the run that waits", lambda: "in use by another run" in live.told(waits), 60)
    live.server.end_session(holder)
    # The lock in the database is free, and the request is still on its way.
    assert live.server.sessions_with_locks(live.database) == []
    live.servers.cloudzero.clear_faults()
    assert live.receipt(waits, TOTAL).verdict is Verdict.VERIFIED
    assert [run["status"] for run in live.finished(waits, 1)] == ["SUCCESS"]
    attempt = live.journal.attempt(cut, run_id)
    assert attempt is not None
    assert attempt.verdict is Verdict.INCOMPLETE
    assert "the lock of stream" in attempt.reason
    (run,) = live.finished(cut, 1)
    assert run["status"] == "FAILURE"
    assert live.servers.cloudzero.max_in_flight(CONNECTION_ID) == 1
    live.rematerialise(cut)
    assert live.receipt(cut, TOTAL).verdict is Verdict.VERIFIED
    assert len(live.held(cut)) == len(live.held(waits)) == 150


def test_neither_key_nor_password_is_in_a_file_the_database_or_an_answer(live: OnPostgres) -> None:
    assert live.found_in_files(API_KEY, PASSWORD) == []
    texts = live.server.texts(live.database)
    answers = list(all_answers(live.dagster).values())
    assert any("sending body 1" in text for text in texts)
    assert any("sending body 1" in answer for answer in answers)
    assert [told for told in texts + answers if API_KEY in told or PASSWORD in told] == []
