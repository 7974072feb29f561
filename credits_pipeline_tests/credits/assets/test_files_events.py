"""The inbox's sensor with events for files; listing the inbox is the safety net."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from credits_pipeline.core import aws
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import Schedule
from credits_pipeline.credits.assets.build import build_definitions
from credits_pipeline.credits.inbox import queue
from credits_pipeline.credits.inbox.cursor import Cursor
from credits_pipeline.credits.inbox.queue import EventsQueue, QueueError
from credits_pipeline.sandbox.s3 import EmbeddedS3
from credits_pipeline_tests.credits.assets.conftest import JANUARY, Pipeline
from credits_pipeline_tests.credits.assets.test_sensors import GOOD, months, tick
from credits_pipeline_tests.credits.inbox.queues import BucketEvents, events_of

FEBRUARY = BillingMonth(2025, 2)


@pytest.fixture
def events(
    pipeline: Pipeline, s3: EmbeddedS3, monkeypatch: pytest.MonkeyPatch
) -> Iterator[BucketEvents]:
    monkeypatch.setattr(aws, "WAIT_SECONDS", 2)
    monkeypatch.setattr(queue, "_OUT_OF_SIGHT_SECONDS", 1)
    with events_of(pipeline.inbox, s3.endpoint_url) as bucket_events:
        yield bucket_events


def listened(pipeline: Pipeline, events: BucketEvents, cursor: str | None) -> Any:
    """One tick with a queue; after it the inbox is not listed again for an hour."""
    return tick(pipeline, cursor, events_queue=events.queue.url, sensor_seconds=3600)


def an_hour_later(cursor: str) -> str:
    """The cursor, as if the last listing of the inbox was an hour ago."""
    parsed = Cursor.parse(cursor)
    assert parsed is not None
    assert parsed.listed is not None
    assert datetime.now(UTC) - parsed.listed < timedelta(minutes=1)
    return str(replace(parsed, listed=parsed.listed - timedelta(hours=1)))


def test_a_new_installation_lists_first_and_then_hears_of_each_file_once(
    pipeline: Pipeline, events: BucketEvents
) -> None:
    pipeline.upload(GOOD)
    first = listened(pipeline, events, None)
    assert months(first) == ["2025-01-01"]
    pipeline.upload(GOOD, FEBRUARY)
    second = listened(pipeline, events, first.cursor)
    assert months(second) == ["2025-02-01"]
    third = listened(pipeline, events, second.cursor)
    assert months(third) == []
    assert third.skip_message == "no event tells of a new file"
    assert events.left == 0
    fourth = listened(pipeline, events, an_hour_later(third.cursor))
    assert months(fourth) == []
    assert "2 credits files, none of them new" in fourth.skip_message


def test_a_file_whose_event_is_lost_starts_with_the_next_list(
    pipeline: Pipeline, events: BucketEvents
) -> None:
    first = listened(pipeline, events, None)
    pipeline.upload(GOOD)
    aws.sqs_client().purge_queue(QueueUrl=events.queue.url)
    second = listened(pipeline, events, first.cursor)
    assert months(second) == []
    assert months(listened(pipeline, events, an_hour_later(second.cursor))) == ["2025-01-01"]


def test_a_version_that_was_heard_of_and_listed_in_either_order_has_one_run_key(
    pipeline: Pipeline, events: BucketEvents
) -> None:
    empty = listened(pipeline, events, None).cursor
    pipeline.upload(GOOD)
    listed = listened(pipeline, events, an_hour_later(empty))
    heard = listened(pipeline, events, empty)
    assert [r.run_key for r in heard.run_requests] == [r.run_key for r in listed.run_requests]


def test_files_start_while_the_queue_can_t_be_read_and_the_tick_without_one_is_red(
    pipeline: Pipeline, events: BucketEvents
) -> None:
    gone = BucketEvents(EventsQueue(f"{events.queue.url}-gone"))
    later = an_hour_later(listened(pipeline, gone, None).cursor)
    with pytest.raises(QueueError, match="CREDITS_EVENTS_QUEUE"):
        listened(pipeline, gone, later)
    pipeline.upload(GOOD)
    assert months(listened(pipeline, gone, later)) == ["2025-01-01"]


def test_without_a_queue_every_tick_lists_and_the_cursor_says_nothing_about_it(
    pipeline: Pipeline,
) -> None:
    cursor = Cursor.parse(tick(pipeline, None).cursor)
    assert cursor is not None
    assert cursor.listed is None


@pytest.mark.parametrize(("url", "seconds"), [("", 30), ("https://sqs.example.com/1/q", 1)])
def test_a_queue_is_waited_on_without_a_pause(url: str, seconds: int) -> None:
    defs = build_definitions(schedule=Schedule(events_queue=url))
    assert defs.resolve_sensor_def("credits_files").minimum_interval_seconds == seconds


def test_the_months_of_a_tick_are_those_of_its_moment(
    pipeline: Pipeline, events: BucketEvents
) -> None:
    first = listened(pipeline, events, None)
    pipeline.upload(GOOD, BillingMonth.at(datetime.now(UTC)).shift(1))
    pipeline.upload(GOOD, JANUARY)
    assert months(listened(pipeline, events, first.cursor)) == ["2025-01-01"]
