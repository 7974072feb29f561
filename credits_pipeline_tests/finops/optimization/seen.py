"""Resources as scans see them, handmade; facts that are not given are ordinary."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from credits_pipeline.finops.scans.billed import Line, spelled
from credits_pipeline.finops.scans.columns import (
    ADDRESS,
    BALANCER,
    DATABASE,
    EC2,
    FUNCTION,
    NAT,
    SERVICE,
    SNAPSHOT,
    VOLUME,
)
from credits_pipeline.finops.scans.inventory import row_of
from credits_pipeline.finops.scans.resources import Cost, Resource

AT = datetime(2026, 6, 1, 6, tzinfo=UTC)
#: None of these has anything wrong with it.
USUAL: Mapping[str, Mapping[str, Any]] = {
    EC2: {
        "state": "running", "instance_type": "m7g.xlarge", "architecture": "arm64",
        "platform": "linux", "current_generation": True, "vcpus": 4.0, "gpus": 0,
        "cpu_max_14d": 70.0, "network_mb_day_14d": 9000.0, "memory_max_14d": 70.0,
        "off_hours_share": 100.0, "cpu_max_off_hours_14d": 50.0, "hours_seen": 336,
        "hours_expected": 336,
    },
    VOLUME: {
        "state": "in-use", "volume_type": "gp3", "size_gb": 100.0, "iops": 3000, "attached": True,
        "attached_to": "i-1",
    },
    SNAPSHOT: {
        "state": "completed", "age_days": 10.0, "image_uses": 1, "source_volume_exists": True,
    },
    ADDRESS: {"state": "associated", "attached": True, "attached_to": "i-1"},
    BALANCER: {
        "state": "active", "targets": 2, "requests_7d": 1e6, "hours_seen": 336,
        "hours_expected": 336,
    },
    NAT: {"state": "available", "bytes_out_7d": 1e9, "hours_seen": 336, "hours_expected": 336},
    FUNCTION: {
        "memory_mb": 512.0, "runtime": "python3.12", "architecture": "arm64",
        "invocations_14d": 1000.0, "memory_max_14d": 75.0, "hours_seen": 336, "hours_expected": 336,
    },
    SERVICE: {
        "state": "ACTIVE", "launch_type": "FARGATE", "tasks": 2, "vcpus": 1.0, "memory_mb": 2048.0,
        "architecture": "arm64", "cpu_max_14d": 78.0, "memory_max_14d": 75.0, "hours_seen": 336,
        "hours_expected": 336,
    },
    DATABASE: {
        "state": "available", "instance_type": "db.r6g.large", "engine": "postgres",
        "cpu_max_14d": 60.0, "connections_max_7d": 20.0, "off_hours_share": 100.0,
        "cpu_max_off_hours_14d": 50.0, "hours_seen": 336, "hours_expected": 336,
    },
}  # fmt: skip


def resource(kind: str, *, id_: str = "r-1", cost: str | None = "100.00", **facts: Any) -> Resource:
    """A resource of a kind; None for unknown evidence.

    Args:
        kind: of the resource.
        id_: its id.
        cost: a month; None if no bill contains it.
        facts: that differ from the usual ones, and ``tags``, ``account``, ``name``.
    """
    own = {name: facts.pop(name) for name in ("tags", "account", "name", "region") if name in facts}
    known = {name: value for name, value in {**USUAL[kind], **facts}.items() if value is not None}
    missing = {name: "CloudWatch was throttled" for name, value in facts.items() if value is None}
    money = None if cost is None else Cost(Decimal(cost), Decimal(cost), "USD", "2026-05")
    return Resource(
        kind=kind,
        account=own.get("account", "111111111111"),
        region=own.get("region", "eu-central-1"),
        id=id_,
        name=own.get("name", id_),
        seen_at=AT,
        tags=own.get("tags", {"team": "core"}),
        facts=known,
        not_known=missing,
        cost=money,
    )


def row(one: Resource, *lines: Line) -> dict[str, Any]:
    """The resource in the table of resources, with its lines on the bill."""
    found = row_of(one)
    if not lines and one.cost is not None:
        lines = (line("hrs", one.cost.effective, one.cost.list),)
    return {**found, "cost_lines": spelled(lines)}


def line(
    unit: str,
    effective: str | Decimal,
    at_list: str | Decimal | None = None,
    *,
    covered: bool = False,
) -> Line:
    """A line of a resource on the bill."""
    listed = effective if at_list is None else at_list
    return Line(unit, covered, Decimal(effective), Decimal(listed))
