"""What a person dismissed, and what brings a month back."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.state.attempt import Attempt, Verdict
from credits_pipeline.credits.state.dismissal import DISMISSABLE, Dismissal
from credits_pipeline.credits.state.journal import Journal

JANUARY = BillingMonth(2025, 1)
ATTEMPT = Attempt("run-1", "2025-01", Verdict.BLOCKED, file_version="v1")
DISMISSAL = Dismissal("2025-01", "blocked", "v1", "Ann", "not ours", "2025-06-01T12:00:00+00:00")
versions = st.sampled_from(["", "v1", "v2"])
verdicts = st.sampled_from(Verdict)


@given(verdicts, versions, verdicts, versions)
def test_a_dismissal_is_about_one_version_and_one_end(
    dismissed: Verdict, of: str, ended: Verdict, version: str
) -> None:
    about = replace(DISMISSAL, verdict=dismissed.value, file_version=of)
    last = replace(ATTEMPT, verdict=ended, file_version=version)
    same = (dismissed, of) == (ended, version)
    assert about.covers(last) == (same and ended in DISMISSABLE)
    assert not replace(about, in_force=False).covers(last)


@given(verdicts, versions)
def test_a_month_dismissed_without_a_file_stays_so_until_one_comes(
    ended: Verdict, version: str
) -> None:
    about = replace(DISMISSAL, verdict="", file_version="")
    assert about.covers(None)
    last = replace(ATTEMPT, verdict=ended, file_version=version)
    assert about.covers(last) == (not version and ended in DISMISSABLE)


@pytest.mark.parametrize("verdict", ["incomplete", "sending", "verified", "partial"])
def test_what_cloudzero_may_hold_is_never_dismissed(verdict: str) -> None:
    last = replace(ATTEMPT, verdict=Verdict(verdict))
    assert not replace(DISMISSAL, verdict=verdict).covers(last)


def test_it_is_kept_by_month_and_the_newest_counts(journal: Journal) -> None:
    assert journal.dismissals.of(JANUARY, ATTEMPT) is None
    journal.dismissals.put(DISMISSAL)
    assert journal.dismissals.of(JANUARY, ATTEMPT) == DISMISSAL
    assert journal.dismissals.of(JANUARY, None) is None
    assert journal.dismissals.months() == {JANUARY}
    journal.dismissals.put(replace(DISMISSAL, in_force=False))
    assert journal.dismissals.of(JANUARY, ATTEMPT) is None


def test_a_dismissed_month_is_not_sent_once_its_accounts_are_known(journal: Journal) -> None:
    ledger = {"account_unknown": {"rows": 1, "usd": "2.00"}}
    journal.close(
        replace(ATTEMPT, ledger=ledger, started_at="2025-06-01T11:00:00+00:00"), sent=False
    )
    assert [month for month, _ in journal.waiting_for_accounts()] == [JANUARY]
    journal.dismissals.put(DISMISSAL)
    assert list(journal.waiting_for_accounts()) == []
