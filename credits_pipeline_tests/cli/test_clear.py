"""``clear`` against the real servers, with its own Dagster instance."""

import json
from pathlib import Path

import dagster as dg
import pytest
from typer.testing import CliRunner, Result

from credits_pipeline.cli import app
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import storage_root
from credits_pipeline.core.storage.store import open_store
from credits_pipeline.credits.inbox.bucket import Inbox
from credits_pipeline.credits.state.journal import Journal
from credits_pipeline.sandbox.cloudzero import CloudZeroStandIn, Fault
from credits_pipeline_tests.cli.terminal import APerson
from credits_pipeline_tests.conftest import CONNECTION_ID

JANUARY = BillingMonth(2025, 1)
ROW = {
    "resource/account": "047210934418",
    "cost/cost": "-12.00",
    "time/usage_start": "2025-01-01T00:00:00Z",
    "lineitem/type": "Credit",
}


@pytest.fixture(autouse=True)
def _filled(cloudzero: CloudZeroStandIn, inbox: Inbox) -> None:
    """The month holds one row and has no file."""
    cloudzero.seed(CONNECTION_ID, "2025-01", [ROW])


def clear(*arguments: str, answer: str = "") -> Result:
    return APerson().invoke(app, ["clear", *arguments], input=answer)


def costs(cloudzero: CloudZeroStandIn) -> list[str]:
    return [row["cost/cost"] for row in cloudzero.rows(CONNECTION_ID, "2025-01")]


def test_a_month_is_withdrawn_after_a_person_agreed(cloudzero: CloudZeroStandIn) -> None:
    done = clear("--month", "2025-01", answer="y\n")
    assert done.exit_code == 0, done.output
    assert "CloudZero holds $12.00 of 1 account for 2025-01. Withdraw it?" in done.stderr
    assert "2025-01 VERIFIED" in done.stderr
    # The run's line is for logs, and not for who is asked a question.
    assert '"event"' not in done.output
    assert costs(cloudzero) == ["0.00"]
    receipt = Journal(open_store(storage_root())).receipt(JANUARY)
    assert receipt is not None
    assert receipt.decided[0]["decided"] == {"clear_month": True}


def test_programs_get_the_run_s_attempt_and_nothing_else() -> None:
    done = clear("--month", "2025-01", "--yes", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["verdict"], told["total_credit_usd"]) == ("verified", "0.00")
    assert '"event":"credits_run"' in done.stderr


def test_nothing_is_done_where_a_person_does_not_agree(cloudzero: CloudZeroStandIn) -> None:
    done = clear("--month", "2025-01", answer="n\n")
    assert done.exit_code == 1
    assert costs(cloudzero) == ["-12.00"]


def test_a_pipe_withdraws_nothing(cloudzero: CloudZeroStandIn) -> None:
    piped = CliRunner().invoke(app, ["clear", "--month", "2025-01"], input="y\n")
    assert piped.exit_code == 2, piped.output
    assert "Nobody answered, so nothing was changed" in piped.stderr
    assert costs(cloudzero) == ["-12.00"]


def test_the_run_is_dagster_s_own(
    cloudzero: CloudZeroStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    assert clear("--month", "2025-01", "--yes").exit_code == 0
    with dg.DagsterInstance.get() as instance:
        (run,) = instance.get_runs()
        assert run.job_name == "credits_month"
        assert run.tags["dagster/partition"] == "2025-01-01"
        assert run.is_success
    assert costs(cloudzero) == ["0.00"]


def test_a_stream_at_another_address_is_told_from_the_one_that_is_set(
    cloudzero: CloudZeroStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert clear("--month", "2025-01", "--yes").exit_code == 0
    monkeypatch.setenv("CLOUDZERO_BASE_URL", "http://127.0.0.1:9")
    done = clear("--month", "2025-01", "--yes")
    assert done.exit_code == 2
    told = " ".join(done.stderr.replace("│", " ").split())
    assert f"was sent to stream {CONNECTION_ID} at {cloudzero.base_url}, and the one" in told
    assert f"that is set is {CONNECTION_ID} at http://127.0.0.1:9. Nothing was changed." in told


def test_a_refusal_of_cloudzero_s_ends_with_1(cloudzero: CloudZeroStandIn) -> None:
    cloudzero.inject(Fault(operation="create", kind="status", status=400))
    done = clear("--month", "2025-01", "--yes")
    assert done.exit_code == 1
    assert "2025-01 FAILED" in done.stderr
    assert Journal(open_store(storage_root())).receipt(JANUARY) is None


@pytest.mark.parametrize(
    ("month", "says"), [("2025-13", "not a month"), ("2019-01", "CREDITS_START_MONTH")]
)
def test_an_invalid_month_is_wrong_usage(month: str, says: str) -> None:
    done = clear("--month", month, "--yes")
    assert done.exit_code == 2
    assert says in done.stderr.replace("\n", " ")


def test_a_missing_setting_is_named(
    cloudzero: CloudZeroStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CLOUDZERO_API_KEY")
    done = clear("--month", "2025-01", "--yes")
    assert done.exit_code == 2
    assert "CLOUDZERO_API_KEY is not set" in done.stderr
    assert costs(cloudzero) == ["-12.00"]


def test_a_storage_that_can_t_be_read_is_reported_before_anything_is_changed(
    cloudzero: CloudZeroStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDITS_STORAGE", "s3://no-such-bucket/credits")
    done = clear("--month", "2025-01", "--yes")
    assert done.exit_code == 2, done.output
    assert "could not read s3://no-such-bucket/credits/receipts/2025-01.json" in done.stderr
    assert costs(cloudzero) == ["-12.00"]
