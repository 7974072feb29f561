"""``rehearse`` against the stand-in: each scope separately, and live data unchanged."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from credits_pipeline.cli import app
from credits_pipeline.credits.cloudzero.operations import Operation
from credits_pipeline.sandbox.cloudzero import SCOPES, CloudZeroStandIn
from credits_pipeline_tests.conftest import API_KEY, CONNECTION_ID


def rehearse(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["rehearse", "--month", "2025-01", *arguments])


def told(done: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_every_scope_works_and_live_data_stay_as_they_are(cloudzero: CloudZeroStandIn) -> None:
    done = rehearse("--json")
    assert done.exit_code == 0, done.output
    found = told(done)
    assert found["works"] is True
    assert found["rehearsed"] == "two made-up accounts"
    assert {step["scope"]: step["works"] for step in found["operations"]} == dict.fromkeys(
        (operation.scope for operation in Operation), True
    )
    assert cloudzero.months(CONNECTION_ID) == []
    assert {r.test_key is not None for r in cloudzero.log if r.operation == "create"} == {True}
    assert cloudzero.max_in_flight(CONNECTION_ID) == 1


@pytest.mark.parametrize("operation", list(Operation))
def test_a_scope_that_is_missing_is_shown_and_ends_with_1(
    cloudzero: CloudZeroStandIn, operation: Operation
) -> None:
    cloudzero.keys[API_KEY] = frozenset(SCOPES) - {operation.scope}
    done = rehearse("--json")
    assert done.exit_code == 1
    (step,) = [s for s in told(done)["operations"] if s["works"] is False]
    assert step["scope"] == operation.scope
    assert "403" in step["says"]


def test_people_get_a_table_without_the_key(cloudzero: CloudZeroStandIn) -> None:
    cloudzero.keys[API_KEY] = frozenset(SCOPES) - {"billing:read_costs"}
    done = rehearse()
    assert done.exit_code == 1
    flat = done.stdout.replace("\n", "")
    assert "create drop" in flat
    assert "yes" in flat
    assert "no" in flat
    assert API_KEY not in done.output


@pytest.mark.parametrize("name", ["CLOUDZERO_API_KEY", "CLOUDZERO_CONNECTION_ID"])
def test_a_missing_setting_is_wrong_usage(
    cloudzero: CloudZeroStandIn, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(name)
    done = rehearse()
    assert done.exit_code == 2
    assert f"{name} is not set" in done.stderr
    assert not cloudzero.log


def test_what_is_not_a_month_is_wrong_usage(cloudzero: CloudZeroStandIn) -> None:
    assert CliRunner().invoke(app, ["rehearse", "--month", "January"]).exit_code == 2
    assert CliRunner().invoke(app, ["rehearse"]).exit_code == 2
    assert not cloudzero.log
