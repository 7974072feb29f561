"""What runs record, and what is found there later."""

import tempfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.storage.store import StorageError, open_store
from credits_pipeline.credits.state.attempt import Attempt, Verdict
from credits_pipeline.credits.state.journal import Journal

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
JANUARY = BillingMonth(2025, 1)
UNKNOWN = {"account_unknown": {"rows": 1, "usd": "2.00"}}


def attempt(
    month: BillingMonth = JANUARY, run_id: str = "run-1", days_ago: float = 0, **fields: Any
) -> Attempt:
    at = (NOW - timedelta(days=days_ago)).isoformat()
    told = {"verdict": Verdict.VERIFIED, "started_at": at, "ended_at": at, **fields}
    return Attempt(run_id=run_id, billing_month=str(month), **told)


def test_months_are_touched_by_what_was_sent_and_by_what_was_found_in_order(
    journal: Journal,
) -> None:
    journal.close(attempt(JANUARY, days_ago=91), sent=True)
    journal.close(attempt(JANUARY.shift(1), days_ago=89), sent=True)
    journal.close(attempt(JANUARY.shift(2), days_ago=91), sent=True)
    found = attempt(JANUARY.shift(2), "run-2", days_ago=1, verdict=Verdict.UNCHANGED)
    journal.close(found, sent=False)
    broke_off = attempt(JANUARY.shift(3), days_ago=1, verdict=Verdict.INCOMPLETE)
    journal.close(broke_off, sent=True)
    journal.close(attempt(JANUARY.shift(4), days_ago=1, verdict=Verdict.BLOCKED), sent=False)
    touched = journal.touched(NOW - timedelta(days=90))
    assert touched == [JANUARY.shift(1), JANUARY.shift(2), JANUARY.shift(3)]


def test_a_month_that_is_being_sent_is_touched(journal: Journal) -> None:
    journal.begin_sending(attempt(days_ago=1, ended_at=""))
    assert journal.touched(NOW - timedelta(days=90)) == [JANUARY]


def test_an_uncertain_attempt_is_found_after_a_newer_one_was_sent(journal: Journal) -> None:
    """Its request may be applied late, over the newer one."""
    journal.close(attempt(run_id="lost", ambiguous=True, verdict=Verdict.INCOMPLETE), sent=True)
    journal.close(attempt(run_id="newer"), sent=True)
    assert [found.run_id for found in journal.uncertain()] == ["lost"]


def test_the_last_verified_month_before_is_one_that_was_not_withdrawn(journal: Journal) -> None:
    journal.close(attempt(JANUARY, total_credit_usd="5.00"), sent=True)
    withdrawn = {"clear_month": True}
    journal.close(
        attempt(JANUARY.shift(1), total_credit_usd="0.00", decisions=withdrawn), sent=True
    )
    for month, total in ((JANUARY.shift(2), "5.00"), (JANUARY.shift(1), "5.00"), (JANUARY, None)):
        found = journal.last_verified_before(month)
        assert (found and found.total_credit_usd) == total


def test_accounts_that_were_left_out_are_found_with_their_receipt(journal: Journal) -> None:
    rows = {"unknown": [{"account_id": "999999999999", "usd": "2.00"}]}
    journal.close(attempt(ledger=UNKNOWN, verdict=Verdict.PARTIAL), sent=True, rows=rows)
    journal.close(attempt(JANUARY.shift(1)), sent=True)
    ((month, receipt),) = journal.waiting_for_accounts()
    assert month == JANUARY
    assert journal.unknown_accounts(receipt) == {"999999999999"}


@pytest.mark.parametrize(
    ("last", "waiting"),
    [
        ({"verdict": Verdict.BLOCKED, "ledger": UNKNOWN}, ["run-2"]),
        # Another cause blocks it, so knowing the accounts would not help.
        ({"verdict": Verdict.BLOCKED}, ["run-1"]),
        ({"verdict": Verdict.FAILED}, ["run-1"]),
        ({"verdict": Verdict.VERIFIED}, []),
    ],
)
def test_a_month_that_is_blocked_for_its_accounts_waits_for_them(
    journal: Journal, last: dict[str, Any], waiting: list[str]
) -> None:
    journal.close(attempt(ledger=UNKNOWN, verdict=Verdict.PARTIAL), sent=True)
    journal.close(attempt(run_id="run-2", **last), sent=False)
    assert [found.run_id for _, found in journal.waiting_for_accounts()] == waiting


def test_what_was_seen_is_remembered_for_the_run_that_sent_it(journal: Journal) -> None:
    assert journal.visible(JANUARY) == ""
    journal.note_visible(attempt(run_id="run-1"))
    assert journal.visible(JANUARY) == "run-1"


def test_an_attempt_comes_back_as_it_was_stored(journal: Journal) -> None:
    stored = journal.close(
        attempt(warnings=["umlauts: äöü"], accounts_checked=False), sent=True, rows={"unknown": []}
    )
    assert journal.attempt(JANUARY, "run-1") == journal.receipt(JANUARY) == stored


def test_an_attempt_of_a_later_release_is_refused() -> None:
    later = attempt().to_json().replace(b'"schema_version": 1', b'"schema_version": 2')
    with pytest.raises(StorageError, match=r"of 2025-01 by run run-1 .* upgrade credits-pipeline"):
        Attempt.from_json(later)


def test_an_attempt_of_a_machine_that_was_upgraded_first_may_say_more() -> None:
    more = attempt().to_json().replace(b"{", b'{"mood": "good",', 1)
    assert Attempt.from_json(more) == attempt()


def test_an_attempt_of_an_earlier_release_may_lack_what_is_new() -> None:
    text = attempt().to_json().replace(b'  "accounts_checked": null,\n', b"")
    assert b"accounts_checked" not in text
    assert Attempt.from_json(text) == attempt()


ENDS = [Verdict.VERIFIED, Verdict.PARTIAL, Verdict.UNCHANGED, Verdict.INCOMPLETE, Verdict.FAILED]


@given(st.permutations(range(6)), st.lists(st.sampled_from(ENDS), min_size=6, max_size=6))
def test_no_pointer_goes_back_in_whatever_order_runs_are_written_down(
    order: list[int], ends: list[Verdict]
) -> None:
    """Others record the result of a killed run, perhaps after the next run has sent."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(open_store(folder))
        for number in order:
            journal.close(
                attempt(run_id=f"run-{number}", days_ago=-number, verdict=ends[number]),
                sent=ends[number] is not Verdict.UNCHANGED,
            )
            journal.note_visible(attempt(run_id=f"run-{number}", days_ago=-number))
        newest = {
            journal.receipt: [n for n in range(6) if ends[n].has_receipt],
            journal.last_sent: [n for n in range(6) if ends[n] is not Verdict.UNCHANGED],
            journal.last: list(range(6)),
        }
        for pointer, numbers in newest.items():
            found = pointer(JANUARY)
            assert (found and found.run_id) == (f"run-{max(numbers)}" if numbers else None)
        assert journal.visible(JANUARY) == "run-5"


def test_a_drop_begins_after_everything_that_is_recorded_even_if_a_clock_is_ahead(
    journal: Journal,
) -> None:
    journal.close(attempt(days_ago=-1), sent=True)
    begun = journal.moment_after(JANUARY, NOW)
    assert begun > NOW + timedelta(days=1)
    later = attempt(run_id="later", started_at=begun.isoformat(timespec="milliseconds"))
    journal.close(later, sent=True)
    for pointer in (journal.receipt, journal.last_sent, journal.last):
        found = pointer(JANUARY)
        assert found is not None
        assert found.run_id == "later"


def test_a_run_that_was_not_meant_to_send_says_nothing_about_the_month_s_state(
    journal: Journal,
) -> None:
    stands = journal.close(attempt(days_ago=1), sent=True)
    alone = attempt(run_id="checks alone", verdict=Verdict.BLOCKED)
    journal.close(alone, sent=False, to_send=False)
    assert journal.last(JANUARY) == stands
    assert journal.attempt(JANUARY, "checks alone") == alone
