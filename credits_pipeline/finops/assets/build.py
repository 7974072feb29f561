"""What the wing adds to a code location; loaded only where the wing is in use."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from credits_pipeline.finops.assets.bills import FILES, MARTS, PUBLISHED, ROWS, spend_assets
from credits_pipeline.finops.assets.budgets import (
    ANOMALIES,
    BUDGETS,
    FORECAST,
    budget_assets,
    budget_checks,
)
from credits_pipeline.finops.assets.checks import spend_checks
from credits_pipeline.finops.assets.resource import BillsResource
from credits_pipeline.finops.assets.scanning import (
    daily_scan,
    optimization_assets,
    optimization_checks,
    scan_job,
)
from credits_pipeline.finops.assets.sensor import manifests_sensor
from credits_pipeline.finops.settings import scans_something

JOB = "bill_month"
DAILY_JOB = "budgets_daily"


@dataclass(frozen=True)
class FinopsDefinitions:
    """What `credits_pipeline.credits.assets.build` joins to the first wing's."""

    assets: Sequence[dg.AssetsDefinition]
    asset_checks: Sequence[dg.AssetChecksDefinition]
    jobs: Sequence[Any]
    sensors: Sequence[dg.SensorDefinition]
    resources: dict[str, Any]
    schedules: Sequence[dg.ScheduleDefinition] = ()


def build_finops_definitions(
    *, automation: bool, seconds: int, executor: dg.ExecutorDefinition, owners: Sequence[str] = ()
) -> FinopsDefinitions:
    """Assemble the wing.

    Args:
        automation: whether the sensor runs from the start.
        seconds: between two looks at the manifests.
        executor: of the job.
        owners: of the assets.
    """
    after = (FORECAST, BUDGETS, ANOMALIES)
    job = dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.assets(FILES, ROWS, *MARTS.values(), PUBLISHED, *after),
        description="One billing month of one source, from its manifest to what pages read.",
        executor_def=executor,
    )
    # A day that passes, or a budget that is changed, moves what no bill does.
    daily = dg.define_asset_job(
        DAILY_JOB,
        selection=dg.AssetSelection.assets(*after),
        description="Forecasts, how budgets stand, and anomalies, from what is published.",
        executor_def=executor,
    )
    schedule = dg.ScheduleDefinition(
        name=DAILY_JOB,
        job=daily,
        cron_schedule="15 5 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING
        if automation
        else dg.DefaultScheduleStatus.STOPPED,
    )
    scan = scan_job(executor)
    status = dg.DefaultSensorStatus.RUNNING if automation else dg.DefaultSensorStatus.STOPPED
    return FinopsDefinitions(
        assets=[*spend_assets(owners), *budget_assets(owners), *optimization_assets(owners)],
        asset_checks=[*spend_checks(), *budget_checks(), *optimization_checks()],
        jobs=[job, daily, scan],
        schedules=[schedule, daily_scan(scan, running=automation and scans_something())],
        sensors=[manifests_sensor(job, status, seconds)],
        resources={"bills": BillsResource()},
    )
