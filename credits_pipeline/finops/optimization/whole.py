"""A whole scan in one process: every part, then the recommendations; as a command does it."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.lake import open_lake
from credits_pipeline.finops.optimization import sizes
from credits_pipeline.finops.optimization.making import PROVEN, RECOMMENDED, USED, Maker
from credits_pipeline.finops.optimization.reading import read_states
from credits_pipeline.finops.optimization.thresholds import configured
from credits_pipeline.finops.publish.bill import Bill
from credits_pipeline.finops.publish.published import open_current
from credits_pipeline.finops.queries.sources import bills
from credits_pipeline.finops.scans.columns import EC2
from credits_pipeline.finops.scans.scanning import (
    BUILT,
    COMMITMENTS,
    FINDINGS,
    INVENTORY,
    PRICES,
    UTILISED,
    Scan,
)
from credits_pipeline.finops.scans.settings import scanned
from credits_pipeline.finops.scans.shelf import Kept
from credits_pipeline.finops.settings import storage_root


def scan_all(at: datetime, say: Callable[[str], None] = lambda _: None) -> dict[str, Kept]:
    """Scan, recommend and prove; returns the result of each part, in order.

    Args:
        at: the moment that the scan is about.
        say: called with what is being done.

    Raises:
        ScanError: nothing can be scanned at all.
        SettingError: a setting can't be used.
    """
    root, thresholds = storage_root(), configured()
    scan = Scan(Depot(root), scanned(), say=say)
    published = published_bills(root)
    kept: dict[str, Kept] = {}
    if scan.scanned.regions or not scan.scanned.files:
        # Without regions and files there is nothing to scan; the inventory says so.
        kept[INVENTORY] = scan.inventory(at)
        kept[UTILISED] = scan.utilisation()
        kept[PRICES] = scan.prices(machines(scan.shelf.rows(kept[INVENTORY])))
        kept[COMMITMENTS] = scan.commitments()
    kept[FINDINGS] = scan.findings(at)
    kept[BUILT] = scan.resources(published, at)
    say("rules")
    maker = Maker(scan.depot, published, thresholds)
    kept[USED] = maker.use(open_lake(root), kept[BUILT].as_of)
    states = read_states()
    kept[RECOMMENDED] = maker.recommend(states)
    kept[PROVEN] = maker.prove(states, at)
    return kept


def machines(rows: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """The regions and types whose prices a rule may need.

    Args:
        rows: of the inventory.
    """
    found = set()
    for row in rows:
        if row["kind"] == EC2 and row["state"] == "running":
            now = row["instance_type"]
            for kind in (now, sizes.successor(now), sizes.graviton(now)):
                if kind is not None:
                    found.add((row["region"], kind))
    return found


def published_bills(storage: str) -> tuple[Bill, ...]:
    """The bills that are published; none before the first.

    Args:
        storage: ``FINOPS_STORAGE``.
    """
    published = open_current(storage)
    return () if published is None else bills(published)
