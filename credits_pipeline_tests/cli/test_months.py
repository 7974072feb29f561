"""``months`` and ``report``: the results of runs, as people and programs see them."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from credits_pipeline.cli import app
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import storage_root
from credits_pipeline.core.storage.store import open_store
from credits_pipeline.credits.state.attempt import Attempt, Verdict
from credits_pipeline.credits.state.journal import Journal
from credits_pipeline.credits.state.unstarted import Unstarted, keep, kept
from credits_pipeline.reporting import deciding
from credits_pipeline_tests.cli.terminal import on_a_terminal

NOW = BillingMonth.at(datetime.now(UTC))
JANUARY = NOW.shift(-1)


@pytest.fixture
def journal() -> Journal:
    return Journal(open_store(storage_root()))


@pytest.fixture(autouse=True)
def _start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDITS_START_MONTH", str(NOW.shift(-2)))


def attempt(verdict: Verdict, run_id: str, hours_ago: float, **fields: Any) -> Attempt:
    at = (datetime.now(UTC) - timedelta(hours=hours_ago)).isoformat()
    told = {
        "reason": f"It is {verdict.value}.",
        "file_version": "20250203T101112Z-9f86d081",
        "started_at": at,
        "ended_at": at,
        **fields,
    }
    return Attempt(run_id=run_id, billing_month=str(JANUARY), verdict=verdict, **told)


def verified(journal: Journal) -> Attempt:
    stored = attempt(
        Verdict.PARTIAL,
        "run-sent",
        50,
        row_count=2,
        unique_accounts=2,
        total_credit_usd="1234.50",
        left_out_usd="7.25",
        decided=[
            {"run_id": "r", "who": "ada", "at": "2025-02-03", "decided": {"accept_rejected": True}}
        ],
    )
    rows = {"rejected": [{"line": 3, "text": "x", "reason": "not an amount", "usd": None}]}
    return journal.close(stored, sent=True, rows=rows)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def line_of(output: str, month: BillingMonth) -> list[str]:
    (line,) = (line for line in output.splitlines() if line.startswith(str(month)))
    return re.split(r" {2,}", line.strip())


def test_every_month_has_a_line_with_verdict_dollars_file_decisions_and_age(
    journal: Journal,
) -> None:
    verified(journal)
    done = run("months")
    assert done.exit_code == 0, done.output
    assert line_of(done.stdout, JANUARY) == [
        str(JANUARY), "partial", "$1,234.50", "$7.25", "20250203T101112Z", "accept_rejected", "2 d",
    ]  # fmt: skip
    assert line_of(done.stdout, NOW) == [str(NOW), "none yet"]
    assert len(done.stdout.splitlines()) == 4


@pytest.mark.parametrize("verdict", [Verdict.DRY_RUN, Verdict.SUPERSEDED])
def test_a_run_that_was_not_meant_to_send_is_shown_if_there_was_no_other(
    journal: Journal, verdict: Verdict
) -> None:
    journal.close(attempt(verdict, "run-looked", 3), sent=False)
    done = run("months")
    assert done.exit_code == 0, done.output
    word = verdict.value.replace("_", " ")
    assert line_of(done.stdout, JANUARY) == [str(JANUARY), word, "20250203T101112Z", "3 h"]
    assert f"{JANUARY}: {word}" in run("report", "--month", str(JANUARY)).stdout
    # It says nothing about the state of the month.
    verified(journal)
    assert line_of(run("months").stdout, JANUARY)[1] == "partial"


def test_a_long_time_about_which_nothing_is_known_takes_one_line(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDITS_START_MONTH", str(JANUARY.shift(-12)))
    verified(journal)
    told = run("months").stdout.splitlines()[1:]
    assert [line.split("  ")[0] for line in told] == [
        str(NOW),
        str(JANUARY),
        f"{JANUARY.shift(-12)} to {JANUARY.shift(-1)}",
    ]
    assert len(json.loads(run("months", "--json").stdout)["months"]) == 14


def test_a_month_that_waits_for_a_person_is_reported_and_ends_with_1(journal: Journal) -> None:
    verified(journal)
    journal.close(attempt(Verdict.BLOCKED, "run-red", 3), sent=False)
    done = run("months")
    assert done.exit_code == 1
    assert f"1 waiting for a person: credits-pipeline report --month {JANUARY}" in done.stderr
    # CloudZero holds the same as before.
    assert line_of(done.stdout, JANUARY)[1:4] == ["blocked", "$1,234.50", "20250203T101112Z"]


def test_months_are_json_for_programs(journal: Journal) -> None:
    verified(journal)
    journal.close(attempt(Verdict.BLOCKED, "run-red", 3, what_to_do="Mend it."), sent=False)
    told = json.loads(run("months", "--json").stdout)
    assert told["waiting"] == 1
    assert [month["billing_month"] for month in told["months"]] == [
        str(NOW.shift(-back)) for back in range(3)
    ]
    january = told["months"][1]
    assert january["age_seconds"] == pytest.approx(3 * 3600, abs=60)
    del january["age_seconds"]
    assert january == {
        "billing_month": str(JANUARY),
        "verdict": "blocked",
        "reason": "It is blocked.",
        "what_to_do": "Mend it.",
        "held_credit_usd": "1234.50",
        "held_accounts": 2,
        "held_file_version": "20250203T101112Z-9f86d081",
        "left_out_usd": "0.00",
        "file_version": "20250203T101112Z-9f86d081",
        "decided": {},
        "dismissed": None,
        "run_id": "run-red",
    }


def test_a_month_before_the_first_partition_is_listed_if_something_is_known_of_it(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified(journal)
    monkeypatch.setenv("CREDITS_START_MONTH", str(NOW))
    assert line_of(run("months").stdout, JANUARY)[1] == "partial"


def test_months_are_in_colour_on_a_terminal_only(journal: Journal) -> None:
    verified(journal)
    assert "\x1b" not in run("months").stdout
    code, shown = on_a_terminal("months")
    assert code == 0
    assert "\x1b[32mpartial" in shown
    assert "$1,234.50" in shown


@pytest.mark.parametrize("columns", [80, 60, 40])
def test_dollars_stay_whole_on_a_narrow_terminal(journal: Journal, columns: int) -> None:
    verified(journal)
    _, shown = on_a_terminal("months", columns=columns)
    (line,) = (line for line in shown.splitlines() if line.startswith(str(JANUARY)))
    for whole in ("$1,234.50", "$7.25", "20250203T101112Z", "2 d"):
        assert whole in line


def test_a_report_is_markdown_in_a_pipe_and_laid_out_on_a_terminal(journal: Journal) -> None:
    verified(journal)
    done = run("report", "--month", str(JANUARY))
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith(f"## ⚠️ {JANUARY}: partial\n")
    left_out = r"at least \$7.25; 1 row has an amount that can't be read"
    assert f"**Left out of this month: {left_out}**" in done.stdout
    assert "| 3 | x | not an amount |" in done.stdout
    code, shown = on_a_terminal("report", "--month", str(JANUARY))
    assert code == 0
    assert "Left out of this month: at least $7.25; 1 row" in shown
    assert "**" not in shown


def test_a_month_that_went_wrong_is_reported_before_what_cloudzero_still_holds(
    journal: Journal,
) -> None:
    verified(journal)
    journal.close(attempt(Verdict.BLOCKED, "run-red", 3), sent=False)
    done = run("report", "--month", str(JANUARY))
    assert done.exit_code == 1
    titles = [line for line in done.stdout.splitlines() if line.startswith("## ")]
    assert titles == [f"## ⛔ {JANUARY}: blocked", f"## ⚠️ {JANUARY}: partial"]
    assert f"What CloudZero holds of {JANUARY}, from an earlier run:" in done.stdout


@pytest.mark.parametrize("columns", [80, 40])
def test_what_is_to_be_pasted_is_one_line_on_a_narrow_terminal(
    journal: Journal, columns: int
) -> None:
    blocked = attempt(Verdict.BLOCKED, "run-red", 3, offers=[{"accept_rejected": True}])
    journal.close(blocked, sent=False)
    _, shown = on_a_terminal("report", str(JANUARY), columns=columns)
    command = deciding.command(str(JANUARY), {"accept_rejected": True}, blocked.file_version)
    assert len(command) > columns
    assert command in [line.strip() for line in shown.splitlines()]


def test_a_report_is_json_with_its_lists_of_rows(journal: Journal) -> None:
    stored = verified(journal)
    done = run("report", "--month", str(JANUARY), "--json")
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert told["in_order"] is True
    assert told["last"] == told["receipt"]
    assert told["receipt"]["total_credit_usd"] == stored.total_credit_usd
    assert told["receipt"]["row_lists"]["rejected"][0]["line"] == 3


def test_a_report_links_to_the_run_where_the_ui_is_known(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified(journal)
    monkeypatch.setenv("CREDITS_UI_URL", "https://dagster.example.com/")
    text = run("report", "--month", str(JANUARY)).stdout
    assert "[run-sent](https://dagster.example.com/runs/run-sent)" in text


def test_a_storage_without_a_month_is_named(journal: Journal) -> None:
    for command in (["months"], ["report", str(JANUARY)]):
        told = run(*command).stderr.replace("\n", " ")
        assert f"Looked in {storage_root()}." in told
        assert "set CREDITS_STORAGE" in told
    verified(journal)
    assert "Looked in" not in run("months").stderr


def test_a_month_that_was_never_sent_ends_with_exit_code_1() -> None:
    done = run("report", "--month", "2025-01")
    assert done.exit_code == 1
    assert "No run has tried to send 2025-01 yet." in done.stdout
    told = json.loads(run("report", "--month", "2025-01", "--json").stdout)
    assert told == {
        "billing_month": "2025-01",
        "dismissed": None,
        "in_order": False,
        "last": None,
        "receipt": None,
    }


@pytest.mark.parametrize("command", [["months"], ["report", "--month", "2025-01"]])
def test_a_storage_that_can_t_be_used_ends_with_2_and_says_which(
    command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDITS_BUCKET", "inbox")
    monkeypatch.setenv("CREDITS_STORAGE", "s3://inbox/storage")
    done = run(*command)
    assert done.exit_code == 2
    assert "CREDITS_STORAGE=s3://inbox/storage lies inside the inbox" in done.stderr


@pytest.mark.parametrize("command", [["months"], ["report", "--month", "2025-01"]])
def test_a_storage_that_can_t_be_read_ends_with_2_and_says_where(
    command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDITS_STORAGE", "/dev/null/storage")
    done = run(*command)
    assert done.exit_code == 2
    assert "/dev/null/storage" in done.stderr
    assert "Not a directory" in done.stderr


def test_what_is_not_a_month_is_wrong_usage() -> None:
    assert run("report", "--month", "January").exit_code == 2
    assert run("report").exit_code == 2


def test_uploads_that_start_no_run_are_lines_below_the_months(journal: Journal) -> None:
    seen = Unstarted(
        tuple((f"Credits_{n}.csv", "it is not named credits-YYYY-MM.csv") for n in range(4)),
        more=2,
        not_sent=("2024-01",),
    )
    keep(open_store(storage_root()), seen)
    done = run("months")
    # No month needs a decision: the exit code is about months only.
    assert done.exit_code == 0
    told = done.stderr.replace("\n", " ")
    assert "Credits_0.csv starts no run: it is not named credits-YYYY-MM.csv" in told
    assert "3 more uploads start no run" in told
    assert "2024-01: the file was there before the pipeline" in told
    shown = json.loads(run("months", "--json").stdout)["uploads_that_start_no_run"]
    assert [one["object"] for one in shown["objects"]] == [f"Credits_{n}.csv" for n in range(4)]
    assert kept(open_store(storage_root())) == seen
