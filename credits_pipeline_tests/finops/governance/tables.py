"""Small tables of resources: what a scan saw of each, written as scans write it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from credits_pipeline.finops.governance.resources import write_table
from credits_pipeline.finops.scans.inventory import RESOURCES
from credits_pipeline.finops.scans.table import write
from credits_pipeline.finops.settings import TagKey

SEEN = datetime(2026, 11, 20, 6, tzinfo=UTC)
TAGS = (TagKey("team", ("team", "owner-team")), TagKey("environment", ("environment", "env")))


def resource(id_: str = "i-1", **special: Any) -> dict[str, Any]:
    """A row of the scans' table: an instance, by default."""
    return {
        "kind": "aws.ec2.instance",
        "provider": "aws",
        "account": "111111111111",
        "account_name": "platform-prod",
        "region": "eu-west-1",
        "resource_id": id_,
        "name": id_,
        "tags": {},
        "seen_at": SEEN,
        "not_known": {},
        **special,
    }


def scanned(folder: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """What a scan writes."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "scan.parquet"
    write(RESOURCES, rows, folder, file)
    return file


def table(folder: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """The table that policies query; its rows are numbered by resource id."""
    file, work = folder / "resources.parquet", folder / "work"
    work.mkdir(parents=True)
    write_table(file, work, billed=[], scanned=scanned(folder / "scan", rows), tags=TAGS)
    return file
