"""Statements on a real Dagster instance: stated, checked, closed, and sent to who owes them."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from credits_pipeline.core.settings import Schedule
from credits_pipeline.credits.assets.build import build_definitions
from credits_pipeline.finops.assets.chargeback import CHECK, JOB, SENSOR
from credits_pipeline.finops.assets.resource import BillsResource
from credits_pipeline_tests.finops.chargeback.conftest import fill
from credits_pipeline_tests.finops.typed import Bills


@pytest.fixture
def bills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bills:
    monkeypatch.setenv("FINOPS_STORAGE", str(tmp_path / "wing"))
    monkeypatch.setenv("CREDITS_STORAGE", str(tmp_path / "credits"))
    found = Bills(tmp_path / "wing")
    fill(found)
    found.publish()
    return found


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


def run(instance: dg.DagsterInstance, month: str) -> dg.ExecuteInProcessResult:
    return (
        build_definitions(schedule=Schedule())
        .resolve_job_def(JOB)
        .execute_in_process(partition_key=f"{month}-01", instance=instance, raise_on_error=False)
    )


def test_x(bills: Bills, instance: dg.DagsterInstance) -> None:
    result = run(instance, "2026-05")
    assert result.success
    (check,) = result.get_asset_check_evaluations()
    assert (check.check_name, check.passed) == (CHECK, True)
    defs = build_definitions(schedule=Schedule())
    with dg.build_sensor_context(
        instance=instance, definitions=defs, resources={"bills": BillsResource()}
    ) as context:
        tick = defs.resolve_sensor_def(SENSOR).evaluate_tick(context)
    assert sorted(one.partition_key for one in tick.run_requests) == ["2026-06-01", "2026-07-01"]
