"""What credits could be used for: usage by account and service, with and without MAP's tag.

Read from the lake, because it needs a tag key that the marts have no column for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.ingest.sql import literals
from credits_pipeline.finops.ingest.tags import tag_columns
from credits_pipeline.finops.lake import Lake, Version
from credits_pipeline.finops.settings import TagKey

#: AWS's Migration Acceleration Program pays for usage with this tag.
MAP_TAG = "map-migrated"
_TAG = TagKey("map_migrated", (MAP_TAG, f"user:{MAP_TAG}"))


@dataclass(frozen=True)
class Used:
    """Usage of one account for one service.

    Attributes:
        payer: whose bill it is on.
        account: whose usage.
        name: of the account; empty if the bill has none.
        service: as the bill names it.
        tagged: whether it has MAP's tag.
        cost: amortised, before credits.
        booked: credits that the bill itself has there, positive.
    """

    payer: str
    account: str
    name: str
    service: str
    tagged: bool
    cost: Decimal
    booked: Decimal


@dataclass(frozen=True)
class Usage:
    """A month of the bills of AWS.

    Attributes:
        month: the billing month.
        rows: by payer, account, service and tag.
        versions: each source with the version of its rows.
    """

    month: BillingMonth
    rows: tuple[Used, ...]
    versions: tuple[tuple[str, str], ...]

    @property
    def payers(self) -> frozenset[str]:
        """The payers whose bill is available."""
        return frozenset(one.payer for one in self.rows)

    @property
    def names(self) -> dict[str, str]:
        """The name of each account that has one."""
        return {one.account: one.name for one in self.rows if one.name}

    def booked(self, payer: str) -> dict[str, Decimal]:
        """The credits that a payer's bill has at each account."""
        found: dict[str, Decimal] = {}
        for one in self.rows:
            if one.payer == payer and one.booked:
                found[one.account] = found.get(one.account, Decimal(0)) + one.booked
        return found


def usage_of(lake: Lake, month: BillingMonth, currency: str = "USD") -> Usage:
    """What the lake has of AWS in a month.

    Args:
        lake: the typed rows.
        month: the billing month.
        currency: whose rows count.

    Raises:
        BillError: the rows can't be read.
    """
    rows: list[Used] = []
    versions: list[tuple[str, str]] = []
    for version in _counting(lake, month):
        found = _rows([str(path) for path in lake.parquet(version)], currency)
        if found:
            rows += found
            versions.append((version.source, version.version))
    return Usage(month, tuple(sorted(rows, key=_key)), tuple(versions))


def _counting(lake: Lake, month: BillingMonth) -> Iterable[Version]:
    from credits_pipeline.finops.manifests import RECEIPTS  # noqa: PLC0415 - loads object stores

    for source in lake.sources():
        version = lake.current(source, month) if source != RECEIPTS else None
        if version is not None and version.rows:
            yield version


def _rows(paths: list[str], currency: str) -> list[Used]:
    (tag,) = tag_columns([_TAG], "tags")
    costs = (
        'COALESCE(SUM("EffectiveCost") FILTER ("ChargeCategory" = \'Usage\'), 0)',
        'COALESCE(-SUM("BilledCost") FILTER ("ChargeCategory" = \'Credit\'), 0)',
    )
    text = (
        'SELECT COALESCE("BillingAccountId", \'\'), "SubAccountId", '  # noqa: S608 - names of ours
        "COALESCE(MAX(\"SubAccountName\"), ''), COALESCE(\"ServiceName\", ''), "
        f"tag_map_migrated IS NOT NULL AS tagged, {', '.join(costs)} "
        f"FROM (SELECT *, {tag} FROM read_parquet({literals(paths)}, hive_partitioning = false)) "
        'WHERE provider = \'aws\' AND "BillingCurrency" = ? AND "SubAccountId" IS NOT NULL '
        "AND \"ChargeCategory\" IN ('Usage', 'Credit') GROUP BY 1, 2, 4, 5"
    )
    with duckdb.connect(config={"memory_limit": "1GB"}) as connection:
        connection.execute("SET enable_progress_bar = false")
        found = connection.execute(text, [currency]).fetchall()
    return [
        Used(str(payer), str(account), str(name), str(service), bool(tagged), cost, booked)
        for payer, account, name, service, tagged, cost, booked in found
    ]


def _key(one: Used) -> tuple[str, str, str, bool]:
    return one.payer, one.account, one.service, one.tagged
