"""What CloudZero says about a payload before anything is sent, as checks of `cbf_payload`."""

import json
from typing import Any

import dagster as dg
import pytest

from credits_pipeline.credits.cloudzero.operations import Operation
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline.sandbox.cloudzero import SCOPES, Fault
from credits_pipeline_tests.conftest import API_KEY, CONNECTION_ID
from credits_pipeline_tests.credits.assets.conftest import JANUARY, Pipeline

GOOD = b"047210934418,$1.00\n112480036627,$2.50\n"
INVALID = json.dumps(
    {"connection": {"is_valid": False, "errors": ["row 1: cost/cost is odd", "row 2: too"]}}
)


def checks(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {e.check_name: e for e in result.get_asset_check_evaluations()}


def values(evaluation: dg.AssetCheckEvaluation) -> dict[str, Any]:
    return {name: value.value for name, value in evaluation.metadata.items()}


def creates(pipeline: Pipeline) -> int:
    return sum(record.operation == "create" for record in pipeline.cloudzero.log)


def test_valid_rows_and_their_changes_are_shown_before_they_are_sent(pipeline: Pipeline) -> None:
    pipeline.upload(GOOD)
    assert pipeline.run().success
    pipeline.upload(b"112480036627,$3.50\n202020202020,$0.75\n")
    told = checks(pipeline.run())
    assert told["cloudzero_says_valid"].passed
    changes = told["changes_against_cloudzero"]
    assert changes.passed
    shown = values(changes)
    assert (shown["added_accounts"], shown["added_new_usd"]) == (1, "0.75")
    assert (shown["removed_accounts"], shown["removed_old_usd"]) == (1, "1.00")
    assert (shown["changed_old_usd"], shown["changed_new_usd"]) == ("2.50", "3.50")
    assert shown["unchanged_accounts"] == 0
    assert "202020202020" in shown["largest_changes"]
    assert changes.description == (
        "Accounts: 1 added, 1 removed, 1 changed, 0 unchanged. From $3.50 to $4.25."
    )


def test_rows_that_cloudzero_finds_invalid_block_the_month_with_its_errors(
    pipeline: Pipeline,
) -> None:
    pipeline.upload(GOOD)
    pipeline.cloudzero.inject(
        Fault(operation="validate", kind="status", status=200, body=INVALID, at=1)
    )
    result = pipeline.run()
    assert not result.success
    told = checks(result)["cloudzero_says_valid"]
    assert not told.passed
    assert told.severity is dg.AssetCheckSeverity.ERROR
    assert told.blocking
    assert "row 1: cost/cost is odd; row 2: too" in str(told.description)
    assert "cost/cost is odd" in values(told)["cloudzero_says"]
    attempt = pipeline.attempt(result)
    assert attempt.verdict is Verdict.BLOCKED
    assert "cost/cost is odd" in attempt.reason
    assert creates(pipeline) == 0


def test_the_drop_refuses_invalid_rows_by_itself(pipeline: Pipeline) -> None:
    """A blocking check stops only its own run."""
    pipeline.upload(GOOD)
    pipeline.cloudzero.inject(Fault(operation="validate", kind="status", status=200, body=INVALID))
    assert not pipeline.run().success
    result = pipeline.run(only=["cloudzero_drop"])
    assert not result.success
    assert pipeline.attempt(result).verdict is Verdict.BLOCKED
    assert creates(pipeline) == 0


def test_a_key_without_the_scope_gets_a_warning_that_names_it(pipeline: Pipeline) -> None:
    pipeline.cloudzero.keys[API_KEY] = frozenset(SCOPES) - {Operation.VALIDATE.scope}
    pipeline.upload(GOOD)
    result = pipeline.run()
    assert result.success
    told = checks(result)["cloudzero_says_valid"]
    assert not told.passed
    assert told.severity is dg.AssetCheckSeverity.WARN
    assert Operation.VALIDATE.scope in str(told.description)
    assert pipeline.attempt(result).verdict is Verdict.VERIFIED


@pytest.mark.parametrize("name", ["CLOUDZERO_API_KEY", "CLOUDZERO_CONNECTION_ID"])
def test_a_missing_setting_stops_nothing_before_the_drop(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(name)
    pipeline.upload(GOOD)
    result = pipeline.run(only=["raw_credits_csv", "credits", "cbf_payload"])
    assert result.success
    for check in ("cloudzero_says_valid", "changes_against_cloudzero", "accounts_known"):
        told = checks(result)[check]
        assert not told.passed
        assert told.severity is dg.AssetCheckSeverity.WARN
        assert "not asked" in str(told.description)
        assert name in str(told.description)


def test_where_cloudzero_does_not_answer_the_checks_warn(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.upload(GOOD)
    pipeline.cloudzero.stop()
    pipeline.run(only=["raw_credits_csv", "credits"])
    # The client's patience does not matter here.
    from credits_pipeline.credits.delivery import preview

    monkeypatch.setattr(preview, "_PATIENCE_SECONDS", 2)
    result = pipeline.run(only=["cbf_payload"])
    assert result.success
    assert {e.severity for e in checks(result).values() if not e.passed} == {
        dg.AssetCheckSeverity.WARN
    }
    assert "not" in str(checks(result)["changes_against_cloudzero"].description)


def test_a_change_that_will_be_held_is_announced(pipeline: Pipeline) -> None:
    pipeline.upload(GOOD)
    assert pipeline.run().success
    pipeline.upload(b"047210934418,$100.00\n112480036627,$2.50\n")
    result = pipeline.run(only=["raw_credits_csv", "credits", "cbf_payload"])
    told = checks(result)["changes_against_cloudzero"]
    assert not told.passed
    assert told.severity is dg.AssetCheckSeverity.WARN
    assert "will be held" in str(told.description)


def test_all_calls_on_the_stream_are_one_at_a_time(pipeline: Pipeline) -> None:
    pipeline.upload(GOOD)
    assert pipeline.run().success
    assert pipeline.cloudzero.max_in_flight(CONNECTION_ID) == 1
    assert pipeline.journal.receipt(JANUARY) is not None
