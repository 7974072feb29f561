"""The cursor over weeks: thousands of ticks with a clock that the test moves."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.inbox.cursor import Cursor, Seen
from credits_pipeline.credits.inbox.names import Months
from credits_pipeline.credits.inbox.retry_schedule import End, Outcome, Watch
from credits_pipeline.credits.inbox.slices import Found, Sweep
from credits_pipeline.credits.inbox.tick import Rules, RunsSeen, plan_named_runs, plan_runs
from credits_pipeline.credits.inbox.version import FileVersion

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
FIRST = BillingMonth(2016, 1)
ALL = [FIRST.shift(n) for n in range(120)]
LIMIT = 4096


def test_over_thousands_of_listings_nothing_is_lost_repeated_or_swollen() -> None:
    rng = random.Random(20260101)  # noqa: S311 - a schedule, not a secret
    months = Months(FIRST, ALL[-1])
    content = dict.fromkeys(ALL, 0)
    now, cursor, largest = BEGIN, Cursor({}), 0
    files: dict[BillingMonth, FileVersion] = {}
    outcomes: dict[BillingMonth, Outcome] = {}
    keys: set[str] = set()
    uploaded, begun = 0, 0
    for _ in range(2_500):
        now += timedelta(seconds=rng.randint(1, 2_400))
        month = rng.choice(ALL)
        act = rng.random()
        if act < 0.4:
            content[month] += 1
            version = FileVersion(
                f"credits-{month}.csv", str(content[month] % 3), now.replace(microsecond=0), 9
            )
            before = files.get(month)
            uploaded += before is None or before.fingerprint != version.fingerprint
            files[month] = version
        elif act < 0.44:
            files.pop(month, None)
        seen = plan_runs(
            cursor,
            files.values(),
            rules=Rules(prefix="", months=months),
            runs=RunsSeen(outcomes={m: outcomes[m] for m in cursor.watched & outcomes.keys()}),
            now=now,
        )
        for start in seen.starts:
            assert start.run_key not in keys
            keys.add(start.run_key)
            begun += not start.asked_again
            end = End.TRANSIENT if rng.random() < 0.3 else End.SETTLED
            outcomes[start.month] = Outcome(end, now, start.version.fingerprint)
        text = str(seen.cursor)
        largest = max(largest, len(text.encode()))
        parsed = Cursor.parse(text)
        assert parsed == seen.cursor
        cursor = seen.cursor
    assert uploaded > 900
    assert begun == uploaded
    assert len(keys) > begun
    assert largest < LIMIT


def test_the_fullest_cursor_stays_under_four_kilobytes() -> None:
    watch = Watch(9, BEGIN)
    seen = Seen("abcdef12", 999, watch)
    found = Found(10**8, ('"' * 40, "\x01" * 13, "é" * 40))
    sweep = Sweep(BEGIN, "\U0010ffff" * 100, found, found)
    cursor = Cursor(dict.fromkeys(ALL, seen), "abcdef12", BEGIN, sweep, BEGIN)
    assert Cursor.parse(str(cursor)) == cursor
    assert len(str(cursor).encode()) < LIMIT


@pytest.mark.parametrize("text", ['{"months":{"2025":"a.1.2"},"shown":""}', '{"months":{}}'])
def test_half_a_cursor_says_what_to_do(text: str) -> None:
    with pytest.raises(ValueError, match="reset it in the sensor's page"):
        Cursor.parse(text)


def test_events_and_lists_in_any_order_and_ticks_that_fail_start_each_version_once() -> None:
    """Events for uploads may be late, repeated or lost, and any tick may not be stored."""
    rng = random.Random(20261120)  # noqa: S311 - a schedule, not a secret
    months = Months(FIRST, ALL[-1])
    now, cursor = BEGIN, Cursor({})
    files: dict[BillingMonth, FileVersion] = {}
    events: list[BillingMonth] = []
    started: dict[str, FileVersion] = {}
    for _ in range(5_000):
        now += timedelta(seconds=rng.randint(1, 40))
        act = rng.random()
        month = rng.choice(ALL[:12])
        if act < 0.3:
            files[month] = FileVersion(
                f"credits-{month}.csv", rng.choice("ab"), now.replace(microsecond=0), 9
            )
            events += [month] * rng.choice([0, 1, 1, 2])
        elif act < 0.35:
            files.pop(month, None)
            events.append(month)
        if act < 0.7:
            named = rng.sample(events, min(len(events), rng.randint(0, 4)))
            starts, after = plan_named_runs(
                cursor, {m: files[m] for m in named if m in files}, now=now
            )
        else:
            seen = plan_runs(
                cursor, files.values(), rules=Rules(prefix="", months=months), now=now, listed=now
            )
            starts, after = tuple(s for s in seen.starts if not s.asked_again), seen.cursor
        if rng.random() < 0.2:
            continue  # this tick was not stored
        for start in starts:
            assert start.run_key not in started
            assert start.version not in started.values()
            started[start.run_key] = start.version
        cursor = Cursor.parse(str(after)) or cursor
        events = [m for m in events if m in files and not cursor.knows(m, files[m])]
    seen = plan_runs(
        cursor, files.values(), rules=Rules(prefix="", months=months, at_most=99), now=now
    )
    started |= {start.run_key: start.version for start in seen.starts}
    assert len(started) > 500
    assert set(files.values()) <= set(started.values())
