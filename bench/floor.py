"""What Dagster alone takes: as many assets and checks that do nothing, and a single op.

Each job has a sensor that starts it when a file appears in a folder.
"""

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import dagster as dg

from credits_pipeline import definitions

INBOX = Path(os.environ.get("BENCH_FLOOR_INBOX", "."))
CHAIN = ["raw_credits_csv", "credits", "cbf_payload", "cloudzero_drop"]
MONTHS = dg.MonthlyPartitionsDefinition(start_date="2024-01-01", end_offset=1, timezone="UTC")


def empty_assets() -> list[dg.AssetsDefinition]:
    """Four assets in a row that make nothing."""
    before = {after: [first] for first, after in pairwise(CHAIN)}

    def nothing() -> None:
        return

    return [
        dg.asset(name=name, deps=before.get(name), partitions_def=MONTHS)(nothing) for name in CHAIN
    ]


def empty_checks() -> list[dg.AssetChecksDefinition]:
    """For each asset, as many checks as the product has, which check nothing."""

    def checks_of(asset: str, names: list[str]) -> dg.AssetChecksDefinition:
        specs = [
            dg.AssetCheckSpec(name, asset=asset, blocking=True, partitions_def=MONTHS)
            for name in names
        ]

        @dg.multi_asset_check(name=f"checks_of_{asset}", specs=specs)
        def pass_all() -> Iterator[dg.AssetCheckResult]:
            for name in names:
                yield dg.AssetCheckResult(asset_key=asset, check_name=name, passed=True)

        return pass_all

    by_asset: dict[str, list[str]] = {}
    for checks in definitions.defs.asset_checks or ():
        for spec in checks.check_specs:
            by_asset.setdefault(spec.asset_key.path[-1], []).append(spec.name)
    return [checks_of(asset, names) for asset, names in by_asset.items()]


@dg.op
def nothing() -> None:
    return


@dg.job
def single_op() -> None:
    nothing()


def sensor(name: str, job: Any, partition: str | None) -> dg.SensorDefinition:
    """Start the job for each file in a folder."""

    @dg.sensor(
        name=name,
        job=job,
        minimum_interval_seconds=1,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def files() -> Iterator[dg.RunRequest]:
        for path in sorted((INBOX / name).glob("*.csv")):
            yield dg.RunRequest(run_key=path.name, partition_key=partition)

    return files


same_shape = dg.define_asset_job("same_shape", selection=dg.AssetSelection.all())
defs = dg.Definitions(
    assets=empty_assets(),
    asset_checks=empty_checks(),
    jobs=[same_shape, single_op],
    sensors=[sensor("same_shape", same_shape, "2025-01-01"), sensor("single_op", single_op, None)],
    executor=dg.in_process_executor,
)
