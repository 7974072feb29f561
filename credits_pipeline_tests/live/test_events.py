"""A file that starts because the bucket tells of it, on a `dagster dev` that lists once an hour."""

import os
import time
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from unittest.mock import patch

import pytest

from credits_pipeline.core import aws
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.inbox.bucket import Inbox
from credits_pipeline.sandbox.dagster_dev import DagsterDev
from credits_pipeline.sandbox.servers import BUCKET, clean_environment, sandbox
from credits_pipeline_tests.credits.inbox.queues import BucketEvents, events_of
from credits_pipeline_tests.live.test_dagster_dev import SELECTOR, Live
from credits_pipeline_tests.waiting import eventually

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]
MONTHS = [BillingMonth(2025, 1).shift(n) for n in range(2)]
SANDBOX_YAML = files("credits_pipeline.sandbox").joinpath("dagster.yaml").read_text()
#: As in production.
THREADS = "sensors: {use_threads: true, num_workers: 4}\n"


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[tuple[Live, BucketEvents]]:
    with sandbox() as servers, patch.dict(os.environ, servers.environment):
        aws.forget_clients()
        with events_of(Inbox(BUCKET), servers.s3_url) as events:
            environment = clean_environment(
                **servers.environment,
                AWS_ENDPOINT_URL_SQS=servers.s3_url,
                CREDITS_EVENTS_QUEUE=events.queue.url,
                CREDITS_SENSOR_SECONDS="3600",
                CREDITS_STORAGE=str(tmp_path / "credits"),
                XDG_STATE_HOME=str(tmp_path / "state"),
            )
            home = tmp_path / "dagster"
            home.mkdir()
            (home / "dagster.yaml").write_text(SANDBOX_YAML + THREADS)
            with DagsterDev(home, environment) as dagster:
                dagster.wait_until_ready()
                yield Live(dagster, servers, tmp_path), events
        aws.forget_clients()


def seconds_to_run(live: Live, month: BillingMonth) -> tuple[float, float]:
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
    listening: tuple[Live, BucketEvents], record_property: Callable[[str, object], None]
) -> None:
    live, events = listening
    live.wait_for("the list that a new installation begins with", lambda: ticks(live))
    took = [seconds_to_run(live, month) for month in MONTHS]
    record_property("seconds_to_run_and_to_launch", took)
    eventually(lambda: events.left == 0, "messages were left", 60)
    for month in MONTHS:
        assert len(live.runs(month)) == 1
    assert "FAILURE" not in ticks(live)


def ticks(live: Live) -> list[str]:
    """How the sensor's ticks ended."""
    query = """query Ticks($s: SensorSelector!) { sensorOrError(sensorSelector: $s) {
        ... on Sensor { sensorState { ticks(limit: 100, statuses: [SUCCESS, SKIPPED, FAILURE]) {
            status } } } } }"""
    answer = live.dagster.graphql(query, s={**SELECTOR, "sensorName": "credits_files"})
    return [tick["status"] for tick in answer["sensorOrError"]["sensorState"]["ticks"]]
