"""The run report: the most important things come first, and nothing in it is markup."""

from typing import Any

import pytest

from credits_pipeline.credits.state.attempt import Attempt, Verdict
from credits_pipeline.reporting import tables
from credits_pipeline.reporting.links import Places
from credits_pipeline.reporting.report import markdown

LONG = "CloudZero could not be asked which accounts it knows, " + "because of this and that, " * 9


UNKNOWN = {"unknown": [{"account_id": "999999999999", "usd": "10.00"}]}
NOTHING = {"accounts": 0, "old_usd": "0.00", "new_usd": "0.00"}
DIFF = {
    "added": {"accounts": 1, "old_usd": "0.00", "new_usd": "7.50"},
    "changed": NOTHING,
    "removed": NOTHING,
    "unchanged": {"accounts": 3, "old_usd": "4.00", "new_usd": "4.00"},
    "old_usd": "4.00",
    "new_usd": "11.50",
}


def report(
    rows: dict[str, Any] | None = None, places: Places | None = None, **fields: object
) -> str:
    told = {"verdict": Verdict.PARTIAL, "left_out_usd": "10.00", "accounts_checked": True, **fields}
    attempt = Attempt(run_id="run-12345", billing_month="2025-01", **told)  # type: ignore[arg-type]
    return markdown(attempt, rows or UNKNOWN, places=places).text


@pytest.mark.parametrize("verdict", Verdict)
def test_rows_are_called_sent_only_where_something_was_sent(verdict: Verdict) -> None:
    shown = report(verdict=verdict, ledger={"sent": {"rows": 2, "usd": "14330.12"}})
    (line,) = [line for line in shown.splitlines() if "14,330.12" in line]
    sent = verdict.has_receipt or verdict in {Verdict.SENDING, Verdict.INCOMPLETE}
    assert line.endswith("| sent |" if sent else "| would be sent |")


def test_the_verdict_and_what_was_left_out_come_first() -> None:
    lines = [line for line in report(reason="It is there.").splitlines() if line]
    assert lines[:3] == [
        "## ⚠️ 2025-01: partial",
        "It is there.",
        r"**Left out of this month: \$10.00**",
    ]


def test_a_month_that_held_nothing_is_no_error_among_its_requests() -> None:
    asked = {"drop_id": "", "row_count": None, "attempts": 1}
    shown = report(
        requests=[
            {"operation": "drop contents", **asked, "status": 404},
            {"operation": "validate", **asked, "status": 404},
        ]
    )
    assert shown.count("404") == 2
    assert shown.count("404: nothing held yet") == 1


def test_a_withdrawn_month_is_called_that() -> None:
    shown = report({"changes": []}, verdict=Verdict.VERIFIED, left_out_usd="0.00",
                   decisions={"clear_month": True})  # fmt: skip
    assert shown.startswith("## ✅ 2025-01: withdrawn (verified)\n")
    assert "The month is withdrawn: CloudZero holds no credit of it." in shown
    assert "No credit was left out" not in shown


@pytest.mark.parametrize(("checked", "says"), [(True, "checked"), (False, "not checked")])
def test_it_says_whether_accounts_were_checked(checked: bool, says: str) -> None:
    assert f"| accounts known to CloudZero | {says} |" in report(accounts_checked=checked)


def test_accounts_left_out_are_listed_with_their_dollars() -> None:
    assert "### Accounts that CloudZero does not know" in report()
    assert r"| 999999999999 | \$10.00 |" in report()


def test_a_warning_is_shown_whole() -> None:
    assert LONG.strip() in report(warnings=[LONG])


@pytest.mark.parametrize("field", ["reason", "what_to_do"])
def test_other_people_s_text_is_not_markup(field: str) -> None:
    text = report(**{field: "row <img src=x> | says *so*"})
    assert "row `<img` src=x> | says `*so*`" in text


def test_a_cell_is_cut_and_a_sentence_is_not() -> None:
    assert len(tables.escaped("x" * 500).text) == 120
    assert len(tables.sentence("x" * 500).text) == 500


def test_what_changed_comes_before_where_the_records_went_and_shows_the_ten_largest() -> None:
    change = {"account": "1", "old_usd": None, "new_usd": "7.50", "change": "added"}
    text = report(
        {"changes": [change] * 12, **UNKNOWN},
        diff=DIFF,
        ledger={"sent": {"rows": 4, "usd": "11.50"}},
    )
    titles = [line for line in text.splitlines() if line.startswith("### ")]
    assert titles == [
        "### Against what CloudZero held before",
        "### The largest changes",
        "### Where every record of the file went",
        "### Accounts that CloudZero does not know",
    ]
    assert text.count(r"| 1 |  | \$7.50 | added |") == 10
    assert r"| accounts kept as they are | 3 | \$4.00 | \$4.00 |" in text
    assert r"| all | | \$4.00 | \$11.50 |" in text


def test_it_links_to_the_file_the_run_and_cloudzero() -> None:
    places = Places(
        ui="https://dagster.example.com",
        file="s3://books/credits-2025-01.csv",
        file_page="https://console.aws.amazon.com/s3/object/books?prefix=credits-2025-01.csv",
    )
    text = report(places=places, connection_id="stream", base_url="https://api.cloudzero.com")
    assert f"| file | [s3://books/credits-2025-01.csv]({places.file_page}) |" in text
    assert "| run | [run-1234](https://dagster.example.com/runs/run-12345) |" in text
    assert "| stream | stream ([billed cost in CloudZero](https://app.cloudzero.com/" in text


def test_without_places_it_names_them_and_links_nowhere() -> None:
    text = report(file="credits-2025-01.csv", base_url="https://api.cloudzero.com")
    assert "| file | credits-2025-01.csv |" in text
    assert "| run | run-12345 |" in text
    assert "](" not in text


def test_a_failed_month_has_no_link_to_costs_that_are_not_there() -> None:
    failed = {"verdict": Verdict.FAILED, "base_url": "https://api.cloudzero.com"}
    assert "app.cloudzero.com" not in report(places=Places(), connection_id="stream", **failed)


def test_a_table_of_rows_speaks_to_people() -> None:
    row = {"account_id": "1", "line": 3, "usd": "1234.50", "identical": True, "kept": False}
    assert tables.of_rows([row], at_most=1).text.splitlines() == [
        "| account | line | dollars | the same | counted |",
        "|---|--:|--:|---|---|",
        r"| 1 | 3 | \$1,234.50 | yes | no |",
    ]
