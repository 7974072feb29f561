"""What a source saw is valid for its day: what was not looked at today is not known."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.scans.columns import EC2
from credits_pipeline.finops.scans.findings import FINDINGS as OUTSIDE
from credits_pipeline.finops.scans.findings import HUB, Outside
from credits_pipeline.finops.scans.holding import holds
from credits_pipeline.finops.scans.inventory import RESOURCES, row_of
from credits_pipeline.finops.scans.resources import Resource
from credits_pipeline.finops.scans.scanning import FINDINGS, INVENTORY, UTILISED, Scan
from credits_pipeline.finops.scans.settings import Scanned
from credits_pipeline.finops.scans.utilisation import UTILISATION

TODAY = datetime(2026, 11, 27, 5, 15, tzinfo=UTC)
YESTERDAY = TODAY - timedelta(days=1)
KEYS = {"kind": EC2, "account": "1", "region": "eu-west-1", "resource_id": "i-1"}
MACHINE = Resource(
    kind=EC2, provider="aws", account="1", region="eu-west-1", id="i-1", name="one",
    seen_at=TODAY, facts={"state": "running"},
)  # fmt: skip
FINDING = Outside(
    HUB, "aws", "1", "eu-west-1", "i-of-a-finding", EC2, "advised_stop", "It is idle", "Stop it",
    Decimal("5.00"), "USD", "",
)  # fmt: skip


def built(folder: Path, utilised: datetime, found: datetime) -> tuple[dict[str, Any], list[Any]]:
    """The table's rows by id, and its parts, from today's inventory."""
    scan = Scan(Depot(str(folder)), Scanned(()))
    measured = {**KEYS, "facts": {"cpu_max_14d": 3.0, "hours_seen": 336.0}, "not_known": {}}
    shelf = scan.shelf
    shelf.keep(UTILISED, UTILISATION, [measured], utilised, {"parts": []})
    shelf.keep(FINDINGS, OUTSIDE, [FINDING.row()], found, {"parts": []})
    shelf.keep(INVENTORY, RESOURCES, [row_of(MACHINE)], TODAY, {"parts": []})
    kept = scan.resources((), TODAY)
    return {row["resource_id"]: row for row in shelf.rows(kept)}, kept.about["parts"]


@pytest.mark.parametrize("utilised", [YESTERDAY, TODAY, TODAY + timedelta(hours=3)])
@pytest.mark.parametrize("found", [YESTERDAY, TODAY])
def test_each_source_is_known_on_its_own_day_alone(
    utilised: datetime, found: datetime, tmp_path: Path
) -> None:
    rows, parts = built(tmp_path / "wing", utilised, found)
    late = {part["what"]: part for part in parts if part["state"] == "not known"}
    assert late.keys() == {
        name for name, at in (("utilisation", utilised), ("findings", found)) if at == YESTERDAY
    }
    machine = rows["i-1"]
    if utilised == YESTERDAY:
        assert machine["cpu_max_14d"] is None
        why = dict(machine["not_known"])["cpu_max_14d"]
        assert "utilisation was looked at on 2026-11-26 last, and not on 2026-11-27" in why
        assert "What to do" in why
    else:
        assert machine["cpu_max_14d"] == 3.0
    assert ("i-of-a-finding" in rows) == (found == TODAY)


@pytest.mark.parametrize(("hours", "known"), [(0, True), (24, True), (26, True), (26.1, False)])
def test_a_scan_is_valid_for_a_day_and_while_the_next_one_may_be_on_its_way(
    hours: float, known: bool
) -> None:
    assert holds(TODAY, TODAY + timedelta(hours=hours)) is known
