"""What is checked after a drop: the stream again, CloudZero's bill, and AWS's own."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import Schedule, storage_root
from credits_pipeline.credits.assets.build import build_definitions
from credits_pipeline.credits.assets.resources import CloudZeroResource, StorageResource
from credits_pipeline.credits.delivery.billed_cost import landed, look_at_the_bill
from credits_pipeline.credits.delivery.confirmation import still_held_statement
from credits_pipeline.credits.delivery.costs import costs_day
from credits_pipeline.credits.delivery.known_accounts import kept_accounts
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline.sandbox.cloudzero import SCOPES, Fault
from credits_pipeline_tests.conftest import API_KEY, CONNECTION_ID
from credits_pipeline_tests.credits.assets.conftest import JANUARY, Pipeline

GOOD = b"047210934418,$1.00\n112480036627,$2.50\n"
OTHER = b"047210934418,$1.50\n112480036627,$2.50\n"
FEBRUARY = BillingMonth(2025, 2)
LATER = {
    "cloudzero_still_holds_the_drop",
    "visible_in_billed_cost",
    "not_already_on_the_bill",
}


def look(pipeline: Pipeline, job: str, *months: BillingMonth) -> dg.ExecuteInProcessResult:
    config: dict[str, Any] = {}
    if months:
        told = {"config": {"months": [str(month) for month in months]}}
        config = {"ops": {"look_into_the_stream": told}}
    return pipeline.defs.resolve_job_def(job).execute_in_process(
        instance=pipeline.instance, raise_on_error=False, run_config=config
    )


def stream(pipeline: Pipeline, *months: BillingMonth) -> dg.ExecuteInProcessResult:
    return look(pipeline, "credits_still_held", *months)


def bill(pipeline: Pipeline) -> dg.ExecuteInProcessResult:
    return look(pipeline, "credits_on_the_bill")


def found(
    pipeline: Pipeline, check: str, month: BillingMonth = JANUARY
) -> dg.AssetCheckEvaluation | None:
    """The last evaluation of a month's check, as the UI shows it."""
    records = pipeline.instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(dg.AssetKey("cloudzero_drop"), check), limit=50
    )
    for record in records:
        assert record.event is not None
        evaluation = record.event.dagster_event.asset_check_evaluation_data  # type: ignore[union-attr]
        if evaluation.partition == month.partition_key:
            return evaluation
    return None


def said(pipeline: Pipeline, check: str, month: BillingMonth = JANUARY) -> str:
    evaluation = found(pipeline, check, month)
    assert evaluation is not None
    return str(evaluation.description)


def drop(pipeline: Pipeline, content: bytes = GOOD, month: BillingMonth = JANUARY) -> None:
    pipeline.upload(content, month)
    assert pipeline.run(month).success


def age(pipeline: Pipeline, hours: float, month: BillingMonth = JANUARY) -> None:
    """Let time pass since the last drop, here and in CloudZero."""
    sent = pipeline.journal.last_sent(month)
    assert sent is not None
    ended = datetime.fromisoformat(sent.ended_at) - timedelta(hours=hours)
    pipeline.journal.close(replace(sent, ended_at=ended.isoformat()), sent=True)
    pipeline.cloudzero.clock.advance(timedelta(hours=hours))


def failure(result: dg.ExecuteInProcessResult) -> str:
    (event,) = [e for e in result.all_events if e.is_step_failure]
    data = event.step_failure_data.user_failure_data
    assert data is not None
    return str(data.description)


def costs_calls(pipeline: Pipeline) -> int:
    return sum(record.operation == "costs" for record in pipeline.cloudzero.log)


def row(cost: str) -> dict[str, str]:
    return {
        "resource/account": "047210934418",
        "cost/cost": cost,
        "time/usage_start": "2025-01-01T00:00:00Z",
        "lineitem/type": "Credit",
    }


def test_the_later_checks_are_no_part_of_a_month_s_own_run(pipeline: Pipeline) -> None:
    pipeline.upload(GOOD)
    told = {e.check_name for e in pipeline.run().get_asset_check_evaluations()}
    assert "drop_equals_payload" in told
    assert not told & LATER


def test_months_that_equal_their_receipts_are_green(pipeline: Pipeline) -> None:
    drop(pipeline)
    drop(pipeline, OTHER, FEBRUARY)
    assert stream(pipeline).success
    for month in (JANUARY, FEBRUARY):
        evaluation = found(pipeline, "cloudzero_still_holds_the_drop", month)
        assert evaluation is not None
        assert evaluation.passed
    assert pipeline.cloudzero.max_in_flight(CONNECTION_ID) == 1


def test_another_feeder_turns_the_check_red_and_only_its_month(pipeline: Pipeline) -> None:
    drop(pipeline)
    drop(pipeline, OTHER, FEBRUARY)
    pipeline.cloudzero.seed(CONNECTION_ID, "2025-01", [row("-9.00")])
    result = stream(pipeline)
    assert not result.success
    assert "does not hold what was sent for 2025-01" in failure(result)
    assert "047210934418 at -9" in failure(result)
    january = found(pipeline, "cloudzero_still_holds_the_drop")
    february = found(pipeline, "cloudzero_still_holds_the_drop", FEBRUARY)
    assert january is not None
    assert february is not None
    assert (january.passed, february.passed) == (False, True)
    assert january.severity is dg.AssetCheckSeverity.ERROR


def test_a_request_that_is_applied_late_is_found_a_quarter_of_an_hour_later(
    pipeline: Pipeline,
) -> None:
    """A drop got no answer, was given up, and a newer version was sent; then it is applied."""
    pipeline.upload(GOOD)
    pipeline.cloudzero.inject(
        Fault(operation="create", kind="late_commit", after_seconds=600, at=1)
    )
    first = pipeline.run()
    assert pipeline.attempt(first).ambiguous
    pipeline.upload(OTHER)
    assert pipeline.run().success
    assert look_again(pipeline, first, minutes=14).run_requests == []
    pipeline.cloudzero.clock.advance(timedelta(minutes=15))
    (request,) = look_again(pipeline, first, minutes=16).run_requests
    assert request.run_key == f"2025-01 {first.run_id}"
    assert request.run_config == {
        "ops": {"look_into_the_stream": {"config": {"months": ["2025-01"]}}}
    }
    assert look_again(pipeline, first, minutes=60 * 25).run_requests == []
    result = stream(pipeline, JANUARY)
    assert not result.success
    assert "does not hold what was sent" in failure(result)
    mended = pipeline.run()
    assert pipeline.attempt(mended).verdict is Verdict.VERIFIED
    assert stream(pipeline, JANUARY).success


def look_again(
    pipeline: Pipeline, after: dg.ExecuteInProcessResult, minutes: float
) -> dg.SensorResult:
    """What is requested a certain time after a run, however slow this machine was."""
    from credits_pipeline.credits.assets.retry_sensors import to_look_at_again

    ended = datetime.fromisoformat(pipeline.attempt(after).ended_at)
    return to_look_at_again(pipeline.journal, ended + timedelta(minutes=minutes))


def test_a_first_drop_that_was_given_up_must_not_appear_later(pipeline: Pipeline) -> None:
    pipeline.upload(GOOD)
    pipeline.cloudzero.inject(Fault(operation="create", kind="status", status=400))
    assert not pipeline.run().success
    assert stream(pipeline, JANUARY).success
    assert "nothing was verified" in said(pipeline, "cloudzero_still_holds_the_drop")
    pipeline.cloudzero.seed(CONNECTION_ID, "2025-01", [row("-1.00")])
    assert not stream(pipeline, JANUARY).success
    assert "there is no receipt" in said(pipeline, "cloudzero_still_holds_the_drop")


def test_months_that_were_not_touched_for_ninety_days_are_left_alone(pipeline: Pipeline) -> None:
    drop(pipeline)
    age(pipeline, hours=24 * 91)
    pipeline.cloudzero.seed(CONNECTION_ID, "2025-01", [row("-9.00")])
    assert stream(pipeline).success
    assert found(pipeline, "cloudzero_still_holds_the_drop") is None
    assert not stream(pipeline, JANUARY).success


def test_a_receipt_whose_rows_are_gone_is_not_compared_and_stops_no_check(
    pipeline: Pipeline,
) -> None:
    """A later dry run has its own rows, which CloudZero was never meant to hold."""
    february = JANUARY.shift(1)
    for month in (JANUARY, february):
        pipeline.upload(GOOD, month)
        assert pipeline.run(month).success
    receipt = pipeline.journal.receipt(JANUARY)
    assert receipt is not None
    kept = Path(storage_root()) / "cloudzero_drop" / str(JANUARY)
    shutil.move(kept / receipt.run_id, kept / "another")
    current = kept.parents[1] / "current" / "cloudzero_drop" / f"{JANUARY}.json"
    current.write_text(current.read_text().replace(receipt.run_id, "another"))
    for receipts_own in ("gone", "torn"):
        if receipts_own == "torn":
            shutil.copytree(kept / "another", kept / receipt.run_id)
            (kept / receipt.run_id / "sent.parquet").unlink()
        storage, cloudzero = StorageResource(), CloudZeroResource()
        told = look_at_the_bill(
            [
                found
                for month in (JANUARY, february)
                if (found := landed(month, pipeline.journal, cloudzero.address()))
            ],
            storage=storage,
            cloudzero=cloudzero,
            day=costs_day(storage),
        )
        said = {seen.month: seen.statement for seen in told}
        assert "are not in the storage any more" in said[JANUARY].message
        assert said[february].passed
    shutil.rmtree(kept / receipt.run_id)
    statement = still_held_statement(
        JANUARY,
        run_id="r",
        storage=StorageResource(),
        cloudzero=CloudZeroResource(),
        instance=pipeline.instance,
        say=print,
    )
    assert not statement.passed
    assert not statement.blocking
    assert "are not in the storage any more" in statement.message


def test_a_stream_that_can_t_be_read_turns_the_check_red(pipeline: Pipeline) -> None:
    """A failed read is not an empty list."""
    drop(pipeline)
    pipeline.cloudzero.inject(Fault(operation="contents", kind="status", status=403))
    result = stream(pipeline)
    assert not result.success
    assert "2025-01 and those after it were not checked" in failure(result)
    assert found(pipeline, "cloudzero_still_holds_the_drop") is None


def test_one_call_shows_all_months_that_wait(pipeline: Pipeline) -> None:
    drop(pipeline)
    drop(pipeline, OTHER, FEBRUARY)
    assert bill(pipeline).success
    assert found(pipeline, "visible_in_billed_cost") is None
    age(pipeline, 2)
    age(pipeline, 2, FEBRUARY)
    before = costs_calls(pipeline)
    assert bill(pipeline).success
    assert costs_calls(pipeline) - before <= 2
    for month in (JANUARY, FEBRUARY):
        evaluation = found(pipeline, "visible_in_billed_cost", month)
        assert evaluation is not None
        assert evaluation.passed
        assert "Not visible yet, 2 hours after" in str(evaluation.description)
    age(pipeline, 25)
    age(pipeline, 25, FEBRUARY)
    before = costs_calls(pipeline)
    assert bill(pipeline).success
    assert costs_calls(pipeline) - before == 1
    assert said(pipeline, "visible_in_billed_cost") == (
        "CloudZero's billed cost shows the credits of all 2 accounts."
    )
    # What has been checked is not requested again.
    before = costs_calls(pipeline)
    assert bill(pipeline).success
    assert costs_calls(pipeline) == before


def test_a_drop_that_is_not_visible_after_36_hours_is_a_warning(pipeline: Pipeline) -> None:
    pipeline.cloudzero.settings = replace(
        pipeline.cloudzero.settings, ingest_delay=timedelta(days=9)
    )
    drop(pipeline)
    age(pipeline, 37)
    assert bill(pipeline).success
    evaluation = found(pipeline, "visible_in_billed_cost")
    assert evaluation is not None
    assert not evaluation.passed
    assert evaluation.severity is dg.AssetCheckSeverity.WARN
    assert "37 hours" in str(evaluation.description)


def test_what_the_month_held_before_is_not_visible_yet_and_something_else_is_red(
    pipeline: Pipeline,
) -> None:
    drop(pipeline)
    age(pipeline, 30)
    drop(pipeline, OTHER)
    age(pipeline, 2)
    assert bill(pipeline).success
    assert "Not visible yet" in said(pipeline, "visible_in_billed_cost")
    pipeline.cloudzero.seed(CONNECTION_ID, "2025-01", [row("-9.00")])
    age(pipeline, 30)
    result = bill(pipeline)
    assert not result.success
    assert "differs from what was sent for 2 accounts" in failure(result)
    evaluation = found(pipeline, "visible_in_billed_cost")
    assert evaluation is not None
    assert evaluation.severity is dg.AssetCheckSeverity.ERROR
    assert "047210934418" in str(evaluation.metadata["accounts_differing_rows"].value)


def test_credits_on_aws_s_own_bill_are_a_warning_once_a_day(pipeline: Pipeline) -> None:
    pipeline.cloudzero.bill("2025-01", "047210934418", "-1.00", line_item_type="Credit")
    pipeline.cloudzero.bill("2025-01", "112480036627", "4.00")
    drop(pipeline)
    before = costs_calls(pipeline)
    assert bill(pipeline).success
    assert costs_calls(pipeline) - before == 1
    evaluation = found(pipeline, "not_already_on_the_bill")
    assert evaluation is not None
    assert not evaluation.passed
    assert evaluation.severity is dg.AssetCheckSeverity.WARN
    assert "1 of the accounts" in str(evaluation.description)
    assert "047210934418" in str(evaluation.metadata["accounts_differing_rows"].value)
    assert bill(pipeline).success
    assert costs_calls(pipeline) - before == 1


@pytest.mark.parametrize(
    ("trouble", "succeeds", "says"),
    [
        ("no scope", True, "billing:read_costs"),
        ("no call left", True, "CLOUDZERO_COSTS_CALLS"),
        ("no answer", False, "502"),
    ],
)
def test_costs_that_can_t_be_asked_for_are_reported_as_such(
    pipeline: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
    trouble: str,
    succeeds: bool,
    says: str,
) -> None:
    drop(pipeline)
    age(pipeline, 2)
    match trouble:
        case "no scope":
            pipeline.cloudzero.keys[API_KEY] = frozenset(SCOPES) - {"billing:read_costs"}
        case "no call left":
            monkeypatch.setenv("CLOUDZERO_COSTS_CALLS", "1")
        case "no answer":
            pipeline.cloudzero.inject(Fault(operation="costs", kind="html"))
    result = bill(pipeline)
    assert result.success is succeeds
    evaluation = found(pipeline, "visible_in_billed_cost")
    assert evaluation is not None
    assert not evaluation.passed
    assert evaluation.severity is dg.AssetCheckSeverity.WARN
    assert says in str(evaluation.description)


def test_the_check_of_the_bill_asks_for_accounts_that_were_left_out(pipeline: Pipeline) -> None:
    """The sensor that sends them reads only the answer of the day."""
    accounts = [f"{n:012d}" for n in range(1, 31)]
    for account in accounts:
        pipeline.cloudzero.bill("2025-01", account, "1.00")
    lines = [f"{account},$100.00\n" for account in [*accounts, "999999999999"]]
    lines[-1] = "999999999999,$1.00\n"
    drop(pipeline, "".join(lines).encode())
    day = costs_day(StorageResource())
    for name in day.answers("known-accounts-"):
        (day.store._root / f"costs/{day.day}/{name}.json").unlink()  # type: ignore[attr-defined]
    assert bill(pipeline).success
    assert kept_accounts(JANUARY, day, CloudZeroResource()) == set(accounts)


@pytest.mark.parametrize("check", sorted(LATER))
def test_a_person_can_run_a_later_check_of_one_month(pipeline: Pipeline, check: str) -> None:
    drop(pipeline)
    age(pipeline, 30)
    evaluation = by_hand(pipeline, check)
    assert evaluation.passed
    assert evaluation.partition == "2025-01-01"
    pipeline.cloudzero.keys[API_KEY] = frozenset()
    refused = by_hand(pipeline, check)
    assert not refused.passed
    assert refused.severity is dg.AssetCheckSeverity.WARN
    assert "403" in str(refused.description)


def by_hand(pipeline: Pipeline, check: str) -> dg.AssetCheckEvaluation:
    job = pipeline.defs.resolve_implicit_global_asset_job_def()
    key = dg.AssetCheckKey(dg.AssetKey("cloudzero_drop"), check)
    result = job.get_subset(asset_selection=set(), asset_check_selection={key}).execute_in_process(
        instance=pipeline.instance, partition_key="2025-01-01"
    )
    (evaluation,) = result.get_asset_check_evaluations()
    assert evaluation.check_name == check
    return evaluation


@pytest.mark.parametrize("name", ["credits_still_held_daily", "credits_on_the_bill_schedule"])
@pytest.mark.parametrize("missing", ["CLOUDZERO_API_KEY", "CLOUDZERO_CONNECTION_ID", "a drop", ""])
def test_schedules_start_only_where_there_is_something_to_look_at(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, name: str, missing: str
) -> None:
    if missing != "a drop":
        drop(pipeline)
    if missing.startswith("CLOUDZERO"):
        monkeypatch.delenv(missing)
    with dg.build_schedule_context(
        instance=pipeline.instance,
        scheduled_execution_time=datetime.now(UTC),
        resources={"credits_storage": StorageResource(), "credits_cloudzero": CloudZeroResource()},
    ) as context:
        data = pipeline.defs.resolve_schedule_def(name).evaluate_tick(context)
    assert len(data.run_requests or []) == (1 if missing == "" else 0)
    if missing.startswith("CLOUDZERO"):
        assert missing in str(data.skip_message)


@pytest.mark.parametrize("missing", ["CLOUDZERO_API_KEY", "CLOUDZERO_CONNECTION_ID", ""])
def test_the_sensor_waits_for_settings_and_for_what_is_uncertain(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    if missing:
        monkeypatch.delenv(missing)
    with dg.build_sensor_context(
        instance=pipeline.instance,
        definitions=pipeline.defs,
        resources={"credits_storage": StorageResource(), "credits_cloudzero": CloudZeroResource()},
    ) as context:
        data = pipeline.defs.resolve_sensor_def("credits_look_again").evaluate_tick(context)
    assert data.run_requests == []
    assert (missing or "No unanswered requests to check again") in str(data.skip_message)


@pytest.mark.parametrize(("automation", "status"), [(True, "RUNNING"), (False, "STOPPED")])
def test_automation_decides_whether_schedules_start_with_the_daemon(
    automation: bool, status: str
) -> None:
    defs = build_definitions(schedule=Schedule(automation=automation))
    schedules = [s for s in defs.schedules or () if isinstance(s, dg.ScheduleDefinition)]
    assert len(schedules) == 2
    assert {schedule.default_status.value for schedule in schedules} == {status}
