"""Withdrawing a month: zero-cost rows for everything that CloudZero holds, whatever the file."""

from typing import Any

import pytest

from credits_pipeline.core import aws
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline.reporting.overview import state_of
from credits_pipeline_tests.conftest import CONNECTION_ID
from credits_pipeline_tests.credits.assets.conftest import JANUARY, Pipeline

GOOD = b"047210934418,$1.00\n112480036627,$2.50\n"
CLEAR: dict[str, Any] = {"credits": {"clear_month": True}}
ZEROS = {"047210934418": "0.00", "112480036627": "0.00"}


def remove(pipeline: Pipeline) -> None:
    aws.s3_client().delete_object(Bucket=pipeline.inbox.bucket, Key=pipeline.inbox.key(JANUARY))


@pytest.mark.parametrize("file", ["as it was", "gone", "unreadable"])
def test_a_month_is_withdrawn_verified_and_receipted_whatever_its_file(
    pipeline: Pipeline, file: str
) -> None:
    pipeline.upload(GOOD)
    assert pipeline.run().success
    match file:
        case "gone":
            remove(pipeline)
        case "unreadable":
            pipeline.upload(b"<html><body>Sign in</body></html>")
    result = pipeline.run(config=CLEAR)
    assert result.success
    assert {e.check_name for e in result.get_asset_check_evaluations() if not e.passed} == set()
    assert pipeline.held() == ZEROS
    receipt = pipeline.journal.receipt(JANUARY)
    assert receipt == pipeline.attempt(result)
    assert receipt is not None
    assert receipt.verdict is Verdict.VERIFIED
    assert receipt.row_count == 2
    assert receipt.total_credit_usd == "0.00"
    assert receipt.decisions["clear_month"] is True
    assert receipt.diff["changed"]["old_usd"] == "3.50"
    assert receipt.decided[0]["run_id"] == result.run_id
    again = pipeline.run()
    assert pipeline.attempt(again).verdict is Verdict.UNCHANGED
    assert pipeline.held() == ZEROS


def test_a_month_that_never_had_a_file_is_withdrawn_too(pipeline: Pipeline) -> None:
    """For example a month that another program or an earlier tool had filled."""
    row = {
        "resource/account": "047210934418",
        "cost/cost": "-12.00",
        "time/usage_start": "2025-01-01T05:00:00Z",
        "lineitem/type": "Credit",
    }
    pipeline.cloudzero.seed(CONNECTION_ID, "2025-01", [row])
    result = pipeline.run(config=CLEAR)
    assert pipeline.attempt(result).verdict is Verdict.VERIFIED
    assert pipeline.held() == {"047210934418": "0.00"}


def test_where_cloudzero_holds_nothing_there_is_nothing_to_withdraw(pipeline: Pipeline) -> None:
    result = pipeline.run(config=CLEAR)
    assert result.success
    attempt = pipeline.attempt(result)
    assert attempt.verdict is Verdict.UNCHANGED
    assert attempt.row_count == 0
    assert not any(record.operation == "create" for record in pipeline.cloudzero.log)


def test_a_new_upload_starts_without_the_decision(pipeline: Pipeline) -> None:
    pipeline.upload(GOOD)
    assert pipeline.run().success
    assert pipeline.run(config=CLEAR).success
    pipeline.upload(b"047210934418,$7.00\n112480036627,$2.50\n")
    result = pipeline.run()
    assert pipeline.attempt(result).verdict is Verdict.VERIFIED
    assert pipeline.held() == {"047210934418": "-7.00", "112480036627": "-2.50"}


def test_a_withdrawal_never_goes_past_a_newer_version(pipeline: Pipeline) -> None:
    """Its credits would be lost without anybody's decision."""
    pipeline.upload(GOOD)
    assert pipeline.run().success
    before = ["raw_credits_csv", "credits", "cbf_payload"]
    assert pipeline.run(only=before, config=CLEAR).success
    pipeline.upload(b"047210934418,$7.00\n112480036627,$2.50\n")
    result = pipeline.run(only=["cloudzero_drop"])
    assert pipeline.attempt(result).verdict is Verdict.SUPERSEDED
    assert pipeline.held()["047210934418"] == "-1.00"


def test_a_month_without_file_and_decision_still_asks_for_the_file(pipeline: Pipeline) -> None:
    pipeline.upload(GOOD)
    assert pipeline.run().success
    assert pipeline.run(config=CLEAR).success
    remove(pipeline)
    attempt = pipeline.attempt(pipeline.run())
    assert attempt.verdict is Verdict.FAILED
    assert "There is no s3://" in attempt.reason
    assert pipeline.held() == ZEROS


def test_a_backfill_over_a_month_about_which_nothing_is_known_leaves_nothing_to_do(
    pipeline: Pipeline,
) -> None:
    result = pipeline.run()
    assert not result.success
    assert pipeline.attempt(result).verdict is Verdict.FAILED
    state = state_of(pipeline.journal, JANUARY)
    assert state.last is None
    assert not state.needs_a_person
    assert state.shown == pipeline.attempt(result)


def test_a_withdrawn_month_is_not_a_measure_for_the_next(pipeline: Pipeline) -> None:
    """Neither the total, which would hold the month, nor the sign that means credit."""
    december, february = JANUARY.shift(-1), JANUARY.shift(1)
    pipeline.upload(GOOD, december)
    assert pipeline.run(december).success
    pipeline.upload(GOOD)
    assert pipeline.run().success
    assert pipeline.run(config=CLEAR).success
    pipeline.upload(b"047210934418,$100.00\n112480036627,$2.50\n", february)
    result = pipeline.run(february)
    assert pipeline.attempt(result, february).verdict is Verdict.HELD
    assert "$3.50 that the verified months before had" in pipeline.attempt(result, february).reason
