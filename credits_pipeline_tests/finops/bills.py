"""Bills as providers deliver them, small and handmade, so that a test knows every cell."""

import csv
import gzip
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.ingest import Check, Ingested, Limits, ingest_month
from credits_pipeline.finops.lake import Lake, Version

MAY = BillingMonth(2026, 5)
#: A small machine, so that a test reaches the bounds.
SMALL = Limits(memory="400MB", threads=2)


@dataclass(frozen=True)
class Source:
    """A source, as in `credits_pipeline.finops.sources`."""

    name: str
    provider: str
    location: str
    export: str = ""


def charge(**cells: Any) -> dict[str, Any]:
    """A row of FOCUS 1.2; columns that are not given are ordinary."""
    day = cells.pop("day", 3)
    return {
        "BilledCost": "1.5",
        "EffectiveCost": "1.25",
        "ListCost": "2",
        "ContractedCost": "1.75",
        "BillingAccountId": "111122223333",
        "BillingAccountName": "Payer",
        "SubAccountId": "444455556666",
        "SubAccountName": "Shop",
        "BillingCurrency": "USD",
        "BillingPeriodStart": "2026-05-01T00:00:00Z",
        "BillingPeriodEnd": "2026-06-01T00:00:00Z",
        "ChargePeriodStart": f"2026-05-{day:02d}T00:00:00Z",
        "ChargePeriodEnd": f"2026-05-{day:02d}T01:00:00Z",
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "ServiceName": "Amazon EC2",
        "ServiceCategory": "Compute",
        "ProviderName": "AWS",
        "InvoiceId": "INV-1",
        "Tags": '{"team": "shop", "Product": "web"}',
        **cells,
    }


def credit(amount: str, **cells: Any) -> dict[str, Any]:
    """A credit, the same in all four costs."""
    costs = dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), amount)
    return charge(ChargeCategory="Credit", ChargeFrequency="One-Time", **{**costs, **cells})


def csv_text(
    rows: Sequence[Mapping[str, Any]], *, header: Sequence[str] | None = None, **how: Any
) -> str:
    """Rows as CSV."""
    names = list(header or dict.fromkeys(name for row in rows for name in row)) or list(charge())
    file = io.StringIO()
    writer = csv.DictWriter(file, names, extrasaction="ignore", **how)
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def packed(text: str) -> bytes:
    """Text as gzip, with the same bytes each time."""
    return gzip.compress(text.encode(), mtime=0)


def write_parquet(path: Path, select: str) -> None:
    """The result of a SELECT, as Parquet."""
    import duckdb

    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")


def put(path: Path, content: bytes | str) -> Path:
    """A file, and the folders that it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def folder_source(root: Path, rows: Sequence[Mapping[str, Any]], **how: Any) -> Source:
    """A folder with one CSV for May."""
    put(root / "2026-05.csv", csv_text(rows, **how))
    return Source("folder", "focus", str(root))


def write_aws(
    root: Path,
    files: Mapping[str, bytes],
    *,
    export: str = "bills",
    month: BillingMonth = MAY,
    refresh: str = "",
    period: str = "BILLING_PERIOD",
    bucket: str = "somebodys-bucket/prefix",
    **more: Any,
) -> Source:
    """One refresh of an AWS data export: files first, manifest last."""
    below = f"{period}={month}" + (f"/{refresh}" if refresh else "")
    for name, content in files.items():
        put(root / export / "data" / below / name, content)
    manifest = {
        "executionId": refresh or "0b1c",
        "exportArn": "arn:aws:bcm-data-exports:us-east-1:111122223333:export/bills",
        "dataFiles": [f"s3://{bucket}/{export}/data/{below}/{name}" for name in files],
        **more,
    }
    text = json.dumps(manifest)
    if refresh:
        put(root / export / "metadata" / below / f"{export}-Manifest.json", text)
    put(root / export / "metadata" / f"{period}={month}" / f"{export}-Manifest.json", text)
    return Source("aws-bills", "aws", str(root), export)


def write_azure(
    root: Path,
    files: Mapping[str, bytes],
    *,
    submitted: str = "2026-06-03T04:05:06.1234567Z",
    run: str = "r1",
    export: str = "focus-cost",
    scope: str = "/providers/Microsoft.Billing/billingAccounts/1234",
    rows: int | None = None,
    month: BillingMonth = MAY,
    kind: str = "FocusCost",
    **manifest: Any,
) -> Source:
    """One run of an Azure export."""
    last = month.end
    folder = f"costs/{export}/{month.start:%Y%m%d}-{last:%Y%m%d}/{run}"
    for name, content in files.items():
        put(root / folder / name, content)
    blobs = [
        {"blobName": f"{folder}/{name}", "byteCount": len(content)}
        for name, content in files.items()
    ]
    content = {
        "manifestVersion": "2024-04-01",
        "byteCount": sum(map(len, files.values())),
        "blobCount": len(files),
        "dataRowCount": rows,
        "exportConfig": {
            "exportName": export,
            "resourceId": f"{scope}/providers/Microsoft.CostManagement/exports/{export}",
            "dataVersion": "1.2-preview",
            "type": kind,
        },
        "deliveryConfig": {"dataOverwriteBehavior": "CreateNewReport", "fileFormat": "Csv"},
        "runInfo": {
            "submittedTime": submitted,
            "runId": run,
            "startDate": f"{month.start:%Y-%m-%d}T00:00:00",
            "endDate": f"{last:%Y-%m-%d}T00:00:00",
        },
        "blobs": blobs,
        **manifest,
    }
    put(root / folder / "manifest.json", json.dumps(content))
    return Source("azure-bills", "azure", str(root), "")


def take_in(source: Source, lake: Lake, **how: Any) -> Ingested:
    """Ingest May."""
    return ingest_month(source, how.pop("month", MAY), lake, **{"limits": SMALL, **how})


def failed(done: Ingested) -> dict[str, Check]:
    """The checks that failed."""
    return {check.name: check for check in done.checks if not check.passed}


def rows_of(lake: Lake, version: Version | None, select: str = "*") -> list[dict[str, Any]]:
    """A version's typed rows, in the order of the files."""
    import duckdb

    assert version is not None
    paths = [str(path) for path in lake.parquet(version)]
    with duckdb.connect() as connection:
        found = connection.execute(
            f"SELECT {select} FROM read_parquet({paths!r}) ORDER BY file, file_row"
        )
        names = [each[0] for each in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def billed(lake: Lake, source: Source, month: BillingMonth = MAY) -> Decimal | None:
    """A month's billed cost that counts, in USD."""
    version = lake.current(source.name, month)
    return None if version is None else Decimal(version.totals["USD"]["BilledCost"])


def aged(root: Path, at: datetime) -> None:
    """Set the time of all files below a folder."""
    for path in root.rglob("*"):
        if path.is_file():
            os.utime(path, (at.timestamp(), at.timestamp()))


def days(start: datetime, count: int) -> Iterable[datetime]:
    """A row that covers days."""
    return (start + timedelta(days=each) for each in range(count))


JUNE_10 = datetime(2026, 6, 10, 12, tzinfo=UTC)
