"""Scans on a real Dagster instance: the job, its schedule, and checks that name refusals."""

import dagster as dg
import pytest

from credits_pipeline.core.settings import Schedule
from credits_pipeline.credits.assets.build import build_definitions
from credits_pipeline.finops.assets import scanning
from credits_pipeline.finops.pages import starting
from credits_pipeline.sandbox.clouds import Fault
from credits_pipeline_tests.dagster_instance import dagster_instance
from credits_pipeline_tests.finops.estate import Estate


def test_a_scan_is_a_run_and_a_part_that_is_refused_warns(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINOPS_SCAN_ACCOUNTS", "own")
    estate.world.faults.append(
        Fault("UnauthorizedOperation", "ec2", "DescribeNatGateways", status=403)
    )
    defs = build_definitions(schedule=Schedule())
    with dagster_instance() as instance:
        result = defs.resolve_job_def(scanning.JOB).execute_in_process(instance=instance)
    assert result.success
    made = {
        event.asset_key.to_user_string()
        for event in result.get_asset_materialization_events()
        if event.asset_key is not None
    }
    assert made == {
        scanning.INVENTORY, scanning.UTILISATION, scanning.PRICES, scanning.COMMITMENTS,
        scanning.FINDINGS, scanning.RESOURCES, scanning.RECOMMENDATIONS, scanning.REALISED,
    }  # fmt: skip
    checks = {
        check.asset_key.to_user_string(): check for check in result.get_asset_check_evaluations()
    }
    assert {name for name, check in checks.items() if not check.passed} == {scanning.INVENTORY}
    refused = checks[scanning.INVENTORY]
    assert refused.severity == dg.AssetCheckSeverity.WARN
    assert refused.metadata["permissions_lacking"].value == "ec2:DescribeNatGateways"


def test_it_is_scheduled_where_something_is_to_be_scanned(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    for regions, status in (("eu-central-1", "RUNNING"), ("", "STOPPED")):
        monkeypatch.setenv("FINOPS_SCAN_REGIONS", regions)
        schedule = build_definitions(schedule=Schedule()).resolve_schedule_def(scanning.SCHEDULE)
        assert schedule.default_status.value == status
        assert schedule.job_name == scanning.JOB == starting.SCAN_JOB
