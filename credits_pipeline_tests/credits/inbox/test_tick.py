from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.inbox.cursor import Cursor
from credits_pipeline.credits.inbox.names import Months
from credits_pipeline.credits.inbox.tick import Rules, Tick, plan_runs
from credits_pipeline.credits.inbox.version import FileVersion

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MONTHS = Months(BillingMonth(2015, 1), BillingMonth(2026, 11))


def file(month: str, content: str = "a", *, at: datetime = NOW, size: int = 9) -> FileVersion:
    return FileVersion(f"credits-{month}.csv", content, at, size)


def tick(
    cursor: Cursor | None,
    files: Iterable[FileVersion],
    *,
    receipted: frozenset[BillingMonth] = frozenset(),
) -> Tick:
    seen = plan_runs(
        cursor, files, rules=Rules(prefix="", months=MONTHS), now=NOW, receipted=receipted
    )
    # Dagster stores text between two ticks.
    stored = Cursor.parse(str(seen.cursor))
    assert stored == seen.cursor
    return seen


def months(seen: Tick) -> list[str]:
    return [str(start.month) for start in seen.starts]


def test_a_new_file_starts_one_run_and_no_second() -> None:
    first = tick(None, [file("2025-01")])
    assert months(first) == ["2025-01"]
    assert months(tick(first.cursor, [file("2025-01")])) == []


def test_two_files_in_one_second_both_start() -> None:
    first = tick(None, [file("2025-01"), file("2025-02")])
    assert months(first) == ["2025-01", "2025-02"]


def test_an_old_file_that_was_never_seen_is_shown_and_not_sent() -> None:
    """For example the years that an earlier first month brings into view."""
    first = tick(None, [file("2025-02")])
    old = [file(f"20{year}-01", at=NOW - timedelta(days=400)) for year in range(16, 25)]
    seen = tick(first.cursor, [*old, file("2025-02")])
    assert months(seen) == []
    assert [str(month) for month in seen.view.not_sent] == [f"20{y}-01" for y in range(16, 25)]
    assert months(tick(seen.cursor, [file("2016-01", "corrected")])) == ["2016-01"]


@pytest.mark.parametrize("uploaded_days_ago", [8, 29])
def test_a_file_that_came_while_nobody_looked_starts(uploaded_days_ago: int) -> None:
    """The pipeline may be down longer than the time within which earlier files are adopted."""
    first = plan_runs(None, [], rules=Rules(prefix="", months=MONTHS), now=NOW - timedelta(days=30))
    late = file("2025-01", at=NOW - timedelta(days=uploaded_days_ago))
    assert months(tick(first.cursor, [late])) == ["2025-01"]


def test_a_file_that_was_there_before_its_month_began_starts_with_it() -> None:
    early = file("2026-11", at=datetime(2026, 10, 1, tzinfo=UTC))
    before = datetime(2026, 10, 31, tzinfo=UTC)
    october = Months(BillingMonth(2015, 1), BillingMonth(2026, 10))
    first = plan_runs(None, [early], rules=Rules(prefix="", months=october), now=before)
    assert months(first) == []
    assert months(tick(first.cursor, [early])) == ["2026-11"]


@pytest.mark.parametrize("copied_days_ago", [0, 400])
def test_the_files_of_an_inbox_that_was_moved_are_shown_and_not_sent(copied_days_ago: int) -> None:
    known = [file(f"2025-{n:02}") for n in range(1, 10)]
    first = plan_runs(None, known, rules=Rules(prefix="", months=MONTHS, inbox="old"), now=NOW)
    at = NOW - timedelta(days=copied_days_ago)
    moved = [replace(file(f"2025-{n:02}", at=at), key=f"new/credits-2025-{n:02}.csv")
             for n in range(1, 10)]  # fmt: skip
    seen = plan_runs(
        first.cursor, moved, rules=Rules(prefix="new/", months=MONTHS, inbox="new"), now=NOW
    )
    assert months(seen) == []
    assert seen.cursor.inbox == "new"
    corrected = [replace(moved[0], etag="b"), *moved[1:]]
    then = plan_runs(
        seen.cursor, corrected, rules=Rules(prefix="new/", months=MONTHS, inbox="new"), now=NOW
    )
    assert months(then) == ["2025-01"]


def test_going_back_to_an_earlier_content_starts_a_run_of_its_own() -> None:
    keys, cursor = [], None
    for minute, content in enumerate("aba"):
        seen = tick(cursor, [file("2025-01", content, at=NOW + timedelta(minutes=minute))])
        keys += [start.run_key for start in seen.starts]
        cursor = seen.cursor
    assert len(set(keys)) == 3


def test_the_same_content_again_in_the_same_second_after_another_is_told_apart() -> None:
    """In a versioned bucket, deleting B brings A back with its old tag, version id and time."""
    keys, cursor = [], None
    for content in "aba":
        seen = tick(cursor, [file("2025-01", content)])
        keys += [start.run_key for start in seen.starts]
        cursor = seen.cursor
    assert len(set(keys)) == 3


def test_a_file_that_went_and_came_back_starts_again_and_the_inbox_says_that_it_went() -> None:
    first = tick(None, [file("2025-01")])
    gone = tick(first.cursor, [])
    assert gone.starts == ()
    assert gone.view.gone == (BillingMonth(2025, 1),)
    back = tick(gone.cursor, [file("2025-01")])
    assert months(back) == ["2025-01"]
    assert back.starts[0].run_key != first.starts[0].run_key
    assert back.view.gone == ()


def test_a_new_installation_adopts_sixty_old_months_and_sends_only_the_last_week_s() -> None:
    old = [
        file(str(BillingMonth(2020, 1).shift(n)), at=NOW - timedelta(days=2000 - 30 * n))
        for n in range(60)
    ]
    fresh = file("2026-10", at=NOW - timedelta(days=6))
    first = tick(None, [*old, fresh])
    assert months(first) == ["2026-10"]
    assert len(first.view.not_sent) == 60
    again = tick(first.cursor, [*old, fresh])
    assert again.starts == ()
    assert not again.view_changed


def test_an_adopted_month_that_was_backfilled_is_not_shown_as_not_sent() -> None:
    old = [file("2025-01", at=NOW - timedelta(days=300))]
    first = tick(None, old)
    assert first.view.not_sent == (BillingMonth(2025, 1),)
    later = tick(first.cursor, old, receipted=frozenset({BillingMonth(2025, 1)}))
    assert later.view.not_sent == ()
    assert later.view_changed


def test_an_adopted_month_starts_when_it_is_uploaded_again() -> None:
    first = tick(None, [file("2025-01", at=NOW - timedelta(days=300))])
    assert months(tick(first.cursor, [file("2025-01", "b")])) == ["2025-01"]


def test_at_most_ten_runs_start_in_a_tick_and_none_is_forgotten() -> None:
    files = [file(str(BillingMonth(2024, 1).shift(n))) for n in range(25)]
    cursor, started = None, []
    for expected in (10, 10, 5, 0):
        seen = tick(cursor, files)
        assert len(seen.starts) == expected
        started += months(seen)
        cursor = seen.cursor
    assert len(set(started)) == 25


def test_strange_objects_change_the_view_once() -> None:
    stray = FileVersion("notes.txt", "x", NOW, 3)
    first = tick(None, [stray])
    assert first.view_changed
    assert [s.key for s in first.view.strays] == ["notes.txt"]
    assert not tick(first.cursor, [stray]).view_changed
    assert tick(first.cursor, []).view_changed


def test_a_month_overwritten_with_nothing_is_not_called_removed() -> None:
    first = tick(None, [file("2025-01")])
    empty = tick(first.cursor, [file("2025-01", "0", size=0)])
    assert empty.starts == ()
    assert empty.view.gone == ()
    assert "0 bytes" in empty.view.strays[0].reason


def test_the_cursor_of_ten_years_stays_under_four_kilobytes() -> None:
    cursor: Cursor | None = Cursor({})
    for content in "abcdefghijkl":
        for first in range(0, 120, 10):
            files = [
                file(str(BillingMonth(2015, 1).shift(n)), content if n < first + 10 else "z")
                for n in range(120)
            ]
            cursor = tick(cursor, files).cursor
    assert cursor is not None
    assert len(cursor.months) == 120
    assert len(str(cursor)) < 4096


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"months": 3}', '{"months": {"x": "y"}, "shown": ""}']
)
def test_a_cursor_that_can_t_be_read_says_what_to_do(text: str) -> None:
    with pytest.raises(ValueError, match="reset it in the sensor's page"):
        Cursor.parse(text)
