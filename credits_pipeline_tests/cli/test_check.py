"""``credits-pipeline check``: what would happen to a file, as a person and a program see it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from credits_pipeline.cli import app
from credits_pipeline_tests.cli.terminal import on_a_terminal

Check = Callable[..., Result]
OWN = '123456789012,"$6,407.96"\n000000000002,$5.00\n'
WIDE = "Account ID,2025-01,2025-02\n123456789012,5.10,7.30\n000000000002,6.20,8.40\n"


@pytest.fixture
def check(tmp_path: Path) -> Check:
    def run(content: str | bytes, *options: str, name: str = "credits-2025-01.csv") -> Result:
        file = tmp_path / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return CliRunner().invoke(app, ["check", str(file), *options])

    return run


def verdict(result: Result) -> dict[str, Any]:
    return json.loads(result.stdout)


def test_a_good_file_is_accepted_with_its_rows_and_total(check: Check) -> None:
    result = check(OWN, "--json")
    assert result.exit_code == 0
    found = verdict(result)
    assert found["verdict"] == "accept"
    assert found["layout"] == "headerless"
    assert found["months"] == {
        "2025-01": {
            "rows": [
                {"account_id": "000000000002", "amount_usd": "5.00", "line": 2},
                {"account_id": "123456789012", "amount_usd": "6407.96", "line": 1},
            ],
            "total_usd": "6412.96",
        }
    }
    assert found["rejected_rows"] == []
    assert found["warnings"] == []
    assert found["reason"] is None


def test_a_row_that_cannot_be_read_rejects_the_file_with_line_text_and_reason(check: Check) -> None:
    result = check(OWN + "000000000003,x\n", "--json")
    assert result.exit_code == 1
    found = verdict(result)
    assert found["verdict"] == "reject"
    assert found["rejected_rows"] == [
        {"line": 3, "text": "000000000003,x", "reason": "not an amount"}
    ]
    assert "line 3" in found["reason"]


def test_a_repetition_is_a_warning_and_exit_code_0(check: Check) -> None:
    result = check(OWN + "000000000002,$5.00\n", "--json")
    assert result.exit_code == 0
    assert verdict(result)["verdict"] == "warn"
    assert "Line 3 repeats line 2" in verdict(result)["warnings"][0]


def test_a_refusal_is_json_too(check: Check) -> None:
    result = check(b"", "--json")
    assert result.exit_code == 1
    assert verdict(result) == {
        "verdict": "reject",
        "layout": "unknown",
        "months": {},
        "rejected_rows": [],
        "warnings": [],
        "reason": "credits-2025-01.csv is empty (zero bytes): upload it again with its rows.",
        "notes": [],
        "ignored_columns": [],
        "profile": None,
        "starts_run": False,
        "starts_no_run_because": None,
    }


@pytest.mark.parametrize(
    ("name", "options", "why"),
    [
        ("credits-2025-01.csv", [], None),
        ("credits-2019-05.csv", [], "2019-05 is before the first month, 2024-01"),
        ("credits-2099-05.csv", [], "2099-05 has not begun"),
        ("credits-2025-13.csv", [], "2025-13 is not a month of the calendar"),
        ("Credits_March.csv", [], "name it credits-YYYY-MM.csv"),
        ("credits-2025-01 (2).csv", [], "join it with credits-2025-01.csv"),
        ("any.csv", ["--month", "2025-01"], "upload it as credits-2025-01.csv"),
        ("any.csv", ["--month", "2099-01"], "2099-01 has not begun"),
    ],
)
def test_whether_an_upload_starts_a_run_is_said_by_the_sensor_s_rule(
    name: str, options: list[str], why: str | None, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_bytes(b"account_id,amount\n112480036627,$1.00\n")
    told = verdict(CliRunner().invoke(app, ["check", str(file), "--json", *options]))
    assert told["verdict"] == "accept"
    assert told["starts_run"] is (why is None)
    assert why is None or why in told["starts_no_run_because"]
    shown = CliRunner().invoke(app, ["check", str(file), *options]).stdout
    assert ("starts no run" in shown) is (why is not None)


def test_a_file_with_more_months_than_its_name_gets_the_split_command(check: Check) -> None:
    result = check(WIDE, "--json")
    assert result.exit_code == 1
    found = verdict(result)
    assert "credits-pipeline split credits-2025-01.csv --to DIR" in found["reason"]
    assert list(found["months"]) == ["2025-01", "2025-02"]


def test_a_sheet_of_any_name_is_accepted_with_all_of_its_months(check: Check) -> None:
    result = check(WIDE, "--json", name="history 2025.csv")
    assert result.exit_code == 0
    found = verdict(result)
    assert found["verdict"] == "accept"
    assert {month: entry["total_usd"] for month, entry in found["months"].items()} == {
        "2025-01": "11.30",
        "2025-02": "15.70",
    }
    assert "split 'history 2025.csv' --to DIR" in found["notes"][0]


@pytest.mark.parametrize(
    ("name", "options", "month"),
    [
        ("credits-2025-01.csv", [], "2025-01"),
        ("credits-2025-01.csv", ["--month", "2024-12"], "2024-12"),
        ("from-a-partner.csv", ["--month", "2024-12"], "2024-12"),
        ("from-a-partner.csv", [], "unknown"),
    ],
)
def test_the_month_is_that_of_the_option_or_of_the_name(
    check: Check,
    name: str,
    options: list[str],
    month: str,
) -> None:
    result = check(OWN, "--json", *options, name=name)
    assert result.exit_code == 0
    assert list(verdict(result)["months"]) == [month]


@pytest.mark.parametrize(
    ("total", "code"), [("6412.96", 0), ("$6,412.96", 0), ("6412.97", 1), ("11.30", 1)]
)
def test_the_expected_total_is_compared(check: Check, total: str, code: int) -> None:
    result = check(OWN, "--json", "--expect-total", total)
    assert result.exit_code == code
    if code:
        assert "$6,412.96" in verdict(result)["reason"]


def test_the_expected_total_of_a_sheet_is_that_of_all_months(check: Check) -> None:
    assert check(WIDE, "--expect-total", "27.00", name="sheet.csv").exit_code == 0
    assert check(WIDE, "--expect-total", "11.30", name="sheet.csv").exit_code == 1


def test_both_signs_are_rejected_until_a_person_says_as_is(check: Check) -> None:
    claw_back = OWN + "000000000003,-1.00\n"
    assert check(claw_back).exit_code == 1
    result = check(claw_back, "--json", "--signs", "as_is")
    assert result.exit_code == 0
    rows = verdict(result)["months"]["2025-01"]["rows"]
    assert [row["amount_usd"] for row in rows] == ["5.00", "-1.00", "6407.96"]


def test_accepted_rows_are_left_out_with_a_warning(check: Check) -> None:
    result = check(OWN + "000000000003,x\n", "--json", "--accept-rejected")
    assert result.exit_code == 0
    assert verdict(result)["verdict"] == "warn"


def test_the_defaults_come_from_the_environment(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDITS_DUPLICATES", "reject")
    assert check(OWN + "000000000002,$5.00\n").exit_code == 1
    monkeypatch.setenv("CREDITS_DUPLICATES", "sum")
    assert check(OWN + "000000000002,$5.00\n").exit_code == 0
    monkeypatch.setenv("CREDITS_MAX_BYTES", "10")
    result = check(OWN, "--json")
    assert result.exit_code == 1
    assert "CREDITS_MAX_BYTES" in verdict(result)["reason"]


@pytest.mark.parametrize(
    "options",
    [
        ["--month", "2025-13"],
        ["--expect-total", "much"],
        ["--signs", "maybe"],
        ["--duplicates", "last"],
        ["--no-such-option"],
    ],
)
def test_wrong_usage_exits_with_2(check: Check, options: list[str]) -> None:
    assert check(OWN, *options).exit_code == 2


def test_a_value_that_is_not_one_of_an_option_s_is_named_with_the_option(check: Check) -> None:
    told = " ".join(check(OWN, "--duplicates", "last").stderr.replace("│", " ").split())
    assert "Invalid value for --duplicates: 'last' is not one of first, sum, reject" in told


def test_a_missing_file_exits_with_2(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["check", str(tmp_path / "none.csv")]).exit_code == 2


def test_a_person_sees_the_first_problems_between_their_neighbours(check: Check) -> None:
    result = check(OWN + "000000000003,x\n000000000004,$1.00\n")
    assert "would not be sent" in result.stdout
    assert (
        "   2 | 000000000002,$5.00\n"
        ">  3 | 000000000003,x\n"
        "     | not an amount\n"
        "   4 | 000000000004,$1.00\n"
    ) in result.stdout
    assert "Why: 1 row can't be read" in result.stdout


def test_a_row_that_is_shown_is_not_repeated_for_each_month(check: Check) -> None:
    shown = check(WIDE + "3.34019E+11,50.00,\n3.34019E+11,n/a,9.00\n", name="sheet.csv").stdout
    assert shown.count("scientific notation") == 2
    (why,) = (line for line in shown.splitlines() if line.startswith("Why: "))
    assert why == (
        "Why: 2 rows can't be read (at least $59.00 over 2 months): correct the file and upload it "
        "again, or decide accept_rejected to leave them out."
    )
    # A program, which sees no lines, is told each month's own.
    told = verdict(check(WIDE + "3.34019E+11,50.00,1\n", "--json", name="sheet.csv"))["reason"]
    assert "2025-01: 1 row can't be read ($50.00)" in told
    assert "2025-02: 1 row can't be read ($1.00)" in told


def test_a_person_sees_accounts_dollars_and_where_every_record_went(check: Check) -> None:
    result = check(OWN + "000000000002,$5.00\nTotal,$6412.96\n")
    assert "2025-01: 2 accounts, $6,412.96" in result.stdout
    assert "4 records: 2 would be sent, 1 identical duplicate, 1 control total" in result.stdout
    assert "line 4 'Total': $6,412.96, agrees" in result.stdout
    assert "\x1b" not in result.stdout


def test_a_person_at_a_terminal_sees_that_it_is_at_work_and_colours(tmp_path: Path) -> None:
    file = tmp_path / "credits-2025-01.csv"
    file.write_text(OWN)
    code, shown = on_a_terminal("check", str(file))
    assert code == 0
    assert "Reading credits-2025-01.csv, 0.0 MB" in shown
    assert "\x1b[1;32m" in shown
    assert "would be sent (accept)" in shown
