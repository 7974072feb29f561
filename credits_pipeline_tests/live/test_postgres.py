"""The product as in production: Dagster in PostgreSQL, and the bucket's events for files.

Its sensors run in threads, and the inbox is listed once an hour, so every run starts by an event.
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from unittest.mock import patch

import pytest

from credits_pipeline.core import aws
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.inbox.bucket import Inbox
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline.sandbox.cloudzero import Fault
from credits_pipeline.sandbox.servers import API_KEY, BUCKET, CONNECTION_ID, Sandbox, sandbox
from credits_pipeline_tests.credits.inbox.queues import BucketEvents, events_of
from credits_pipeline_tests.live.answers import all_answers
from credits_pipeline_tests.live.world import SELECTOR, Live, running
from credits_pipeline_tests.postgres import PASSWORD, PASSWORD_VARIABLE, PostgresServer
from credits_pipeline_tests.waiting import eventually

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]

#: As in production.
THREADS = "sensors: {use_threads: true, num_workers: 4}\n"
#: Four bodies of the size set below.
FILE = "".join(f"{account:012d},$1000.00\n" for account in range(1, 151)).encode()
TOTAL = "150000.00"


@dataclass
class OnPostgres(Live):
    """Everything that runs, with its database."""

    server: PostgresServer
    database: str
    events: BucketEvents

    def slow_at(self, month: BillingMonth, body: int) -> None:
        """Make a month's body wait in CloudZero until faults are cleared."""
        self.servers.cloudzero.inject(
            Fault(operation="create", at=body, kind="hold", month=str(month), commit=True)
        )

    def holder(self) -> int:
        """The only session that holds an advisory lock."""
        (pid,) = self.wait_for("a lock", lambda: self.server.sessions_with_locks(self.database))
        return int(pid)

    def in_flight(self, month: BillingMonth, body: int) -> None:
        """Wait until this many bodies of a month are in CloudZero."""

        def arrived() -> bool:
            log = self.servers.cloudzero.log
            return sum(r.operation == "create" and r.month == str(month) for r in log) == body

        self.wait_for(f"body {body} of {month}", arrived)

    def messages(self) -> int:
        """How many messages are in the queue."""
        with patch.dict(os.environ, with_queue(self.servers)):
            aws.forget_clients()
            return self.events.left

    def ticks(self) -> list[str]:
        """How the sensor's ticks ended."""
        query = """query Ticks($s: SensorSelector!) { sensorOrError(sensorSelector: $s) {
            ... on Sensor { sensorState { ticks(limit: 100, statuses: [SUCCESS, SKIPPED, FAILURE]) {
                status } } } } }"""
        answer = self.dagster.graphql(query, s={**SELECTOR, "sensorName": "credits_files"})
        return [tick["status"] for tick in answer["sensorOrError"]["sensorState"]["ticks"]]


def with_queue(servers: Sandbox) -> dict[str, str]:
    """The environment with the bucket's queue."""
    return {**servers.environment, "AWS_ENDPOINT_URL_SQS": servers.s3_url}


@pytest.fixture(scope="module")
def live(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OnPostgres]:
    database = postgres.create_database()
    with sandbox() as servers, patch.dict(os.environ, with_queue(servers)):
        aws.forget_clients()
        with (
            events_of(Inbox(BUCKET), servers.s3_url) as events,
            running(
                tmp_path_factory.mktemp("postgres"),
                on=servers,
                more_yaml=f"{THREADS}{postgres.dagster_yaml(database)}",
                AWS_ENDPOINT_URL_SQS=servers.s3_url,
                CLOUDZERO_BODY_BYTES="10000",
                CREDITS_EVENTS_QUEUE=events.queue.url,
                CREDITS_SENSOR_SECONDS="3600",
                **{PASSWORD_VARIABLE: PASSWORD},
            ) as live,
        ):
            yield OnPostgres(live.dagster, servers, live.home, postgres, database, events)
        aws.forget_clients()


def seconds_to_run(live: OnPostgres, month: BillingMonth) -> tuple[float, float]:
    """From an upload until Dagster has the run, and until it is launched."""
    query = """query Runs($month: String!) { runsOrError(filter: {tags: [
        {key: "dagster/partition", value: $month}]}) {
        ... on Runs { results { creationTime startTime
            eventConnection { events { __typename ... on MessageEvent { timestamp } } } } } } }"""
    uploaded = time.time()
    live.upload(month, b"047210934418,$150000.00\n")
    live.receipt(month, "150000.00")
    (run,) = live.dagster.graphql(query, month=month.partition_key)["runsOrError"]["results"]
    launched = next(
        float(event["timestamp"]) / 1000
        for event in run["eventConnection"]["events"]
        if event["__typename"] == "RunStartingEvent"
    )
    return run["creationTime"] - uploaded, launched - uploaded


def test_files_start_by_the_bucket_s_events_alone_and_once(
    live: OnPostgres, record_property: Callable[[str, object], None]
) -> None:
    live.wait_for("the list that a new installation begins with", live.ticks)
    months = [BillingMonth(2025, 6).shift(n) for n in range(2)]
    took = [seconds_to_run(live, month) for month in months]
    record_property("seconds_to_run_and_to_launch", took)
    eventually(lambda: live.messages() == 0, "messages were left")
    for month in months:
        assert len(live.runs(month)) == 1
    assert "FAILURE" not in live.ticks()


def test_a_run_whose_lock_is_cut_sends_no_more_and_the_run_that_waits_begins_after_it(
    live: OnPostgres,
) -> None:
    cut, waits = BillingMonth(2025, 2), BillingMonth(2025, 3)
    live.wait_for("the list that a new installation begins with", live.ticks)
    live.slow_at(cut, 2)
    live.upload(cut, FILE)
    live.in_flight(cut, 2)
    run_id = live.sending(cut).run_id
    holder = live.holder()
    live.upload(waits, FILE)
    live.wait_for("the run that waits", lambda: "in use by another run" in live.told(waits))
    live.server.end_session(holder)
    # The database's lock is free, but the request is still on its way.
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
