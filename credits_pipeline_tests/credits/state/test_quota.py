"""The day's calls of the costs endpoint."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from credits_pipeline.core.storage.store import FolderStore
from credits_pipeline.credits.state.quota import BudgetSpentError, CostsDay

EVENING = datetime(2025, 3, 31, 23, 59, tzinfo=UTC)


def test_calls_are_counted_before_they_are_made_and_end_with_the_day(store: FolderStore) -> None:
    day = CostsDay(store, EVENING, 2)
    day.spend("known accounts")
    day.spend("visible_in_billed_cost")
    with pytest.raises(BudgetSpentError, match=r"all 2 costs calls of 2025-03-31.*midnight UTC"):
        day.spend("known accounts")
    assert day.made == 2
    CostsDay(store, EVENING + timedelta(minutes=2), 2).spend("known accounts")


def test_the_day_is_utc_s_wherever_the_pipeline_runs(store: FolderStore) -> None:
    tokyo = EVENING.astimezone(timezone(timedelta(hours=9)))
    assert CostsDay(store, tokyo, 2).day == "2025-03-31"


def test_a_call_that_a_person_asked_for_is_counted_past_the_budget(store: FolderStore) -> None:
    day = CostsDay(store, EVENING, 0)
    day.note("rehearsal")
    assert day.made == 1
    with pytest.raises(BudgetSpentError):
        day.spend("known accounts")


def test_answers_hold_for_their_day_only(store: FolderStore) -> None:
    day = CostsDay(store, EVENING, 2)
    day.spend("known accounts")
    day.keep("known-accounts-abc-from-2024-10", {"last_cost": {}})
    assert list(day.answers("known-accounts-abc")) == ["known-accounts-abc-from-2024-10"]
    assert day.answer("known-accounts-abc-from-2024-10") == {"last_cost": {}}
    tomorrow = CostsDay(store, EVENING + timedelta(days=1), 2)
    assert list(tomorrow.answers("known-accounts-abc")) == []
    assert tomorrow.answer("known-accounts-abc-from-2024-10") is None
