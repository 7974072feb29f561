"""How each provider delivers: where its files are, and the manifest that says which count."""

import hashlib
import json
import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.samples.organisation import PAYERS

#: The bucket in AWS's manifests; a copy of the files is found by the path after the export's name.
BUCKET = "sample-bills"
EXPORTS = {"aws": "focus-daily", "aws-labs": "focus-labs", "azure": "focus-cost", "gcp": ""}


@dataclass(frozen=True)
class Delivered:
    """The data files of one delivery, written already.

    Attributes:
        files: in their order.
        rows: of each.
    """

    files: Sequence[Path]
    rows: Sequence[int]


def aws_folder(root: Path, source: str, month: BillingMonth, snapshot: str = "") -> Path:
    """Where AWS puts a month's data files; a snapshot's own folder with “create new”."""
    return root / source / EXPORTS[source] / "data" / f"BILLING_PERIOD={month}" / snapshot


def aws_snapshot(source: str, month: BillingMonth, at: datetime) -> str:
    """The folder of one refresh: its time and the id of its execution."""
    return f"{at:%Y-%m-%dT%H:%M:%S.000Z}-{_guid(source, month, at)}"


def aws_manifest(
    root: Path,
    source: str,
    month: BillingMonth,
    at: datetime,
    delivered: Delivered,
    columns: Mapping[str, str],
    snapshot: str = "",
) -> None:
    """Write AWS's manifest: the newest beside the snapshots', which stay."""
    export, parquet = EXPORTS[source], delivered.files[0].suffix == ".parquet"
    payer = PAYERS[source].id
    manifest = {
        "executionId": _guid(source, month, at),
        "exportArn": f"arn:aws:bcm-data-exports:us-east-1:{payer}:export/{export}-"
        f"{_guid(source, 'export')}",
        "exportName": export,
        "account": payer,
        "table": "FOCUS_1_2_AWS",
        "billingPeriod": str(month),
        "createdAt": f"{at:%Y-%m-%dT%H:%M:%S}Z",
        "contentType": "PARQUET" if parquet else "TEXT_OR_CSV",
        "compression": "PARQUET" if parquet else "GZIP",
        "columns": [{"name": name, "type": kind} for name, kind in columns.items()],
        "dataFiles": [
            f"s3://{BUCKET}/{path.relative_to(root).as_posix()}" for path in delivered.files
        ],
    }
    below = root / source / export / "metadata" / f"BILLING_PERIOD={month}"
    for folder in filter(None, (below / snapshot if snapshot else None, below)):
        _write(folder / f"{export}-Manifest.json", manifest, at)


def azure_folder(root: Path, month: BillingMonth, at: datetime) -> Path:
    """Where Azure puts the files of one run."""
    period = f"{month.start:%Y%m%d}-{month.end:%Y%m%d}"
    run = _guid("azure", month, at)
    return root / "azure" / "exports" / EXPORTS["azure"] / period / f"{at:%Y%m%d%H%M}" / run


def azure_manifest(root: Path, month: BillingMonth, at: datetime, delivered: Delivered) -> None:
    """Write the manifest of one run."""
    payer = PAYERS["azure"].id
    scope = f"/providers/Microsoft.Billing/billingAccounts/{payer}"
    blobs = [
        {
            "blobName": path.relative_to(root / "azure").as_posix(),
            "byteCount": path.stat().st_size,
            "dataRowCount": rows,
        }
        for path, rows in zip(delivered.files, delivered.rows, strict=True)
    ]
    manifest = {
        "manifestVersion": "2024-04-01",
        "byteCount": sum(path.stat().st_size for path in delivered.files),
        "blobCount": len(blobs),
        "dataRowCount": sum(delivered.rows),
        "exportConfig": {
            "exportName": EXPORTS["azure"],
            "resourceId": f"{scope}/providers/Microsoft.CostManagement/exports/{EXPORTS['azure']}",
            "dataVersion": "1.2-preview",
            "apiVersion": "2023-07-01-preview",
            "type": "FocusCost",
            "timeFrame": "MonthToDate",
            "granularity": "Daily",
        },
        "deliveryConfig": {
            "partitionData": True,
            "dataOverwriteBehavior": "CreateNewReport",
            "fileFormat": "Csv",
            "compressionMode": "Gzip",
            "containerUri": "/subscriptions/3f6b1c02-7d8e-4a15-8c11-92f0a4b7d601/resourceGroups/"
            "rg-bills/providers/Microsoft.Storage/storageAccounts/samplebills",
            "rootFolderPath": "exports",
        },
        "runInfo": {
            "executionType": "Scheduled",
            "submittedTime": f"{at:%Y-%m-%dT%H:%M:%S}.1234567Z",
            "runId": _guid("azure", month, at),
            "startDate": f"{month.start:%Y-%m-%dT%H:%M:%S}",
            "endDate": f"{month.end:%Y-%m-%dT00:00:00}",
        },
        "blobs": blobs,
    }
    _write(delivered.files[0].parent / "manifest.json", manifest, at)


def gcp_folder(root: Path, month: BillingMonth) -> Path:
    """The place of Google's export of a month."""
    return root / "gcp" / str(month)


def stamp(path: Path, at: datetime) -> None:
    """Give a file the time of its delivery."""
    os.utime(path, (at.timestamp(), at.timestamp()))


def in_order(root: Path) -> list[Path]:
    """Every file below a folder, manifests last, as a provider delivers them."""
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return sorted(files, key=lambda path: path.name.lower().endswith("manifest.json"))


def _write(path: Path, content: dict[str, Any], at: datetime) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
    stamp(path, at)


def _guid(*names: object) -> str:
    text = "/".join(map(str, names))
    return str(uuid.UUID(bytes=hashlib.md5(text.encode(), usedforsecurity=False).digest()))
