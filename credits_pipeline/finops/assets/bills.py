"""The assets of the spend group: from a manifest to a published version.

Concept: https://docs.dagster.io/guides/build/assets. Each body is a few calls of the pure rooms.
They decide what stops a month: a check shows it, and nothing passes that a check would refuse.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from credits_pipeline.finops.assets import metadata
from credits_pipeline.finops.assets.partitions import bill_of, bills
from credits_pipeline.finops.assets.resource import BillsResource
from credits_pipeline.text import gated

GROUP = "spend"
FILES, ROWS, PUBLISHED = "bill_files", "focus_costs", "published_spend"
#: Each mart's asset. The first wing has an asset called credits.
MARTS = {
    "spend_daily": "spend_daily",
    "spend_monthly": "spend_monthly",
    "commitments": "commitments",
    "credits": "bill_credits",
    "invoices": "invoices",
    "resource_costs": "resource_costs",
}
_TAGS = {"domain": "finops"}
_ACCEPT = {
    "accept": dg.Field(
        [str],
        default_value=[],
        description="Names of checks that a person accepts as failed in this run.",
    )
}
_SAYS = {
    "spend_daily": "Spend of a day by account, service, region, charge, commitment and tags.",
    "spend_monthly": "The same by month: a sum of spend_daily.",
    "commitments": "What commitments cost and cover, by commitment.",
    "credits": "The credits of the bill, by day, account, service and description.",
    "invoices": "What each invoice adds up to, by charge category.",
    "resource_costs": "Costs of each resource, by month; kept apart from the small marts.",
}


def spend_assets(owners: Sequence[str] = ()) -> list[dg.AssetsDefinition]:
    """The assets.

    Args:
        owners: e-mail addresses, and teams as ``team:name``.
    """
    common: dict[str, Any] = {"group_name": GROUP, "owners": list(owners), "tags": _TAGS}
    marts = dg.multi_asset(
        name="spend_marts",
        partitions_def=bills,
        specs=[
            dg.AssetSpec(
                key,
                deps=[ROWS],
                **common,
                kinds={"duckdb", "parquet"},
                description=f"{_SAYS[name]} Its sums are those of the rows, to the last digit.",
            )
            for name, key in MARTS.items()
        ],
    )(gated(_marts))
    return [
        dg.asset(
            name=FILES,
            partitions_def=bills,
            **common,
            description="The files that count for a month of a source: exactly those that the "
            "provider's current manifest names, never what happens to lie beside them.",
        )(gated(_files)),
        dg.asset(
            name=ROWS,
            deps=[FILES],
            partitions_def=bills,
            **common,
            kinds={"duckdb", "parquet"},
            config_schema=_ACCEPT,
            description="The rows of the bill in FOCUS's columns, with exact money. A delivery "
            "that does not hold its checks never counts: the version before does.",
        )(gated(_rows)),
        marts,
        dg.asset(
            name=PUBLISHED,
            deps=list(MARTS.values()),
            **common,
            kinds={"duckdb"},
            description="What pages, commands and exports read: one immutable file a version, and "
            "a pointer that moves last.",
        )(gated(_published)),
    ]


def _files(context: dg.AssetExecutionContext, bills: BillsResource) -> dg.MaterializeResult[None]:
    from credits_pipeline.finops.manifests import current  # noqa: PLC0415 - loads object stores

    name, month = bill_of(context)
    source = bills.source(name)
    delivery = current(source, month)
    if delivery is None:
        raise dg.Failure(
            f"{name} has delivered nothing for {month}: no manifest names it in {source.location}. "
            f"What to do: check that its export covers the month: credits-pipeline sources test "
            f"{name}.",
            allow_retries=False,
        )
    return dg.MaterializeResult(
        metadata=metadata.of_delivery(delivery), data_version=dg.DataVersion(delivery.identity)
    )


def _rows(context: dg.AssetExecutionContext, bills: BillsResource) -> dg.MaterializeResult[None]:
    from credits_pipeline.finops.invoices import of_bill  # noqa: PLC0415 - when used
    from credits_pipeline.finops.publish.attempts import take_in  # noqa: PLC0415 - loads DuckDB

    name, month = bill_of(context)
    depot, lake = bills.depot(), bills.lake()
    found = take_in(
        bills.source(name),
        month,
        lake,
        depot,
        tags=bills.tags(),
        run_id=context.run.run_id,
        accept=context.op_execution_context.op_config["accept"],
        invoices=of_bill(bills.invoices(), name, str(month)),
    )
    uri = depot.place.uri(f"focus_costs/source={name}/billing_month={month}")
    for check in found.checks:
        if not check.passed:
            metadata.saying(context.log.warning)(check.says)
    version = found.version
    return dg.MaterializeResult(
        metadata=metadata.of_ingested(found, uri),
        data_version=dg.DataVersion(version.version) if version else None,
    )


def _marts(
    context: dg.AssetExecutionContext, bills: BillsResource
) -> Iterator[dg.MaterializeResult[None]]:
    from credits_pipeline.finops.publish.attempts import with_marts  # noqa: PLC0415 - loads DuckDB

    name, month = bill_of(context)
    version = bills.lake().current(name, month)
    if version is None:
        raise dg.Failure(
            f"There are no rows of {name} in {month}. What to do: materialise {ROWS} first.",
            allow_retries=False,
        )
    made = bills.refresher().make(version, say=metadata.saying(context.log.info))
    depot = bills.depot()
    with_marts(depot, name, month, made)
    kept = {one.mart: one for one in made.kept}
    for mart, key in MARTS.items():
        uri = depot.place.uri(f"marts/{mart}/source={name}/billing_month={month}")
        yield dg.MaterializeResult(
            asset_key=key,
            metadata=metadata.of_mart(kept[mart], uri) if mart in kept else {"rows": 0},
            data_version=dg.DataVersion(kept[mart].version) if mart in kept else None,
        )


def _published(
    context: dg.AssetExecutionContext, bills: BillsResource
) -> dg.MaterializeResult[None]:
    refreshed = bills.refresher().refresh(say=metadata.saying(context.log.info))
    publication = refreshed.publication
    for told in publication.waiting:
        metadata.saying(context.log.warning)(told)
    return dg.MaterializeResult(
        metadata=metadata.of_publication(publication),
        data_version=dg.DataVersion(publication.pointer.version),
    )
