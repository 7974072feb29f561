"""A large inbox on a real S3 server: how much of it one tick lists."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from credits_pipeline.core import aws
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.inbox import slices
from credits_pipeline.credits.inbox.bucket import Inbox
from credits_pipeline.credits.inbox.cursor import Cursor
from credits_pipeline.credits.inbox.names import Months
from credits_pipeline.credits.inbox.slices import Sweep, looked
from credits_pipeline.credits.inbox.tick import Rules, Tick, plan_runs
from credits_pipeline.credits.inbox.version import FileVersion
from credits_pipeline_tests.many_objects import put_many

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MONTHS = Months(BillingMonth(2024, 1), BillingMonth(2026, 11))


class Requests:
    """How many requests the S3 client has made."""

    def __init__(self) -> None:
        self.made = 0
        aws.s3_client().meta.events.register("before-call.s3.ListObjectsV2", self._count)

    def _count(self, **_: Any) -> None:
        self.made += 1

    def taken(self) -> int:
        made, self.made = self.made, 0
        return made


@pytest.fixture
def requests(inbox: Inbox) -> Iterator[Requests]:
    counter = Requests()
    yield counter
    aws.s3_client.cache_clear()


def put(inbox: Inbox, keys: list[str]) -> None:
    for key in keys:
        aws.s3_client().put_object(Bucket=inbox.bucket, Key=key, Body=b"1")


def tick(inbox: Inbox, cursor: Cursor | None, now: datetime) -> Tick:
    seen = looked(inbox, cursor.sweep if cursor else None, now)
    return plan_runs(
        cursor,
        seen.versions,
        rules=Rules(prefix=inbox.prefix, months=MONTHS),
        now=now,
        sweep=seen.sweep,
    )


def test_a_small_inbox_is_one_request(inbox: Inbox, requests: Requests) -> None:
    put(inbox, ["credits-2025-01.csv", "notes.txt"])
    seen = looked(inbox, None, NOW)
    assert requests.taken() == 1
    assert seen.sweep is None
    assert len(seen.versions) == 2


def test_a_large_inbox_is_gone_through_in_slices_once_an_hour_and_what_is_there_is_shown(
    inbox: Inbox, requests: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "PAGES", 1)
    put_many(inbox.bucket, [f"data-{n:04d}" for n in range(1500)])
    put_many(inbox.bucket, [f"zoo-{n:04d}" for n in range(700)])
    put(inbox, ["credits-2025-01.csv", "Credits-2025-02.csv"])
    first = tick(inbox, None, NOW)
    assert [str(start.month) for start in first.starts] == ["2025-01"]
    assert first.view.strays == ()
    assert requests.taken() == 2
    cursor, made = first.cursor, []
    for minute in range(1, 60):
        seen = tick(inbox, cursor, NOW + timedelta(minutes=minute))
        made.append(requests.taken())
        cursor = seen.cursor
        if minute == 2:
            assert seen.view_changed
            assert [stray.key for stray in seen.view.strays] == [
                "Credits-2025-02.csv",
                "data-0000",
                "data-0001",
            ]
            assert seen.view.more_strays == 2198
        else:
            assert not seen.view_changed
    assert made[:3] == [2, 2, 1]
    assert set(made[2:]) == {1}
    put(inbox, ["aardvark.csv"])
    for minute in range(60, 64):
        cursor = tick(inbox, cursor, NOW + timedelta(minutes=minute)).cursor
    assert cursor.sweep is not None
    assert cursor.sweep.shown.count == 2202
    assert cursor.sweep.shown.examples[1] == "aardvark.csv"
    assert requests.taken() == 2 + 2 + 2 + 1


def test_a_large_inbox_that_was_tidied_up_is_one_request_again(
    inbox: Inbox, requests: Requests
) -> None:
    put(inbox, ["credits-2025-01.csv", "notes.txt"])
    before = Sweep(NOW - timedelta(hours=2))
    seen = looked(inbox, before, NOW)
    assert seen.sweep is None
    assert requests.taken() == 1


def test_a_position_behind_a_very_long_key_is_short_and_goes_on() -> None:
    long = "a" * 1000
    versions = [FileVersion(long, "x", NOW, 1)]
    sweep = Sweep(NOW).advanced(versions, complete=False, prefix="", now=NOW)
    assert len(sweep.after) <= 401
    assert long < sweep.after < "b"
    assert len(sweep.found.examples[0]) == 80
    assert sweep.is_due(NOW)


def test_a_slice_without_an_object_ends_the_sweep() -> None:
    """Everything after the position was deleted meanwhile."""
    sweep = Sweep(NOW, "position").advanced([], complete=False, prefix="", now=NOW)
    assert sweep.after == ""
    assert not sweep.is_due(NOW)
