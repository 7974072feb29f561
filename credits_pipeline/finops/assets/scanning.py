"""The assets of the optimization group: the daily scan, and what can be saved.

Each part is a separate asset, so that one that fails leaves the others as they are. A part that
could not be read fails nothing: its check names the missing permission.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from credits_pipeline.finops.assets.metadata import md, saying
from credits_pipeline.finops.assets.resource import BillsResource
from credits_pipeline.text import gated

if TYPE_CHECKING:
    from credits_pipeline.finops.scans.shelf import Kept

GROUP, JOB, SCHEDULE = "optimization", "scan", "daily_scan"
INVENTORY, UTILISATION = "scan_inventory", "scan_utilisation"
PRICES, COMMITMENTS, FINDINGS = "scan_prices", "scan_commitments", "scan_findings"
RESOURCES, RECOMMENDATIONS = "resources", "recommendations"
REALISED = "realised_savings"
_TAGS = {"domain": "finops"}
#: Before people come to work in Europe, after most bills of the day were delivered.
_CRON = "15 5 * * *"
_SEEN = "everything_could_be_seen"


def optimization_assets(owners: Sequence[str] = ()) -> list[dg.AssetsDefinition]:
    """The assets.

    Args:
        owners: e-mail addresses, and teams as ``team:name``.
    """
    common: dict[str, Any] = {"group_name": GROUP, "owners": list(owners), "tags": _TAGS}
    aws: dict[str, Any] = {**common, "kinds": {"aws", "parquet"}}
    made: dict[str, Any] = {**common, "kinds": {"duckdb", "parquet"}}
    return [
        dg.asset(
            name=INVENTORY,
            **aws,
            description="Every resource of the accounts and regions that FINOPS_SCAN_* name. Only "
            "Describe, Get and List operations are called.",
        )(gated(_inventory)),
        dg.asset(
            name=UTILISATION,
            deps=[INVENTORY],
            **aws,
            description="What CloudWatch says of each resource in 14 days, and how many hours of "
            "them it has. 500 metrics a request.",
        )(gated(_utilisation)),
        dg.asset(
            name=PRICES,
            deps=[INVENTORY],
            **aws,
            description="List prices and Savings Plans' rates of the machines that there are.",
        )(gated(_prices)),
        dg.asset(
            name=COMMITMENTS,
            deps=[INVENTORY],
            **aws,
            description="Savings Plans and reservations that are owned.",
        )(gated(_commitments)),
        dg.asset(
            name=FINDINGS,
            **common,
            kinds={"parquet"},
            description="What clouds found themselves: from files first, then AWS's APIs.",
        )(gated(_findings)),
        dg.asset(
            name=RESOURCES,
            deps=[INVENTORY, UTILISATION, FINDINGS],
            **made,
            description="One row a resource: what it is, what it does, what it costs a month. "
            "What could not be seen is NULL, and says why.",
        )(gated(_resources)),
        dg.asset(
            name=RECOMMENDATIONS,
            deps=[RESOURCES, PRICES],
            **made,
            description="What can be saved, at the customer's own price. The savings of a resource "
            "never exceed its cost.",
        )(gated(_recommendations)),
        dg.asset(
            name=REALISED,
            deps=[RECOMMENDATIONS],
            **made,
            description="What later bills show of everything that was done.",
        )(gated(_realised)),
    ]


def optimization_checks() -> list[dg.AssetChecksDefinition]:
    """Whether each part that asks a cloud could read everything; a warning if not."""
    names = {
        INVENTORY: "inventory",
        UTILISATION: "utilisation",
        PRICES: "prices",
        COMMITMENTS: "commitments",
        FINDINGS: "findings",
    }
    return [_seen_check(asset, part) for asset, part in names.items()]


def scan_job(executor: dg.ExecutorDefinition) -> Any:
    """The job ``scan``."""
    return dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.groups(GROUP),
        description="What clouds run, and what can be saved. It reads, and writes to no cloud.",
        executor_def=executor,
    )


def daily_scan(job: Any, *, running: bool) -> dg.ScheduleDefinition:
    """The schedule ``daily_scan``.

    Args:
        job: the job that it starts.
        running: whether it runs from the start.
    """
    status = dg.DefaultScheduleStatus.RUNNING if running else dg.DefaultScheduleStatus.STOPPED
    return dg.ScheduleDefinition(
        name=SCHEDULE,
        job=job,
        cron_schedule=_CRON,
        default_status=status,
        execution_timezone="UTC",
        description="Scans once a day.",
    )


def _scan(context: dg.AssetExecutionContext, bills: BillsResource) -> Any:
    from credits_pipeline.finops.scans.scanning import Scan  # noqa: PLC0415 - loads engines
    from credits_pipeline.finops.scans.settings import scanned  # noqa: PLC0415 - as above

    return Scan(bills.depot(), scanned(), say=saying(context.log.debug))


def _inventory(
    context: dg.AssetExecutionContext, bills: BillsResource
) -> dg.MaterializeResult[None]:
    from credits_pipeline.finops.scans.settings import as_of  # noqa: PLC0415 - when used

    return _result(_scan(context, bills).inventory(as_of()))


def _utilisation(
    context: dg.AssetExecutionContext, bills: BillsResource
) -> dg.MaterializeResult[None]:
    return _result(_scan(context, bills).utilisation())


def _prices(context: dg.AssetExecutionContext, bills: BillsResource) -> dg.MaterializeResult[None]:
    from credits_pipeline.finops.optimization.whole import machines  # noqa: PLC0415 - when used

    scan = _scan(context, bills)
    return _result(scan.prices(machines(scan.shelf.rows(scan.current("inventory")))))


def _commitments(
    context: dg.AssetExecutionContext, bills: BillsResource
) -> dg.MaterializeResult[None]:
    return _result(_scan(context, bills).commitments())


def _findings(
    context: dg.AssetExecutionContext, bills: BillsResource
) -> dg.MaterializeResult[None]:
    from credits_pipeline.finops.scans.settings import as_of  # noqa: PLC0415 - when used

    return _result(_scan(context, bills).findings(as_of()))


def _resources(
    context: dg.AssetExecutionContext, bills: BillsResource
) -> dg.MaterializeResult[None]:
    from credits_pipeline.finops.optimization.whole import published_bills  # noqa: PLC0415
    from credits_pipeline.finops.scans.settings import as_of  # noqa: PLC0415 - when used

    scan = _scan(context, bills)
    return _result(scan.resources(published_bills(bills.storage()), as_of()))


def _recommendations(
    context: dg.AssetExecutionContext, bills: BillsResource
) -> dg.MaterializeResult[None]:
    from credits_pipeline.finops.optimization.reading import read_states  # noqa: PLC0415

    maker = _maker(bills)
    at = _scan(context, bills).current("resources").as_of
    maker.use(bills.lake(), at)
    return _result(maker.recommend(read_states()))


def _realised(bills: BillsResource) -> dg.MaterializeResult[None]:
    from credits_pipeline.finops.optimization.reading import read_states  # noqa: PLC0415

    return _result(_maker(bills).prove(read_states()))


def _maker(bills: BillsResource) -> Any:
    from credits_pipeline.finops.optimization.making import Maker  # noqa: PLC0415 - loads DuckDB
    from credits_pipeline.finops.optimization.thresholds import configured  # noqa: PLC0415
    from credits_pipeline.finops.optimization.whole import published_bills  # noqa: PLC0415

    return Maker(bills.depot(), published_bills(bills.storage()), configured())


def _result(kept: "Kept") -> dg.MaterializeResult[None]:
    requests = kept.about.get("requests", {})
    metadata: dict[str, Any] = {
        "as_of": dg.MetadataValue.timestamp(kept.as_of),
        "rows": kept.rows,
        "version": kept.version,
    }
    if requests:
        metadata["requests"] = sum(requests.values())
    if kept.about.get("metrics"):
        metadata["cloudwatch_metrics"] = kept.about["metrics"]
    return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(kept.version))


def _seen_check(asset: str, part: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset,
        name=_SEEN,
        description=(
            "Nothing was refused, throttled or switched off; whatever was is named with its "
            "permission."
        ),
    )
    @gated
    def check(bills: BillsResource) -> dg.AssetCheckResult:
        from credits_pipeline.finops.scans.shelf import ScanShelf  # noqa: PLC0415 - when used
        from credits_pipeline.text import Markdown, Outside  # noqa: PLC0415 - when used

        kept = ScanShelf(bills.depot()).current(part)
        parts = () if kept is None else kept.about["parts"]
        unseen = [one for one in parts if one["state"] != "seen"]
        said = "\n\n".join(Markdown.render(Outside(one["says"])).text for one in unseen)
        lacking = sorted({one["permission"] for one in unseen if one["permission"]})
        return dg.AssetCheckResult(
            passed=not unseen,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={
                "looked_at": len(parts),
                "not_seen": len(unseen),
                "says": md(said or "Everything could be seen."),
                "permissions_lacking": ", ".join(lacking) or "none",
            },
        )

    return check
