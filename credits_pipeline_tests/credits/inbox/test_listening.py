"""Events through a real queue, from a real bucket."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from credits_pipeline.core import aws
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.inbox import queue
from credits_pipeline.credits.inbox.bucket import Inbox
from credits_pipeline.credits.inbox.cursor import Cursor
from credits_pipeline.credits.inbox.listening import listen
from credits_pipeline.credits.inbox.names import Months
from credits_pipeline.credits.inbox.queue import EventsQueue, QueueError
from credits_pipeline.credits.inbox.tick import Rules, Start, plan_runs
from credits_pipeline.sandbox.s3 import EmbeddedS3
from credits_pipeline_tests.credits.inbox.queues import BucketEvents, events_of
from credits_pipeline_tests.credits.inbox.test_events import message, record
from credits_pipeline_tests.waiting import eventually

MONTHS = Months(BillingMonth(2024, 1), BillingMonth(2026, 11))
KEY = "credits-2025-01.csv"
NOTHING = Cursor({})


@pytest.fixture
def events(inbox: Inbox, s3: EmbeddedS3, monkeypatch: pytest.MonkeyPatch) -> Iterator[BucketEvents]:
    monkeypatch.setattr(aws, "WAIT_SECONDS", 2)
    monkeypatch.setattr(queue, "_OUT_OF_SIGHT_SECONDS", 1)
    with events_of(inbox, s3.endpoint_url) as bucket_events:
        yield bucket_events


def heard(
    events: BucketEvents, inbox: Inbox, cursor: Cursor, said: list[str] | None = None
) -> tuple[tuple[Start, ...], Cursor]:
    say = (said if said is not None else []).append
    return listen(events.queue, inbox, cursor, months=MONTHS, say=say)


def nothing_more(events: BucketEvents, inbox: Inbox, cursor: Cursor) -> None:
    """Listen until the queue is empty; this starts nothing and changes nothing.

    A busy machine may take longer for a batch of messages than a tick listens.
    """

    def is_empty() -> bool:
        assert heard(events, inbox, cursor) == ((), cursor)
        return events.left == 0

    eventually(is_empty, "messages are left")


def months(starts: tuple[Start, ...]) -> list[str]:
    return [str(start.month) for start in starts]


def test_an_upload_starts_its_run_without_a_list_of_the_inbox(
    inbox: Inbox, events: BucketEvents
) -> None:
    inbox.upload(KEY, b"1")
    starts, cursor = heard(events, inbox, NOTHING)
    assert months(starts) == ["2025-01"]
    nothing_more(events, inbox, cursor)


def test_the_next_list_of_the_inbox_starts_it_no_second_time_and_nor_do_events_after_it(
    inbox: Inbox, events: BucketEvents
) -> None:
    inbox.upload(KEY, b"1")
    _, cursor = heard(events, inbox, NOTHING)
    now = datetime.now(UTC)
    seen = plan_runs(
        cursor, inbox.listing().versions, rules=Rules(prefix="", months=MONTHS), now=now
    )
    assert seen.starts == ()
    inbox.upload("credits-2025-02.csv", b"2")
    seen = plan_runs(
        cursor, inbox.listing().versions, rules=Rules(prefix="", months=MONTHS), now=now
    )
    assert months(seen.starts) == ["2025-02"]
    nothing_more(events, inbox, seen.cursor)


def test_a_tick_that_fails_after_it_heard_an_event_loses_nothing(
    inbox: Inbox, events: BucketEvents
) -> None:
    inbox.upload(KEY, b"1")
    lost, _ = heard(events, inbox, NOTHING)
    assert events.left > 0
    again, cursor = heard(events, inbox, NOTHING)
    assert [start.run_key for start in again] == [start.run_key for start in lost]
    nothing_more(events, inbox, cursor)


def test_repeated_events_and_events_in_disorder_start_what_is_current_once(
    versioned_inbox: Inbox, events: BucketEvents
) -> None:
    for content in (b"1", b"22", b"333"):
        current = versioned_inbox.upload(KEY, content)
    for size in (3, 1, 2):
        late = record(KEY)
        late["s3"]["object"]["size"] = size
        events.send(message(late))
    starts, cursor = heard(events, versioned_inbox, NOTHING)
    assert [start.version.token for start in starts] == [current.token]
    nothing_more(events, versioned_inbox, cursor)


def test_the_name_of_a_file_may_be_what_a_form_would_encode(
    s3: EmbeddedS3, inbox: Inbox, events: BucketEvents
) -> None:
    odd = Inbox(inbox.bucket, "Finance + Ops/é %20/")
    odd.upload(odd.key(BillingMonth(2025, 1)), b"1")
    starts, _ = heard(events, odd, NOTHING)
    assert [start.version.key for start in starts] == ["Finance + Ops/é %20/credits-2025-01.csv"]


def test_what_is_not_a_new_credits_file_is_removed_and_only_what_is_not_an_event_is_reported(
    inbox: Inbox, events: BucketEvents
) -> None:
    for name in ("notes.txt", "credits-2025-13.csv", "credits-2019-01.csv", "credits-2099-01.csv"):
        inbox.upload(name, b"1")
    inbox.upload("credits-2025-02.csv", b"")
    inbox.upload(KEY, b"1")
    aws.s3_client().delete_object(Bucket=inbox.bucket, Key=KEY)
    events.send(message(record("credits-2025-03.csv")))
    events.send("<not json>")
    said: list[str] = []
    assert heard(events, inbox, NOTHING, said) == ((), NOTHING)
    assert events.left == 0
    (told,) = said
    assert "<not json>" in told


def test_a_burst_starts_ten_and_keeps_the_others(inbox: Inbox, events: BucketEvents) -> None:
    uploaded = [BillingMonth(2025, 1).shift(n) for n in range(15)]
    for month in uploaded:
        inbox.upload(inbox.key(month), b"1")
    events.send(message(*(record(inbox.key(month)) for month in uploaded)))
    cursor, asked = NOTHING, list[BillingMonth]()

    def all_asked() -> bool:
        nonlocal cursor
        starts, cursor = heard(events, inbox, cursor)
        assert len(starts) <= 10
        asked.extend(start.month for start in starts)
        return len(asked) >= len(uploaded)

    eventually(all_asked, "the months of the burst")
    assert sorted(asked) == uploaded
    nothing_more(events, inbox, cursor)


def test_a_queue_that_is_not_there_says_what_to_do(inbox: Inbox, events: BucketEvents) -> None:
    gone = EventsQueue(events.queue.url + "-gone")
    with pytest.raises(QueueError, match=r"CREDITS_EVENTS_QUEUE.*by the list of the inbox"):
        listen(gone, inbox, NOTHING, months=MONTHS, say=json.loads)
