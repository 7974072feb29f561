"""Which attempts and findings become alerts, with which dollars, and which alerts are the same."""

from dataclasses import replace
from typing import Any

import pytest

from credits_pipeline.alerts.alert import Alert, Health
from credits_pipeline.alerts.months import of_attempt, of_finding
from credits_pipeline.credits.state.attempt import Attempt, Verdict
from credits_pipeline.credits.state.finding import STILL_HELD, VISIBLE, Finding

LEFT_OUT = {
    "sent": {"rows": 22, "usd": "202437.80"},
    "account_unknown": {"rows": 1, "usd": "50.00"},
}


def attempt(verdict: Verdict, **fields: Any) -> Attempt:
    told = {"file_version": "20250203T101112Z-9f86d081", "total_credit_usd": "202487.80", **fields}
    return Attempt("run-1", "2025-01", verdict, **told)


def alert(view: Health) -> Alert:
    (one,) = view.wrong
    assert view.fine == {}
    return one


@pytest.mark.parametrize(
    ("verdict", "permanent", "title", "passes"),
    [
        (Verdict.BLOCKED, True, "2025-01: blocked, nothing was sent", False),
        (Verdict.HELD, False, "2025-01: held for a decision, nothing was sent", False),
        (Verdict.FAILED, True, "2025-01: failed, nothing was sent", False),
        (Verdict.FAILED, False, "2025-01: failed, nothing was sent", True),
        (Verdict.INCOMPLETE, False, "2025-01: incomplete, CloudZero may hold a part of it", True),
    ],
)
def test_a_red_month_is_reported(
    verdict: Verdict, permanent: bool, title: str, passes: bool
) -> None:
    told = alert(
        of_attempt(attempt(verdict, reason="Why.", what_to_do="Do.", permanent=permanent), None)
    )
    assert told.title == title
    assert told.what == "Why."
    assert told.to_do.startswith("Do.")
    assert ("tries again by itself" in told.to_do) == told.passes == passes
    assert told.dollars == (
        "$202,487.80 in the file; before, CloudZero held nothing that was verified."
    )
    assert told.run_id == "run-1"


def test_what_cloudzero_held_before_is_reported() -> None:
    receipt = attempt(Verdict.VERIFIED, total_credit_usd="5.00")
    told = alert(of_attempt(attempt(Verdict.FAILED, total_credit_usd=None), receipt))
    assert told.dollars == "before, CloudZero held $5.00."


@pytest.mark.parametrize("verdict", [Verdict.PARTIAL, Verdict.UNCHANGED])
def test_what_was_left_out_is_reported_even_if_a_later_run_finds_it_unchanged(
    verdict: Verdict,
) -> None:
    told = alert(of_attempt(attempt(verdict, ledger=LEFT_OUT, left_out_usd="50.00"), None))
    assert told.title == "2025-01: sent in part"
    assert told.dollars == "$202,487.80 sent, $50.00 left out."
    assert "1 account unknown" in told.what
    first = alert(of_attempt(attempt(Verdict.PARTIAL, ledger=LEFT_OUT), None))
    assert first.cause == told.cause


@pytest.mark.parametrize("verdict", [Verdict.VERIFIED, Verdict.UNCHANGED])
def test_a_month_in_order_is_reported_to_nobody(verdict: Verdict) -> None:
    view = of_attempt(attempt(verdict), None)
    assert view.wrong == ()
    assert view.fine == {
        "month 2025-01": "CloudZero holds exactly the credits that were sent: $202,487.80."
    }


def test_a_month_that_is_being_sent_is_not_judged() -> None:
    assert of_attempt(attempt(Verdict.SENDING), None) == Health()


BEFORE = attempt(Verdict.FAILED, reason="503 after 3 tries", what_to_do="It passes by itself.")


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"run_id": "run-2", "reason": "502 after 9 tries"}, True),
        ({"what_to_do": "Check that the disk is not full."}, False),
        ({"verdict": Verdict.INCOMPLETE}, False),
        ({"file_version": "20250204T101112Z-0a0b0c0d"}, False),
        ({"permanent": True}, False),
    ],
)
def test_another_try_is_the_same_and_another_cause_or_version_is_not(
    changes: dict[str, Any], same: bool
) -> None:
    one, other = (alert(of_attempt(a, None)) for a in (BEFORE, replace(BEFORE, **changes)))
    assert one.subject == other.subject
    assert (one.cause == other.cause) == same


def finding(check: str, **fields: Any) -> Finding:
    told = {"holds": False, "says": "It differs. What to do: look.", "about": "run-1", **fields}
    return Finding(
        check, "2025-01", usd="5.00", run_id="look-1", found_at="2025-02-03T05:40:00Z", **told
    )


@pytest.mark.parametrize(
    ("check", "title"),
    [
        (STILL_HELD, "2025-01: CloudZero does not hold what was sent"),
        (VISIBLE, "2025-01: CloudZero's billed cost does not show what was sent"),
    ],
)
def test_what_a_later_check_found_is_reported_with_the_run_that_checked(
    check: str, title: str
) -> None:
    told = alert(of_finding(finding(check), "run-1"))
    assert told.title == title
    assert (told.what, told.to_do) == ("It differs.", "look.")
    assert told.dollars == "$5.00 were sent."
    assert told.run_id == "look-1"


@pytest.mark.parametrize("cause", ["it holds", "the month was sent again"])
def test_what_was_found_is_over_when_it_holds_or_the_month_was_sent_again(cause: str) -> None:
    found = finding(STILL_HELD, holds=cause == "it holds")
    view = of_finding(found, "run-1" if cause == "it holds" else "run-2")
    assert view.wrong == ()
    assert list(view.fine) == ["cloudzero_still_holds_the_drop 2025-01"]
