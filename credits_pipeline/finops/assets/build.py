"""What the wing adds to a code location; loaded only where the wing is in use."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from credits_pipeline.finops.assets.bills import FILES, MARTS, PUBLISHED, ROWS, spend_assets
from credits_pipeline.finops.assets.chargeback import (
    chargeback_assets,
    chargeback_checks,
    chargeback_job,
    chargeback_sensor,
)
from credits_pipeline.finops.assets.checks import spend_checks
from credits_pipeline.finops.assets.resource import BillsResource
from credits_pipeline.finops.assets.sensor import manifests_sensor

JOB = "bill_month"
#: Between two looks at what is owed; people close months by day.
_CHARGEBACK_SECONDS = 300


@dataclass(frozen=True)
class FinopsDefinitions:
    """What `credits_pipeline.credits.assets.build` joins to the first wing's."""

    assets: Sequence[dg.AssetsDefinition]
    asset_checks: Sequence[dg.AssetChecksDefinition]
    jobs: Sequence[Any]
    sensors: Sequence[dg.SensorDefinition]
    resources: dict[str, Any]


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
    job = dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.assets(FILES, ROWS, *MARTS.values(), PUBLISHED),
        description="One billing month of one source, from its manifest to what pages read.",
        executor_def=executor,
    )
    status = dg.DefaultSensorStatus.RUNNING if automation else dg.DefaultSensorStatus.STOPPED
    month = chargeback_job(executor)
    return FinopsDefinitions(
        assets=[*spend_assets(owners), *chargeback_assets(owners)],
        asset_checks=[*spend_checks(), *chargeback_checks()],
        jobs=[job, month],
        sensors=[
            manifests_sensor(job, status, seconds),
            chargeback_sensor(month, status, max(seconds, _CHARGEBACK_SECONDS)),
        ],
        resources={"bills": BillsResource()},
    )
