"""What the wing adds to a code location; loaded only where the wing is in use."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from credits_pipeline.finops.assets.bills import FILES, GROUP, MARTS, PUBLISHED, ROWS, spend_assets
from credits_pipeline.finops.assets.checks import spend_checks
from credits_pipeline.finops.assets.ledger import (
    RECONCILIATION,
    ledger_assets,
    ledger_checks,
    ledger_jobs,
    ledger_sensor,
)
from credits_pipeline.finops.assets.receipts import (
    receipts_asset,
    receipts_check,
    receipts_sensor,
)
from credits_pipeline.finops.assets.resource import BillsResource
from credits_pipeline.finops.assets.sensor import manifests_sensor

JOB = "bill_month"


@dataclass(frozen=True)
class FinopsDefinitions:
    """What `credits_pipeline.credits.assets.build` joins to the first wing's."""

    assets: Sequence[dg.AssetsDefinition]
    asset_checks: Sequence[dg.AssetChecksDefinition]
    jobs: Sequence[Any]
    sensors: Sequence[dg.SensorDefinition]
    resources: dict[str, Any]


def build_finops_definitions(
    *,
    automation: bool,
    seconds: int,
    executor: dg.ExecutorDefinition,
    drop: dg.AssetKey,
    months: dg.PartitionsDefinition[str],
    credits_root: str | None = None,
    owners: Sequence[str] = (),
) -> FinopsDefinitions:
    """Assemble the wing.

    Args:
        automation: whether the sensor runs from the start.
        seconds: between two looks at the manifests.
        executor: of the job.
        drop: the first wing's asset whose materialisations are receipts.
        months: its partitions.
        credits_root: where receipts lie; default: ``CREDITS_STORAGE``.
        owners: of the assets.
    """
    job = dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.assets(FILES, ROWS, *MARTS.values(), PUBLISHED),
        description="One billing month of one source, from its manifest to what pages read.",
        executor_def=executor,
    )
    of_ledger = ledger_jobs(executor)
    status = dg.DefaultSensorStatus.RUNNING if automation else dg.DefaultSensorStatus.STOPPED
    return FinopsDefinitions(
        assets=[
            *spend_assets(owners),
            receipts_asset(drop, months, GROUP, owners),
            *ledger_assets(drop, owners),
        ],
        asset_checks=[*spend_checks(), receipts_check(months), *ledger_checks(drop, months)],
        jobs=[job, *of_ledger],
        sensors=[
            manifests_sensor(job, status, seconds),
            receipts_sensor(status, [RECONCILIATION]),
            ledger_sensor(of_ledger, status),
        ],
        resources={"bills": BillsResource(credits=credits_root)},
    )
