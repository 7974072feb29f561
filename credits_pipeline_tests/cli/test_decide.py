"""``decide`` against the real servers: what it shows, whom it asks and what it refuses."""

import json
import shlex

import pytest
from typer.testing import CliRunner, Result

from credits_pipeline.cli import app
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import storage_root
from credits_pipeline.core.storage.store import open_store
from credits_pipeline.credits.delivery.commands import version_now
from credits_pipeline.credits.inbox.bucket import Inbox
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline.credits.state.journal import Journal
from credits_pipeline.sandbox.cloudzero import CloudZeroStandIn
from credits_pipeline_tests.cli.terminal import APerson, on_a_terminal
from credits_pipeline_tests.conftest import CONNECTION_ID
from credits_pipeline_tests.credits.assets.conftest import Pipeline, pipeline

__all__ = ["pipeline"]
JANUARY = BillingMonth(2025, 1)
HALF = b"047210934418,$1.00\n112480036627,$45.O0\n12345,$7.25\n"


def decide(*arguments: str, answer: str = "") -> Result:
    return APerson().invoke(app, ["decide", *arguments], input=answer)


def costs(cloudzero: CloudZeroStandIn) -> list[str]:
    return [row["cost/cost"] for row in cloudzero.rows(CONNECTION_ID, "2025-01")]


@pytest.fixture
def blocked(pipeline: Pipeline) -> Pipeline:
    pipeline.upload(HALF)
    assert pipeline.attempt(pipeline.run()).verdict is Verdict.BLOCKED
    return pipeline


def test_the_rows_and_dollars_are_shown_and_who_and_why_are_kept(blocked: Pipeline) -> None:
    done = decide(
        "2025-01", "--accept-rejected", "--who", "Ada Lovelace", "--why", "FIN-12", answer="y\n"
    )
    assert done.exit_code == 0, done.output
    shown = done.stderr
    for told in ("$45.O0", "12345", "$7.25", blocked.version(), "2 could not be read", "$1.00"):
        assert told in shown
    assert shown.index("Decide this about 2025-01?") < shown.index("2025-01 PARTIAL")
    assert costs(blocked.cloudzero) == ["-1.00"]
    receipt = Journal(open_store(storage_root())).receipt(JANUARY)
    assert receipt is not None
    (record,) = receipt.decided
    assert (record["who"], record["why"]) == ("Ada Lovelace", "FIN-12")
    assert "by Ada Lovelace" in CliRunner().invoke(app, ["report", "--month", "2025-01"]).stdout


def test_the_report_s_command_is_ready_to_paste_and_names_a_person(blocked: Pipeline) -> None:
    report = CliRunner().invoke(app, ["report", "--month", "2025-01"]).stdout
    (command,) = [line for line in report.splitlines() if line.startswith("credits-pipeline dec")]
    done = CliRunner().invoke(app, [*shlex.split(command)[1:], "--yes", "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["verdict"] == "partial"
    assert told["decided"][0]["who"] not in {"", "a person in Dagster"}
    assert f'for_version: "{blocked.version()}"' in report


def test_a_version_that_is_not_current_any_more_is_refused_before_anything_is_asked(
    blocked: Pipeline,
) -> None:
    seen = blocked.version()
    blocked.upload(HALF.replace(b"1.00", b"2.00"))
    done = decide("--month", "2025-01", "--accept-rejected", "--for-version", seen, "--yes")
    assert done.exit_code == 2
    for told in (seen, blocked.version(), "credits-pipeline decide --month 2025-01 --accept-rej"):
        assert told in done.stderr
    # No run has read the newest version, so nobody can know what it contains.
    unseen = decide("--month", "2025-01", "--accept-rejected", answer="y\n")
    assert unseen.exit_code == 2
    assert "No run has looked at version" in unseen.stderr
    assert costs(blocked.cloudzero) == []


@pytest.mark.parametrize(("answer", "code"), [("n\n", 1), ("", 2)])
def test_nothing_is_decided_where_nobody_agrees(blocked: Pipeline, answer: str, code: int) -> None:
    done = decide("--month", "2025-01", "--accept-rejected", answer=answer)
    assert done.exit_code == code, done.output
    assert not blocked.journal.decided(JANUARY, blocked.version())


def test_a_pipe_does_not_count_as_a_person_who_looked(blocked: Pipeline) -> None:
    piped = CliRunner().invoke(app, ["decide", "2025-01", "--accept-rejected"], input="y\n")
    assert piped.exit_code == 2, piped.output
    assert "Nobody answered, so nothing was changed" in piped.stderr
    assert "$45.O0" in piped.stderr
    assert not blocked.journal.decided(JANUARY, blocked.version())


def test_a_person_is_asked_on_a_terminal(blocked: Pipeline) -> None:
    code, shown = on_a_terminal("decide", "2025-01", "--accept-rejected", typed="n\n")
    assert code == 1, shown
    assert "Decide this about 2025-01?" in shown
    assert "Nothing was changed." in shown
    assert not blocked.journal.decided(JANUARY, blocked.version())


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--month", "2025-01"],
        ["--month", "2025-13", "--accept-rejected"],
        ["2025-01", "--month", "2025-01", "--accept-rejected"],
        ["--month", "2025-01", "--accept-rejected", "--yes"],
        ["--month", "2025-01", "--signs", "both"],
        ["--month", "2025-01", "--duplicates", "last"],
        ["--month", "2019-01", "--accept-rejected"],
        ["--month", "2025-01", "--accept-rejected", "--who", "  "],
    ],
)
def test_wrong_usage_exits_with_2(arguments: list[str], inbox: Inbox) -> None:
    assert decide(*arguments).exit_code == 2


def test_a_withdrawal_and_its_end_are_decided_in_the_same_way(pipeline: Pipeline) -> None:
    pipeline.upload(b"047210934418,$1.00\n")
    assert pipeline.run().success
    done = decide("2025-01", "--clear-month", answer="y\n")
    assert done.exit_code == 0, done.output
    assert costs(pipeline.cloudzero) == ["0.00"]
    assert "withdrawn" in CliRunner().invoke(app, ["months"]).stdout
    back = decide("2025-01", "--no-clear-month", answer="y\n")
    assert back.exit_code == 0, back.output
    assert costs(pipeline.cloudzero) == ["-1.00"]
    assert version_now(JANUARY) == pipeline.version()


@pytest.mark.parametrize("broken", ["CREDITS_BUCKET", "CREDITS_STORAGE"])
def test_what_it_needs_and_can_t_reach_exits_with_2(
    broken: str, blocked: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = "no-such-bucket" if broken == "CREDITS_BUCKET" else "s3://no-such-bucket/credits"
    monkeypatch.setenv(broken, value)
    assert decide("2025-01", "--accept-rejected", answer="y\n").exit_code == 2
