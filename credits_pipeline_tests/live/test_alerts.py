"""Alerts and logs of `dagster dev`, with real servers: one message each, also after a restart."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from credits_pipeline.core import aws
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline.sandbox.dagster_dev import DagsterDev
from credits_pipeline.sandbox.s3 import EmbeddedS3
from credits_pipeline.sandbox.servers import BUCKET, clean_environment, sandbox
from credits_pipeline_tests.alerts.conftest import (
    Mailbox,
    Topic,
    Webhook,
    mailbox,
    topic_with_queue,
    webhook,
)
from credits_pipeline_tests.live.world import PATIENCE, SELECTOR, Live

__all__ = ["mailbox", "webhook"]
pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]

MONTH = BillingMonth(2025, 1)
GROUP = "/credits/live"
BLOCKED = "2025-01: blocked, nothing was sent"
SETTLED = "2025-01: settled (blocked, nothing was sent)"


class World:
    """What runs, and everything that receives alerts."""

    def __init__(self, live: Live, webhook: Webhook, mailbox: Mailbox, topic: Topic) -> None:
        self.live = live
        self.webhook = webhook
        self.mailbox = mailbox
        self.topic = topic
        self.from_topic: list[str] = []

    def heard(self) -> list[list[str]]:
        """The titles on each channel so far."""
        self.from_topic += [message["Subject"] for message in self.topic.taken()]
        return [
            [text.splitlines()[0].strip("*") for text in self.webhook.taken],
            [subject.removeprefix("[credits] ") for subject in self.mailbox.subjects],
            [subject.removeprefix("[credits] ") for subject in self.from_topic],
        ]

    def ticks(self) -> list[str]:
        """How the sensor's ticks have ended so far."""
        query = """query Ticks($s: SensorSelector!) { sensorOrError(sensorSelector: $s) {
            ... on Sensor { sensorState { ticks(limit: 500,
                statuses: [SUCCESS, SKIPPED, FAILURE]) { status } } } } }"""
        answer = self.live.dagster.graphql(query, s={**SELECTOR, "sensorName": "credits_alerts"})
        return [tick["status"] for tick in answer["sensorOrError"]["sensorState"]["ticks"]]

    def wait_for_ticks(self, more: int = 2) -> None:
        begun = len(self.ticks())
        self.live.wait_for(f"{more} more ticks", lambda: len(self.ticks()) >= begun + more)

    def wait_for_titles(self, *titles: str) -> None:
        self.live.wait_for(
            f"{titles} by every channel", lambda: all(len(h) >= len(titles) for h in self.heard())
        )
        assert self.heard() == [list(titles)] * 3


@pytest.fixture
def world(tmp_path: Path, webhook: Webhook, mailbox: Mailbox) -> Iterator[World]:
    with sandbox() as servers, patch.dict(os.environ, servers.environment):
        aws.forget_clients()
        endpoint = servers.s3_url
        with patch.dict(os.environ, AWS_ENDPOINT_URL=endpoint):
            topic = topic_with_queue(EmbeddedS3(endpoint))
            aws.logs_client().create_log_group(logGroupName=GROUP)
            environment = clean_environment(
                **servers.environment,
                AWS_ENDPOINT_URL=endpoint,
                CREDITS_ALERT_SLACK=webhook.url,
                CREDITS_ALERT_EMAIL="finops@example.com",
                CREDITS_ALERT_SMTP=f"smtp://127.0.0.1:{mailbox.port}?from=credits@example.com",
                CREDITS_ALERT_SNS=topic.arn,
                CREDITS_DUE_DAY="off",
                CREDITS_LOG_GROUP=GROUP,
                CREDITS_SENSOR_SECONDS="1",
                CREDITS_STORAGE=str(tmp_path / "credits"),
                XDG_STATE_HOME=str(tmp_path / "state"),
            )
            dagster = DagsterDev(tmp_path / "dagster", environment)
            yield World(Live(dagster, servers, tmp_path), webhook, mailbox, topic)
            aws.logs_client().delete_log_group(logGroupName=GROUP)
        aws.forget_clients()


def lines(world: World) -> list[dict[str, str]]:
    """What the log group has about the month."""
    found = aws.logs_client().get_log_events(
        logGroupName=GROUP, logStreamName=str(MONTH), startFromHead=True
    )
    return [json.loads(event["message"]) for event in found["events"]]


def remove_the_bucket() -> None:
    client = aws.s3_client()
    for found in client.list_objects_v2(Bucket=BUCKET)["Contents"]:
        client.delete_object(Bucket=BUCKET, Key=found["Key"])
    client.delete_bucket(Bucket=BUCKET)


def test_a_blocked_month_is_reported_once_over_ticks_retries_and_a_restart(world: World) -> None:
    live = world.live
    with live.dagster as dagster:
        dagster.wait_until_ready(PATIENCE)
        live.upload(MONTH, b"047210934418,$150000.00\nrubbish,$2.00\n")
        world.wait_for_titles(BLOCKED)
        live.rematerialise(MONTH)
        runs = live.finished(MONTH, 2)
        assert {run["status"] for run in runs} == {"FAILURE"}
        world.wait_for_ticks()
        assert world.heard() == [[BLOCKED]] * 3
        assert [line["verdict"] for line in lines(world)] == ["blocked"] * 2
        assert dagster.log.read_text().count('{"event":"credits_run"') == 2
    live.dagster = DagsterDev(live.home / "dagster", dict(live.dagster._environment))
    with live.dagster as dagster:
        dagster.wait_until_ready(PATIENCE)
        live.upload(MONTH, b"047210934418,$150000.00\n")
        assert live.receipt(MONTH, "150000.00").verdict is Verdict.VERIFIED
        world.wait_for_titles(BLOCKED, SETTLED)
        assert set(world.ticks()) == {"SKIPPED"}
        assert [line["verdict"] for line in lines(world)] == ["blocked", "blocked", "verified"]
        remove_the_bucket()
        fails = "The sensor credits_files: its ticks fail"
        world.wait_for_titles(BLOCKED, SETTLED, fails)
    assert live.found_in_files(world.webhook.url) == []
