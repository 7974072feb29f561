"""Months over time: versions that come and go, years that pass, and others' rows in the stream."""

from dataclasses import replace
from datetime import timedelta

import pytest

from credits_pipeline.core import aws
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline.sandbox.cloudzero import Fault
from credits_pipeline_tests.conftest import CONNECTION_ID
from credits_pipeline_tests.credits.assets.conftest import JANUARY, Pipeline

A = b"047210934418,$1.00\n112480036627,$2.50\n"
B = b"047210934418,$1.50\n112480036627,$2.00\n"
HELD_A = {"047210934418": "-1.00", "112480036627": "-2.50"}
HELD_B = {"047210934418": "-1.50", "112480036627": "-2.00"}
LARGE = b"047210934418,$100.00\n112480036627,$2.50\n"
#: Accounts that need three bodies of the smallest size.
MANY = [f"{n:012d}" for n in range(1, 101)]


def creates(pipeline: Pipeline) -> list[str]:
    return [
        str(record.drop_operation)
        for record in pipeline.cloudzero.log
        if record.operation == "create"
    ]


@pytest.mark.parametrize("lag", [0, 1])
def test_going_back_to_an_earlier_version_ends_with_it(pipeline: Pipeline, lag: int) -> None:
    """When reads lag by one write, A's contents still look equal to A after B was sent."""
    for content, held in ((A, HELD_A), (B, HELD_B), (A, HELD_A)):
        pipeline.upload(content)
        pipeline.cloudzero.clear_faults()
        if lag:
            # The first read after the write shows the earlier state.
            pipeline.cloudzero.inject(
                Fault(operation="contents", kind="lag", writes=1, at=3, count=1)
            )
        result = pipeline.run()
        assert pipeline.attempt(result).verdict is Verdict.VERIFIED
        assert pipeline.held() == held
    assert len(creates(pipeline)) == 3


def test_a_deleted_version_brings_the_one_before_back(
    versioned_inbox: object, pipeline: Pipeline
) -> None:
    pipeline.upload(A)
    assert pipeline.run().success
    pipeline.upload(B)
    assert pipeline.run().success
    key = pipeline.inbox.key(JANUARY)
    current = pipeline.inbox.current(key)
    assert current is not None
    assert current.version_id is not None
    aws.s3_client().delete_object(
        Bucket=pipeline.inbox.bucket, Key=key, VersionId=current.version_id
    )
    assert pipeline.attempt(pipeline.run()).verdict is Verdict.VERIFIED
    assert pipeline.held() == HELD_A


def test_a_large_change_is_held_until_a_person_accepts_it_for_that_version(
    pipeline: Pipeline,
) -> None:
    pipeline.upload(A)
    assert pipeline.run().success
    pipeline.upload(LARGE)
    held = pipeline.run()
    assert not held.success
    attempt = pipeline.attempt(held)
    assert attempt.verdict is Verdict.HELD
    assert "accept_change" in attempt.what_to_do
    assert attempt.diff["changed"] == {"accounts": 1, "old_usd": "1.00", "new_usd": "100.00"}
    assert pipeline.held() == HELD_A
    receipt = pipeline.journal.receipt(JANUARY)
    assert receipt is not None
    assert receipt.total_credit_usd == "3.50"
    accepted = pipeline.run(config={"credits": {"accept_change": True}})
    assert pipeline.attempt(accepted).verdict is Verdict.VERIFIED
    assert pipeline.held()["047210934418"] == "-100.00"
    pipeline.upload(b"047210934418,$9000.00\n112480036627,$2.50\n")
    assert pipeline.attempt(pipeline.run()).verdict is Verdict.HELD


def test_a_month_accepted_in_part_holds_none_after_it(pipeline: Pipeline) -> None:
    months = [JANUARY.shift(n) for n in range(4)]
    totals = ("104000", "100000", "14000", "105000")
    for month, total in zip(months, totals, strict=True):
        pipeline.upload(f"047210934418,${total}\n".encode(), month)
        config = {"credits": {"accept_change": True}} if total == "14000" else None
        result = pipeline.run(month, config=config)
        # Against the month before, the last one would be seven times as much.
        assert pipeline.attempt(result, month).verdict is Verdict.VERIFIED


def test_january_rematerialised_two_years_later(pipeline: Pipeline) -> None:
    """CloudZero repeats its first answer to a key for ever: a constant key would swallow it."""
    pipeline.upload(A)
    assert pipeline.run().success
    pipeline.cloudzero.clock.advance(timedelta(days=730))
    assert pipeline.attempt(pipeline.run()).verdict is Verdict.UNCHANGED
    assert len(creates(pipeline)) == 1
    # Somebody changed the month in the meantime.
    pipeline.cloudzero.seed(CONNECTION_ID, "2025-01", [
        {**row, "cost/cost": "-2.00"} for row in pipeline.cloudzero.rows(CONNECTION_ID, "2025-01")
    ])  # fmt: skip
    mended = pipeline.run()
    assert pipeline.attempt(mended).verdict is Verdict.VERIFIED
    assert pipeline.held() == HELD_A
    pipeline.upload(B)
    assert pipeline.attempt(pipeline.run()).verdict is Verdict.VERIFIED
    assert pipeline.held() == HELD_B


def test_a_month_pushed_with_sum_is_made_whole_again(pipeline: Pipeline) -> None:
    """An earlier tool appended: every account is there twice, also in other hours."""
    pipeline.upload(A)
    assert pipeline.run().success
    rows = pipeline.cloudzero.rows(CONNECTION_ID, "2025-01")
    later = [{**row, "time/usage_start": "2025-01-15T07:00:00Z"} for row in rows]
    pipeline.cloudzero.seed(CONNECTION_ID, "2025-01", [*rows, *rows, *later])
    result = pipeline.run()
    attempt = pipeline.attempt(result)
    assert attempt.verdict is Verdict.VERIFIED
    assert attempt.diff["old_usd"] == "10.50"
    assert pipeline.held() == HELD_A


def test_a_month_of_several_bodies_is_sent_in_hours_and_proven_whole(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUDZERO_BODY_BYTES", "10000")
    pipeline.upload("".join(f"{account},$2.00\n" for account in MANY).encode())
    result = pipeline.run()
    attempt = pipeline.attempt(result)
    assert attempt.verdict is Verdict.VERIFIED
    assert creates(pipeline) == ["replace_drop", "replace_hourly", "replace_hourly"]
    assert len(pipeline.held()) == attempt.row_count == 100
    hours = {row["time/usage_start"] for row in pipeline.cloudzero.rows(CONNECTION_ID, "2025-01")}
    assert hours == {f"2025-01-01T0{hour}:00:00Z" for hour in range(3)}
    assert pipeline.cloudzero.max_in_flight(CONNECTION_ID) == 1
    assert max(r.bytes for r in pipeline.cloudzero.log if r.operation == "create") <= 10_000
    assert pipeline.attempt(pipeline.run()).verdict is Verdict.UNCHANGED


def test_a_month_that_broke_off_between_bodies_is_incomplete_until_its_next_run(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUDZERO_BODY_BYTES", "10000")
    pipeline.upload("".join(f"{account},$2.00\n" for account in MANY).encode())
    pipeline.cloudzero.inject(Fault(operation="create", kind="status", status=400, at=2))
    broken = pipeline.run()
    assert not broken.success
    attempt = pipeline.attempt(broken)
    assert attempt.verdict is Verdict.INCOMPLETE
    assert "request 2 of 3" in attempt.reason
    assert pipeline.journal.receipt(JANUARY) is None
    assert 0 < len(pipeline.held()) < 100
    # The rows that are already there are no reason to hold the rest back.
    whole = pipeline.run()
    assert pipeline.attempt(whole).verdict is Verdict.VERIFIED
    assert len(pipeline.held()) == 100
    assert creates(pipeline)[2:] == ["replace_drop", "replace_hourly", "replace_hourly"]


def test_what_cloudzero_rewrites_is_not_taken_for_a_change(pipeline: Pipeline) -> None:
    pipeline.cloudzero.settings = replace(
        pipeline.cloudzero.settings, contents_form="rewritten", hide_zero_rows=True
    )
    pipeline.upload(A + b"202020202020,$0.00\n")
    assert pipeline.attempt(pipeline.run()).verdict is Verdict.VERIFIED
    assert pipeline.attempt(pipeline.run()).verdict is Verdict.UNCHANGED


def test_the_limits_of_the_hold_are_settings(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.upload(b"047210934418,$10.00\n112480036627,$10.00\n")
    assert pipeline.run().success
    pipeline.upload(b"047210934418,$60.00\n112480036627,$60.00\n")
    assert pipeline.attempt(pipeline.run()).verdict is Verdict.HELD
    monkeypatch.setenv("CREDITS_HOLD_TIMES", "6")
    assert pipeline.attempt(pipeline.run()).verdict is Verdict.VERIFIED
    pipeline.upload(b"047210934418,$60.00\n")
    monkeypatch.setenv("CREDITS_HOLD_PERCENT", "40")
    assert pipeline.attempt(pipeline.run()).verdict is Verdict.HELD
    monkeypatch.setenv("CREDITS_HOLD_PERCENT", "50")
    assert pipeline.attempt(pipeline.run()).verdict is Verdict.VERIFIED
