"""Reads sample bills by their manifests, in plain Python, without the product's readers."""

import csv
import gzip
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from credits_pipeline.finops.samples import Written


def files(written: Written, source: str, month: str) -> list[Path]:
    """The files that the current manifest names."""
    root = written.folder / source
    match source:
        case "azure":
            period = month.replace("-", "")
            manifests = [
                (json.loads(path.read_text()), path)
                for path in root.glob(f"exports/*/{period}*/*/*/manifest.json")
            ]
            newest, _ = max(manifests, key=lambda found: found[0]["runInfo"]["submittedTime"])
            return [root / blob["blobName"] for blob in newest["blobs"]]
        case "gcp":
            return sorted((root / month).glob("*.parquet"))
        case _:
            (manifest,) = root.glob(f"*/metadata/BILLING_PERIOD={month}/*-Manifest.json")
            named = json.loads(manifest.read_text())["dataFiles"]
            return [written.folder / name.removeprefix("s3://sample-bills/") for name in named]


def rows(paths: list[Path]) -> Iterator[dict[str, Any]]:
    """The rows of files, each value as delivered."""
    for path in paths:
        if path.suffix == ".gz":
            with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
                yield from csv.DictReader(file)
        else:
            yield from pl.read_parquet(path).to_dicts()


def amount(value: Any) -> Decimal:
    """An amount, exactly as written; for a double, the shortest text that means it."""
    return Decimal(repr(value) if isinstance(value, float) else value)


def tags(value: Any) -> dict[str, str]:
    """Tags, however they are delivered."""
    if not value:
        return {}
    if isinstance(value, str):
        return dict(json.loads(value))
    if isinstance(value, dict):
        return value
    return {entry["key"]: entry["value"] for entry in value}
