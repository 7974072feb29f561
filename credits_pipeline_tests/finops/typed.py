"""Handmade typed rows as in the lake: a row gives only what is special about it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.marts.catalogue import marts
from credits_pipeline.finops.marts.duck import DuckDBEngine
from credits_pipeline.finops.marts.making import Made, Rows, make
from credits_pipeline.finops.marts.shelf import Shelf
from credits_pipeline.finops.publish.bill import Bill
from credits_pipeline.finops.publish.publishing import Publication, publish

TAGS = ("team", "product", "environment")
_TEXT = (
    "BillingAccountId", "BillingCurrency", "SubAccountId", "SubAccountName", "ServiceName",
    "ServiceCategory", "RegionId", "ChargeCategory", "ChargeFrequency", "ChargeDescription",
    "CommitmentDiscountId", "CommitmentDiscountName", "CommitmentDiscountType",
    "CommitmentDiscountCategory", "CommitmentDiscountStatus", "CommitmentDiscountUnit",
    "InvoiceId", "InvoiceIssuerName", "ResourceId", "ResourceName", "ResourceType", "ConsumedUnit",
    "source", "provider", "billing_month", "tags", *(f"tag_{tag}" for tag in TAGS),
)  # fmt: skip
_MONEY = (
    "BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "ConsumedQuantity",
    "CommitmentDiscountQuantity",
)  # fmt: skip
TYPES = {
    **dict.fromkeys(_TEXT, "VARCHAR"),
    **dict.fromkeys(_MONEY, "DECIMAL(36, 18)"),
    "charge_date": "DATE",
}


def row(cost: str | Decimal = "1", **special: Any) -> dict[str, Any]:
    """One typed row: usage of a machine by a team, by default.

    Args:
        cost: in all four columns.
        special: columns that differ.
    """
    usual: dict[str, Any] = {
        **dict.fromkeys(TYPES),
        **dict.fromkeys(_MONEY[:4], cost),
        "BillingAccountId": "payer",
        "BillingCurrency": "USD",
        "SubAccountId": "111111111111",
        "SubAccountName": "platform-prod",
        "ServiceName": "Machines",
        "ServiceCategory": "Compute",
        "RegionId": "eu-west-1",
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "InvoiceId": "I-1",
        "ResourceId": "i-1",
        "charge_date": "2026-05-04",
        "tag_team": "core",
    }
    made = {**usual, **special}
    made["tags"] = made["tags"] or json.dumps(
        {tag: made[f"tag_{tag}"] for tag in TAGS if made[f"tag_{tag}"]}
    )
    return made


def write(file: Path, rows: Iterable[Mapping[str, Any]], *, without: Sequence[str] = ()) -> Path:
    """Write rows as one Parquet file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    columns = {name: kind for name, kind in TYPES.items() if name not in without}
    with duckdb.connect() as connection:
        spelled = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        connection.execute(f"CREATE TABLE typed ({spelled})")
        values = [
            [None if one[name] is None else str(one[name]) for name in columns] for one in rows
        ]
        marks = ", ".join(f"CAST(? AS {kind})" for kind in columns.values())
        for start in range(0, len(values), 50):
            some = values[start : start + 50]
            lines = ", ".join(f"({marks})" for _ in some)
            flat = [cell for one in some for cell in one]
            connection.execute(f"INSERT INTO typed VALUES {lines}", flat)
        connection.execute(f"COPY typed TO '{file}' (FORMAT parquet)")
    return file


class Bills:
    """A wing's folder into which a test puts bills, as an ingest would."""

    def __init__(self, storage: Path, tags: Sequence[str] = TAGS) -> None:
        self.storage = storage
        self.catalogue = marts(tags)
        self.use(Depot(str(storage)))
        self.bills: dict[tuple[str, str], Bill] = {}

    def use(self, depot: Depot) -> None:
        """Put marts and versions elsewhere."""
        self.depot = depot
        self.shelf = Shelf(depot)

    def put(
        self,
        source: str,
        month: str,
        rows: Iterable[Mapping[str, Any]],
        *,
        provider: str | None = None,
        version: str = "v1",
        complete_through: date | str | None = "whole",
        parts: int = 1,
        **about: Any,
    ) -> Made:
        """Put a delivery for a month of a source, and make its marts."""
        cloud = provider or source.partition("-")[0]
        typed = [
            {**one, "source": source, "provider": cloud, "billing_month": month} for one in rows
        ]
        folder = self.storage / "typed" / source / month / version
        files = tuple(
            write(folder / f"part-{part}.parquet", typed[part::parts]) for part in range(parts)
        )
        if complete_through == "whole":
            start = BillingMonth.parse(month).shift(1).start.date()
            complete_through = start - timedelta(days=1)
        assert not isinstance(complete_through, str)
        bill = Bill(
            source=source,
            provider=cloud,
            billing_month=month,
            version=version,
            manifest=f"manifest of {source} {month} {version}",
            address=f"s3://bills/{source}/{month}/manifest.json",
            complete_through=complete_through,
            delivered_at=f"{month}-28T03:10:00+00:00",
            created_at=f"{month}-28T03:15:00+00:00",
            rows=len(typed),
            files=parts,
            bytes=sum(file.stat().st_size for file in files),
            rounded_rows=0,
            run_id="",
        )
        with DuckDBEngine.opened(self.storage / "scratch", threads=1) as engine:
            made = make(engine, self.shelf, self.catalogue, Rows(source, month, version, files))
        self.bills[source, month] = replace(bill, **about)
        return made

    def publish(self, **how: Any) -> Publication:
        """Publish what there is."""
        return publish(self.depot, lambda: list(self.bills.values()), self.catalogue, **how)
