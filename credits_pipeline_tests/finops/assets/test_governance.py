"""Policies on a real Dagster instance: due after a change, evaluated, checked."""

from pathlib import Path

import dagster as dg
import pytest

from credits_pipeline.finops.assets.governance import JOB, SENSOR, VIOLATIONS
from credits_pipeline.finops.assets.resource import BillsResource
from credits_pipeline.finops.decisions import Author
from credits_pipeline.finops.decisions.opening import open_decisions
from credits_pipeline.finops.governance import book
from credits_pipeline.finops.pages import starting
from credits_pipeline_tests.finops.assets.conftest import Wing
from credits_pipeline_tests.finops.typed import Bills, row

HIGH = {
    "name": "Dear",
    "type": "cost",
    "severity": "high",
    "when": "cost_month > 50",
    "say": "costs {cost_month:.2f}",
}


def tick(wing: Wing) -> list[str]:
    with dg.build_sensor_context(
        instance=wing.instance, definitions=wing.defs, resources={"bills": BillsResource()}
    ) as context:
        data = wing.defs.resolve_sensor_def(SENSOR).evaluate_tick(context)
    return [str(request.run_key) for request in data.run_requests]


def evaluate(wing: Wing) -> dict[str, dg.AssetCheckEvaluation]:
    result = wing.defs.resolve_job_def(JOB).execute_in_process(
        instance=wing.instance, raise_on_error=False
    )
    assert result.success
    (made,) = result.asset_materializations_for_node(VIOLATIONS)
    assert made.metadata["resources"].value == 1
    return {one.check_name: one for one in result.get_asset_check_evaluations()}


@pytest.fixture
def governed(wing: Wing, storage: Path) -> Wing:
    bills = Bills(storage)
    bills.put("aws", "2026-05", [row("100.5", charge_date="2026-05-30")])
    bills.publish()
    return wing


def test_nothing_is_due_before_the_first_bill(wing: Wing) -> None:
    assert tick(wing) == []


def test_policies_are_evaluated_when_something_changed_and_checks_say_what_is_wrong(
    governed: Wing,
) -> None:
    (first,) = tick(governed)
    checks = evaluate(governed)
    assert checks["policies_can_be_evaluated"].passed
    assert checks["none_high"].passed
    assert tick(governed) == []
    with open_decisions() as decisions:
        me = Author("ann@example.com", "cli")
        book.save(decisions, "dear", HIGH, by=me, expected=None)
        bad = {**HIGH, "when": "regexp_matches(name, '(')", "severity": "low"}
        book.save(decisions, "bad", bad, by=me, expected=None)
    (second,) = tick(governed)
    assert second != first
    checks = evaluate(governed)
    assert "bad: it can" in (checks["policies_can_be_evaluated"].description or "")
    assert not checks["policies_can_be_evaluated"].passed
    assert checks["none_high"].severity is dg.AssetCheckSeverity.WARN
    assert "1 new of high severity" in (checks["none_high"].description or "")


def test_the_page_starts_the_job_by_its_name() -> None:
    assert starting.POLICIES_JOB == JOB
