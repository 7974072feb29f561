"""A decision is about the version that the person saw, and about no other."""

from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run

from credits_pipeline.core import aws
from credits_pipeline.core.settings import Schedule
from credits_pipeline.credits.assets.build import build_definitions
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline.reporting.report import markdown
from credits_pipeline.sandbox.cloudzero import Fault
from credits_pipeline_tests.credits.assets.conftest import JANUARY, Pipeline

GOOD = b"047210934418,$1.00\n112480036627,$2.50\n"
OTHER = b"047210934418,$1.20\n112480036627,$2.50\n"
HALF = b"047210934418,$1.00\n112480036627,oops\n"
INVALID = '{"connection": {"is_valid": false, "errors": ["row 1: not today"]}}'
HELD_GOOD = {"047210934418": "-1.00", "112480036627": "-2.50"}
DECISIONS: list[dict[str, Any]] = [
    {"accept_rejected": True},
    {"accept_change": True},
    {"clear_month": True},
    {"signs": "as_is"},
    {"duplicates": "sum"},
    {"accept_rejected": False},
]


def remove(pipeline: Pipeline) -> None:
    aws.s3_client().delete_object(Bucket=pipeline.inbox.bucket, Key=pipeline.inbox.key(JANUARY))


def executed_again(pipeline: Pipeline, run_id: str) -> dg.DagsterRun:
    """A run executed again as in Dagster's UI: same config and tags, the old run as root."""
    old = pipeline.instance.get_run_by_id(run_id)
    assert old is not None
    job = pipeline.defs.resolve_job_def("credits_month")
    run = pipeline.instance.create_run_for_job(
        job,
        run_config=old.run_config,
        tags=old.tags,
        parent_run_id=run_id,
        root_run_id=run_id,
    )
    execute_run(InMemoryJob(job), run, pipeline.instance, raise_on_error=False)
    ended = pipeline.instance.get_run_by_id(run.run_id)
    assert ended is not None
    return ended


def creates(pipeline: Pipeline) -> int:
    return sum(record.operation == "create" for record in pipeline.cloudzero.log)


@pytest.mark.parametrize("version", [None, "20250203T101112Z-9f86d081"])
def test_a_decision_about_no_version_or_another_is_refused_and_the_month_stands(
    pipeline: Pipeline, version: str | None
) -> None:
    pipeline.upload(GOOD)
    assert pipeline.run().success
    before, sent = pipeline.journal.last(JANUARY), creates(pipeline)
    for decided in DECISIONS:
        result = pipeline.run(
            only=["raw_credits_csv", "credits"],
            config={"credits": {**decided, "for_version": version}},
        )
        assert not result.success
        attempt = pipeline.attempt(result)
        assert attempt.verdict is Verdict.FAILED
        assert pipeline.version() in attempt.reason
        assert (version or "for_version") in attempt.reason
        assert "credits-pipeline decide --month 2025-01 --" in attempt.what_to_do
    assert pipeline.journal.last(JANUARY) == before
    assert not pipeline.journal.decided(JANUARY, pipeline.version())
    assert creates(pipeline) == sent


def test_a_report_has_the_command_once_where_it_is_ready_to_paste(pipeline: Pipeline) -> None:
    pipeline.upload(HALF)
    attempt = pipeline.attempt(pipeline.run())
    shown = markdown(attempt, pipeline.journal.rows(attempt)).text
    assert "Upload a corrected file, or decide: paste the command below." in shown
    assert shown.count("credits-pipeline decide") == 1
    # The run's page has no room for it elsewhere.
    assert "credits-pipeline decide" in attempt.what_to_do


def test_an_upload_between_the_preview_and_the_launch_is_not_decided_about(
    pipeline: Pipeline,
) -> None:
    pipeline.upload(HALF)
    blocked = pipeline.attempt(pipeline.run())
    assert blocked.verdict is Verdict.BLOCKED
    assert blocked.offers == [{"accept_rejected": True}]
    seen = blocked.file_version
    assert f"--accept-rejected --for-version {seen}" in blocked.what_to_do
    pipeline.upload(b"047210934418,$7.00\n112480036627,nor this\n")
    config = {"credits": {**blocked.offers[0], "for_version": seen}}
    refused = pipeline.run(config=config)
    assert not refused.success
    assert seen in pipeline.attempt(refused).reason
    assert pipeline.held() == {}


def test_a_run_that_is_executed_again_decides_nothing_new(pipeline: Pipeline) -> None:
    pipeline.upload(GOOD)
    assert pipeline.run().success
    config = {"credits": {"clear_month": True, "for_version": pipeline.version()}}
    first = pipeline.run(config=config)
    assert first.success
    assert pipeline.run(config={"credits": {"clear_month": False}}).success
    assert pipeline.held() == HELD_GOOD
    before = pipeline.journal.last(JANUARY)
    again = executed_again(pipeline, first.run_id)
    assert again.is_failure
    attempt = pipeline.journal.attempt(JANUARY, again.run_id)
    assert attempt is not None
    assert first.run_id in attempt.reason
    assert pipeline.held() == HELD_GOOD
    assert pipeline.journal.last(JANUARY) == before


def test_a_withdrawal_without_a_file_ends_with_the_next_file(pipeline: Pipeline) -> None:
    """The file is sent again, because nobody decided to withdraw it this time."""
    assert pipeline.run(config={"credits": {"clear_month": True}}).success
    assert pipeline.run().success, "it holds until then"
    pipeline.upload(GOOD)
    assert pipeline.run().success
    remove(pipeline)
    after = pipeline.run()
    assert pipeline.attempt(after).verdict is Verdict.FAILED
    assert pipeline.held() == HELD_GOOD
    # With a new decision it is withdrawn again.
    assert pipeline.run(config={"credits": {"clear_month": True}}).success
    assert pipeline.run().success
    assert set(pipeline.held().values()) == {"0.00"}


def test_a_withdrawal_of_a_version_ends_with_the_next_one_even_if_that_is_removed(
    versioned_inbox: object, pipeline: Pipeline
) -> None:
    pipeline.upload(GOOD)
    assert pipeline.run().success
    assert pipeline.run(config={"credits": {"clear_month": True}}).success
    pipeline.upload(OTHER)
    assert pipeline.run().success
    key = pipeline.inbox.key(JANUARY)
    newest = pipeline.inbox.current(key)
    assert newest is not None
    assert newest.version_id is not None
    aws.s3_client().delete_object(
        Bucket=pipeline.inbox.bucket, Key=key, VersionId=newest.version_id
    )
    assert pipeline.run().success
    assert pipeline.held() == HELD_GOOD


def test_who_decided_and_why_are_in_the_receipt(pipeline: Pipeline) -> None:
    pipeline.upload(HALF)
    told = {"accept_rejected": True, "who": "Ada Lovelace", "why": "ticket FIN-12"}
    receipt = pipeline.attempt(pipeline.run(config={"credits": told}))
    (record,) = receipt.decided
    assert (record["who"], record["why"]) == ("Ada Lovelace", "ticket FIN-12")


def test_checks_that_run_by_themselves_repaint_no_month(pipeline: Pipeline) -> None:
    """CloudZero may now refuse what it accepted before; the month stays verified."""
    pipeline.upload(GOOD)
    assert pipeline.run().success
    before = pipeline.journal.last(JANUARY)
    pipeline.cloudzero.inject(Fault(operation="validate", kind="status", status=200, body=INVALID))
    defs = build_definitions(schedule=Schedule())
    names = ["cloudzero_says_valid", "accounts_known", "changes_against_cloudzero"]
    keys = {dg.AssetCheckKey(dg.AssetKey("cbf_payload"), name) for name in names}
    job = defs.resolve_implicit_global_asset_job_def().get_subset(
        asset_selection=set(), asset_check_selection=keys
    )
    result = job.execute_in_process(
        instance=pipeline.instance, partition_key=JANUARY.partition_key, raise_on_error=False
    )
    verdicts = {e.check_name: e.passed for e in result.get_asset_check_evaluations()}
    assert verdicts["cloudzero_says_valid"] is False
    assert pipeline.journal.last(JANUARY) == before
    assert pipeline.attempt(result).verdict is Verdict.BLOCKED
