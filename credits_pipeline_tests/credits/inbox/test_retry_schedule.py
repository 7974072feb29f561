from datetime import UTC, datetime, timedelta

import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.inbox.cursor import Cursor
from credits_pipeline.credits.inbox.names import Months
from credits_pipeline.credits.inbox.retry_schedule import WAITS, End, Outcome
from credits_pipeline.credits.inbox.tick import Rules, RunsSeen, Tick, plan_runs
from credits_pipeline.credits.inbox.version import FileVersion

BEGIN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MONTHS = Months(BillingMonth(2015, 1), BillingMonth(2026, 11))
JANUARY = BillingMonth(2025, 1)
DAY = timedelta(days=1)


class Inbox:
    """An inbox with a clock that the test moves; every run ends at once, as the test decides."""

    def __init__(self) -> None:
        self.now = BEGIN
        self.cursor: Cursor | None = Cursor({})
        self.file = FileVersion("credits-2025-01.csv", "a", BEGIN, 9)
        self.outcome: Outcome | None = None
        self.keys: list[str] = []

    def upload(self, content: str) -> None:
        self.file = FileVersion(self.file.key, content, self.now, 9)

    def ends(self, end: End, fingerprint: str | None = None) -> None:
        """The last requested run ends now."""
        about = self.file.fingerprint if fingerprint is None else fingerprint
        self.outcome = Outcome(end, self.now, about)

    def tick(self, failed: datetime | None = None, *, there: bool = True) -> Tick:
        seen = plan_runs(
            self.cursor,
            [self.file] if there else [],
            rules=Rules(prefix="", months=MONTHS),
            runs=RunsSeen(
                outcomes={JANUARY: self.outcome} if self.outcome else {},
                failed={JANUARY: failed} if failed else {},
            ),
            now=self.now,
        )
        self.cursor = Cursor.parse(str(seen.cursor))
        assert self.cursor == seen.cursor
        self.keys += [start.run_key for start in seen.starts]
        return seen

    def asked(self, until: timedelta, step: timedelta = timedelta(minutes=5)) -> list[timedelta]:
        """Move the clock on; returns when runs were requested, each of which fails at once."""
        begun, found = self.now, []
        while self.now - begun < until:
            self.now += step
            if self.tick().starts:
                found.append(self.now - begun)
                self.ends(End.TRANSIENT)
        return found


@pytest.fixture
def inbox() -> Inbox:
    inbox = Inbox()
    assert len(inbox.tick().starts) == 1
    return inbox


def test_an_outage_is_asked_after_for_three_days_and_no_longer(inbox: Inbox) -> None:
    inbox.ends(End.TRANSIENT)
    waits = inbox.asked(10 * DAY)
    hours = [wait / timedelta(hours=1) for wait in waits]
    assert hours == [0.25, 1.25, 5.25, 17.25, 29.25, 41.25, 53.25, 65.25, 77.25]
    assert len(hours) == len(WAITS)
    assert len(set(inbox.keys)) == 1 + len(WAITS)


def test_an_outage_that_is_over_is_not_asked_after_any_more(inbox: Inbox) -> None:
    inbox.ends(End.TRANSIENT)
    assert inbox.asked(timedelta(hours=2)) == [timedelta(minutes=15), timedelta(minutes=75)]
    inbox.ends(End.SETTLED)
    assert inbox.asked(5 * DAY) == []
    assert inbox.cursor is not None
    assert not inbox.cursor.watched


def test_what_a_person_has_to_settle_is_never_asked_for_again(inbox: Inbox) -> None:
    inbox.ends(End.SETTLED)
    assert inbox.asked(10 * DAY) == []


def test_what_is_being_sent_is_not_asked_for(inbox: Inbox) -> None:
    inbox.ends(End.SENDING)
    assert inbox.asked(2 * DAY, timedelta(hours=1)) == []


def test_a_run_that_never_says_a_word_is_taken_for_lost_after_an_hour(inbox: Inbox) -> None:
    assert inbox.asked(timedelta(minutes=65)) == [timedelta(hours=1)]


def test_the_wait_begins_when_the_attempt_ends(inbox: Inbox) -> None:
    inbox.now += timedelta(minutes=20)
    inbox.ends(End.TRANSIENT)
    assert inbox.asked(timedelta(minutes=20)) == [timedelta(minutes=15)]


def test_a_new_version_starts_over(inbox: Inbox) -> None:
    inbox.ends(End.TRANSIENT)
    inbox.asked(DAY)
    inbox.upload("b")
    assert [start.asked_again for start in inbox.tick().starts] == [0]
    inbox.ends(End.TRANSIENT)
    assert inbox.asked(timedelta(hours=1)) == [timedelta(minutes=15)]
    assert len(set(inbox.keys)) == len(inbox.keys)


def test_the_word_of_an_older_version_s_run_does_not_settle_the_newer(inbox: Inbox) -> None:
    inbox.ends(End.TRANSIENT)
    old = inbox.file.fingerprint
    inbox.upload("b")
    inbox.tick()
    inbox.ends(End.SETTLED, old)
    inbox.tick()
    assert inbox.cursor is not None
    assert inbox.cursor.watched == {JANUARY}


def test_a_version_that_came_back_is_not_settled_by_its_earlier_run(inbox: Inbox) -> None:
    """In a versioned bucket, deleting B makes A current with its old tag, version id and time."""
    inbox.ends(End.SETTLED)
    first, word = inbox.file, inbox.outcome
    inbox.now += timedelta(minutes=1)
    inbox.upload("b")
    inbox.tick()
    inbox.file, inbox.outcome = first, word
    inbox.now += timedelta(minutes=1)
    (start,) = inbox.tick().starts
    assert start.version == first
    assert len(set(inbox.keys)) == 3
    inbox.tick()
    assert inbox.cursor is not None
    assert inbox.cursor.watched == {JANUARY}


def test_a_run_that_somebody_else_asked_for_is_helped_as_well(inbox: Inbox) -> None:
    """A rematerialization or a backfill during an outage."""
    inbox.ends(End.SETTLED)
    inbox.tick()
    inbox.now += DAY
    by_hand = inbox.now
    inbox.ends(End.TRANSIENT)
    assert inbox.tick(failed=by_hand).starts == ()
    assert inbox.asked(timedelta(hours=2)) == [timedelta(minutes=15), timedelta(minutes=75)]


def test_a_failed_run_whose_month_is_in_order_again_starts_nothing(inbox: Inbox) -> None:
    inbox.ends(End.SETTLED)
    inbox.tick(failed=BEGIN)
    assert inbox.cursor is not None
    assert not inbox.cursor.watched


def test_a_second_trouble_of_the_same_version_has_run_keys_of_its_own(inbox: Inbox) -> None:
    """Dagster remembers a run key for ever, whatever happened to the run."""
    for _ in range(2):
        begun = inbox.now
        inbox.ends(End.TRANSIENT)
        inbox.tick(failed=begun)
        assert len(inbox.asked(timedelta(minutes=30))) == 1
        inbox.ends(End.SETTLED)
        inbox.tick()
        inbox.now += DAY
    assert len(inbox.keys) == len(set(inbox.keys)) == 3


def test_a_month_whose_file_went_is_not_asked_for(inbox: Inbox) -> None:
    inbox.ends(End.TRANSIENT)
    inbox.now += DAY
    assert inbox.tick(there=False).starts == ()


def test_new_uploads_come_before_what_is_asked_for_again_and_neither_is_forgotten() -> None:
    months = [JANUARY.shift(n) for n in range(15)]
    old = [FileVersion(f"credits-{month}.csv", "a", BEGIN, 9) for month in months]
    seen = plan_runs(Cursor({}), old, rules=Rules(prefix="", months=MONTHS, at_most=99), now=BEGIN)
    outcomes = {
        month: Outcome(End.TRANSIENT, BEGIN + timedelta(seconds=n), file.fingerprint)
        for n, (month, file) in enumerate(zip(months, old, strict=True))
    }
    later = BEGIN + timedelta(hours=1)
    fresh = [FileVersion(f"credits-2024-0{n}.csv", "b", later, 9) for n in range(1, 4)]
    asked = []
    for expected in (10, 8, 0):
        seen = plan_runs(
            Cursor.parse(str(seen.cursor)),
            [*old, *fresh],
            rules=Rules(prefix="", months=MONTHS),
            runs=RunsSeen(outcomes=outcomes),
            now=later,
        )
        assert len(seen.starts) == expected
        asked += [start.month for start in seen.starts]
    assert [month.year for month in asked[:3]] == [2024] * 3
    assert asked[3:] == months
