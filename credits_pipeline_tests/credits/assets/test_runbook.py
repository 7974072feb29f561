"""Follows every recipe of docs/runbook.md; a test's docstring starts with the recipe's heading."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from credits_pipeline.cli import app
from credits_pipeline.core import aws
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import Schedule, storage_root
from credits_pipeline.credits.assets.build import build_definitions
from credits_pipeline.credits.assets.resources import StorageResource
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline.sandbox.cloudzero import SCOPES, Fault
from credits_pipeline_tests.cli.terminal import APerson
from credits_pipeline_tests.conftest import API_KEY, CONNECTION_ID, OTHER_CONNECTION_ID
from credits_pipeline_tests.credits.assets.conftest import JANUARY, Pipeline
from credits_pipeline_tests.dagster_instance import dagster_instance

RUNBOOK = (Path(__file__).parents[3] / "docs" / "runbook.md").read_text()
GOOD = b"047210934418,$1.00\n112480036627,$2.50\n"
WRONG = b"047210934418,$1.10\n112480036627,$2.60\n"
HELD = {"047210934418": "-1.00", "112480036627": "-2.50"}
ZEROS = {"047210934418": "0.00", "112480036627": "0.00"}
FEBRUARY = JANUARY.shift(1)
MONTHS = (JANUARY, FEBRUARY)


def decided_as_the_report_says(month: BillingMonth = JANUARY) -> Verdict:
    """Paste the command from a month's report; returns the verdict of its run."""
    shown = CliRunner().invoke(app, ["report", "--month", str(month)]).stdout
    (line,) = [line for line in shown.splitlines() if line.startswith("credits-pipeline decide")]
    told = CliRunner().invoke(app, [*shlex.split(line)[1:], "--yes", "--json"])
    return Verdict(json.loads(told.stdout)["verdict"])


def started(tick: Any) -> list[BillingMonth]:
    return [BillingMonth.of_partition(request.partition_key) for request in tick.run_requests]


def verdict(pipeline: Pipeline, month: BillingMonth = JANUARY, **run: Any) -> Verdict:
    return pipeline.attempt(pipeline.run(month, **run), month).verdict


def rows(pipeline: Pipeline, connection: str, month: BillingMonth = JANUARY) -> dict[str, str]:
    found = pipeline.cloudzero.rows(connection, str(month))
    return {row["resource/account"]: row["cost/cost"] for row in found}


def creates(pipeline: Pipeline) -> int:
    return sum(record.operation == "create" for record in pipeline.cloudzero.log)


def command(*words: str) -> str:
    told = CliRunner().invoke(app, words)
    assert told.exit_code == 0, told.output
    return told.output


#: Recipes whose parts are tested elsewhere, and where.
ELSEWHERE = {"Something about bills or the pages is wrong": "doctor/test_recipe.py"}


def test_every_recipe_is_tried() -> None:
    headings = re.findall(r"^## (.+)$", RUNBOOK, re.MULTILINE)
    tried = {
        (test.__doc__ or "").partition(":")[0].strip().rstrip(".")
        for name, test in globals().items()
        if name.startswith("test_") and callable(test)
    }
    for heading, file in ELSEWHERE.items():
        assert f'HEADING = "{heading}"' in (Path(__file__).parents[2] / file).read_text()
    assert [one for one in headings if one not in tried and one not in ELSEWHERE] == []


def test_send_a_corrected_file(pipeline: Pipeline) -> None:
    """Send a corrected file."""
    pipeline.upload(WRONG)
    first = pipeline.tick()
    assert verdict(pipeline) is Verdict.VERIFIED
    pipeline.upload(GOOD)
    assert started(pipeline.tick(first.cursor)) == [JANUARY]
    assert verdict(pipeline) is Verdict.VERIFIED
    assert pipeline.held() == HELD


def test_a_month_failed(pipeline: Pipeline) -> None:
    """A month failed: temporary failures are retried, others need a run by hand."""
    pipeline.upload(GOOD)
    pipeline.cloudzero.inject(Fault(operation="create", at=1, kind="status", status=403))
    failed = pipeline.attempt(pipeline.run())
    assert failed.verdict is Verdict.FAILED
    assert failed.permanent
    pipeline.cloudzero.clear_faults()
    assert verdict(pipeline) is Verdict.VERIFIED
    assert pipeline.held() == HELD


def test_a_month_is_blocked(pipeline: Pipeline) -> None:
    """A month is blocked: the decision on the page releases this version."""
    pipeline.upload(GOOD + b"rubbish,$2.00\n")
    assert verdict(pipeline) is Verdict.BLOCKED
    assert pipeline.held() == {}
    assert decided_as_the_report_says() is Verdict.PARTIAL
    assert pipeline.held() == HELD


def test_a_month_is_held(pipeline: Pipeline) -> None:
    """A month is held: try a dry run first."""
    pipeline.upload(GOOD)
    assert verdict(pipeline) is Verdict.VERIFIED
    pipeline.upload(b"047210934418,$100.00\n112480036627,$2.50\n")
    assert verdict(pipeline) is Verdict.HELD
    assert pipeline.held() == HELD
    assert decided_as_the_report_says() is Verdict.VERIFIED
    assert pipeline.held()["047210934418"] == "-100.00"


def test_a_month_is_incomplete(pipeline: Pipeline) -> None:
    """A month is incomplete: the next run sends the whole month."""
    pipeline.upload(GOOD)
    pipeline.cloudzero.inject(Fault(operation="create", at=1, kind="wrong_count"))
    assert verdict(pipeline) is Verdict.INCOMPLETE
    pipeline.cloudzero.clear_faults()
    assert verdict(pipeline) is Verdict.VERIFIED
    assert pipeline.held() == HELD


@pytest.mark.parametrize("way", ["copy", "kept", "delete"])
def test_the_wrong_file_was_sent(versioned_inbox: Any, pipeline: Pipeline, way: str) -> None:
    """The wrong file was sent: upload the right one, or remove the wrong one."""
    s3, inbox = aws.s3_client(), pipeline.inbox
    key = inbox.key(JANUARY)
    pipeline.upload(GOOD, credits_total="3.50")
    assert verdict(pipeline) is Verdict.VERIFIED
    before = pipeline.tick()
    pipeline.upload(WRONG)
    wrong = pipeline.tick(before.cursor)
    assert verdict(pipeline) is Verdict.VERIFIED
    found = s3.list_object_versions(Bucket=inbox.bucket, Prefix=key)["Versions"]
    newest, right = sorted(found, key=lambda version: not version["IsLatest"])
    match way:
        case "copy":
            source = {"Bucket": inbox.bucket, "Key": key, "VersionId": right["VersionId"]}
            s3.copy_object(Bucket=inbox.bucket, Key=key, CopySource=source)
        case "kept":
            receipts = [*StorageResource().journal().attempts(JANUARY)]
            (good,) = [a.run_id for a in receipts if a.total_credit_usd == "3.50"]
            kept = Path(storage_root()) / "raw_credits_csv" / str(JANUARY) / good / "file.csv"
            pipeline.upload(kept.read_bytes())
        case "delete":
            s3.delete_object(Bucket=inbox.bucket, Key=key, VersionId=newest["VersionId"])
    assert started(pipeline.tick(wrong.cursor)) == [JANUARY]
    assert verdict(pipeline) is Verdict.VERIFIED
    assert pipeline.held() == HELD


def test_withdraw_a_month(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Withdraw a month: and bring it back, by a new upload or by the decision on the page."""
    pipeline.upload(GOOD)
    assert verdict(pipeline) is Verdict.VERIFIED
    assert "VERIFIED" in command("clear", "--month", str(JANUARY), "--yes")
    assert pipeline.held() == ZEROS
    assert verdict(pipeline) is Verdict.UNCHANGED
    back = ["decide", "--month", str(JANUARY), "--no-clear-month"]
    assert APerson().invoke(app, back, input="y\n").exit_code == 0
    assert pipeline.held() == HELD


def test_send_months_of_before(pipeline: Pipeline) -> None:
    """Send earlier months: a new installation lists them, and a backfill sends them."""
    for month in MONTHS:
        pipeline.upload(GOOD, month)
    old = Schedule(adopt=timedelta(0))
    pipeline.defs = build_definitions(schedule=old)
    found = pipeline.tick()
    assert started(found) == []
    (event,) = found.asset_events
    assert "2025-01, 2025-02" in event.metadata["found_not_sent"].value
    for month in MONTHS:
        assert verdict(pipeline, month) is Verdict.VERIFIED
        assert pipeline.held(month) == HELD


def test_rotate_the_key(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rotate the key: both work for a moment, and afterwards nothing uses the old one."""
    pipeline.upload(GOOD)
    assert verdict(pipeline) is Verdict.VERIFIED
    pipeline.cloudzero.keys["new-key-for-tests"] = frozenset(SCOPES)
    monkeypatch.setenv("CLOUDZERO_API_KEY", "new-key-for-tests")
    told = command("rehearse", "--month", str(JANUARY))
    assert "no" not in {line.split("│")[2].strip() for line in told.splitlines() if "│" in line}
    del pipeline.cloudzero.keys[API_KEY]
    assert verdict(pipeline) is Verdict.UNCHANGED
    pipeline.upload(WRONG)
    assert verdict(pipeline) is Verdict.VERIFIED


def test_move_to_another_stream(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Move to another stream: send everything to the new one, then withdraw it from the old one."""
    for month in MONTHS:
        pipeline.upload(GOOD, month)
        assert verdict(pipeline, month) is Verdict.VERIFIED
    before = pipeline.tick()
    monkeypatch.setenv("CLOUDZERO_CONNECTION_ID", OTHER_CONNECTION_ID)
    assert started(pipeline.tick(before.cursor)) == []
    for month in MONTHS:
        assert verdict(pipeline, month) is Verdict.VERIFIED
        assert rows(pipeline, OTHER_CONNECTION_ID, month) == HELD
    with monkeypatch.context() as old:
        old.setenv("CLOUDZERO_CONNECTION_ID", CONNECTION_ID)
        # A withdrawal in the new stream's storage would withdraw the month from the new stream too.
        refused = CliRunner().invoke(app, ["clear", "--month", str(JANUARY), "--yes"])
        assert refused.exit_code == 2
        assert "set CREDITS_STORAGE to an empty folder" in refused.output
        old.setenv("CREDITS_STORAGE", str(tmp_path / "old-stream"))
        for month in MONTHS:
            command("clear", "--month", str(month), "--yes")
    for month in MONTHS:
        assert rows(pipeline, CONNECTION_ID, month) == ZEROS
        # A decision about the old stream is not one about the new one.
        assert verdict(pipeline, month) is Verdict.UNCHANGED
        assert rows(pipeline, OTHER_CONNECTION_ID, month) == HELD


def test_the_home_of_dagster_is_lost(pipeline: Pipeline) -> None:
    """Dagster's home is lost: nothing is sent again, because the storage knows what was sent."""
    for month in MONTHS:
        pipeline.upload(GOOD, month)
        assert verdict(pipeline, month) is Verdict.VERIFIED
    assert command("clear", "--month", str(FEBRUARY), "--yes")
    sent = creates(pipeline)
    with dagster_instance() as instance:
        pipeline.instance = instance
        found = pipeline.tick()
        assert started(found) == list(MONTHS)
        for month in MONTHS:
            assert verdict(pipeline, month) is Verdict.UNCHANGED
        assert creates(pipeline) == sent
        assert pipeline.held(JANUARY) == HELD
        # People's decisions are in the storage, too.
        assert pipeline.held(FEBRUARY) == ZEROS


def test_the_storage_is_lost_as_well(pipeline: Pipeline) -> None:
    """The storage is lost as well: months are sent again, and people decide again."""
    for month in MONTHS:
        pipeline.upload(GOOD, month)
        assert verdict(pipeline, month) is Verdict.VERIFIED
    pipeline.upload(GOOD + b"rubbish,$2.00\n", FEBRUARY)
    decided = {"credits": {"accept_rejected": True}}
    assert verdict(pipeline, FEBRUARY, config=decided) is Verdict.UNCHANGED
    shutil.rmtree(storage_root())
    with dagster_instance() as instance:
        pipeline.instance = instance
        assert started(pipeline.tick()) == list(MONTHS)
        assert verdict(pipeline, JANUARY) is Verdict.VERIFIED
        assert verdict(pipeline, FEBRUARY) is Verdict.BLOCKED
        assert pipeline.held(FEBRUARY) == HELD
        assert verdict(pipeline, FEBRUARY, config=decided) is Verdict.PARTIAL


def test_upgrade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Upgrade: the next release reads what is stored (storage/test_samples.py)."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    dagster = str(Path(sys.executable).parent / "dagster")
    told = subprocess.run(
        [dagster, "instance", "migrate"], check=True, capture_output=True, text=True
    )
    assert "$DAGSTER_HOME" in told.stdout
