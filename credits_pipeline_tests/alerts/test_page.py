"""The page on alerts shows the titles and a message that the code makes."""

import re
from pathlib import Path

import pytest

from credits_pipeline.alerts.alert import Health
from credits_pipeline.alerts.months import of_attempt, of_finding, of_missing_file
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.state.attempt import Attempt, Verdict
from credits_pipeline.credits.state.finding import STILL_HELD, VISIBLE, Finding

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "alerts.md").read_text()
TITLES = re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE)
JANUARY = BillingMonth(2025, 1)
UI = "https://dagster.example.com"


def attempt(verdict: Verdict) -> Attempt:
    left_out = {"account_unknown": {"rows": 1, "usd": "2.00"}}
    return Attempt(
        "8c0f8b52-7b0e-4b51-9a5e-1f2f0c3d4e5a",
        "2025-01",
        verdict,
        reason="1 row could not be read: line 3.",
        what_to_do="Nothing was sent. Upload a corrected file.",
        total_credit_usd="150002.50",
        ledger=left_out if verdict is Verdict.PARTIAL else {},
    )


def views() -> list[Health]:
    reds = [Verdict.BLOCKED, Verdict.HELD, Verdict.FAILED, Verdict.INCOMPLETE, Verdict.PARTIAL]
    found = [
        Finding(check, "2025-01", holds=False, says="", about="", usd="", run_id="", found_at="")
        for check in (STILL_HELD, VISIBLE)
    ]
    due = JANUARY.shift(1).start
    return [
        *(of_attempt(attempt(verdict), None) for verdict in reds),
        of_missing_file(JANUARY, "s3://b/credits-2025-01.csv", due, None, came=False),
        *(of_finding(finding, "") for finding in found),
    ]


def test_the_page_lists_every_title_of_a_month() -> None:
    made = {alert.title for view in views() for alert in view.wrong}
    assert len(made) == 8
    assert made == {title for title in TITLES if title.startswith("2025-01")}


@pytest.mark.parametrize("title", [title for title in TITLES if not title.startswith("2025-01")])
def test_the_other_titles_of_the_page_are_those_that_the_code_has(title: str) -> None:
    folder = ROOT / "credits_pipeline" / "credits" / "assets"
    wing = ROOT / "credits_pipeline" / "finops"
    files = [
        *sorted(folder.glob("*alert*.py")),
        *sorted(wing.rglob("*alerting.py")),
        wing / "anomalies" / "anomaly.py",
    ]
    code = "".join(path.read_text() for path in files)
    # The page has numbers in braces.
    words = [
        word for word in map(str.strip, re.split(r"[0-9.]+|for ", title.partition(": ")[2])) if word
    ]
    assert all(word in re.sub(r"\{[^{}]*\}", "", code) for word in words)


def test_the_message_of_the_page_is_what_people_get() -> None:
    receipt = Attempt("before", "2025-01", Verdict.VERIFIED, total_credit_usd="148210.00")
    (alert,) = of_attempt(attempt(Verdict.BLOCKED), receipt).wrong
    (shown,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert shown == f"{alert.title}\n\n{alert.text(UI)}\n"
