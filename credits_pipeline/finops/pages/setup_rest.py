"""What is read besides bills, on Setup: scans, policies, the ledger of credits; and its age."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import streamlit as st

from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.governance.ledger import Ledger
from credits_pipeline.finops.objects import ObjectsError
from credits_pipeline.finops.pages import figures
from credits_pipeline.finops.pages.credits_read import read_ledger
from credits_pipeline.finops.pages.dagster_link import run_link
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.pages.tables import Column, table
from credits_pipeline.finops.scans.scanning import BUILT
from credits_pipeline.finops.scans.shelf import ScanShelf

#: Each runs once a day: twice that is late.
_LATE = timedelta(days=2)


@dataclass(frozen=True)
class _Part:
    """One thing that is read daily.

    Attributes:
        name: for people.
        at: when it was read last; None for never.
        says: what was found, or how it begins.
        run: of Dagster; empty if there was none.
    """

    name: str
    at: datetime | None
    says: str
    run: str = ""


def draw(root: str) -> None:
    """Draw them, each with its age and what to do if it was never read."""
    try:
        depot = Depot(root)
        parts = [_scan(depot), _policies(depot), _ledger(root)]
    except ObjectsError as error:
        st.error(plain(error))
        return
    now = datetime.now(UTC)
    rows = [
        {
            "What": one.name,
            "State": _state(one.at, now),
            "Newest": "" if one.at is None else figures.moment(one.at),
            "Found": one.says,
            "Run": run_link(one.run) or None,
        }
        for one in parts
    ]
    st.subheader("Read daily, besides bills", anchor=False)
    table(
        rows,
        [
            Column("What"),
            Column("State"),
            Column("Newest"),
            Column("Found"),
            *([Column("Run", "link")] if any(row["Run"] for row in rows) else []),
        ],
        currency="",
        words="Scans, policies and the ledger of credits",
    )


def _state(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "never read"
    days = (now - at).days
    return f"⚠ {days} days behind" if now - at >= _LATE else "✓ up to date"


def _scan(depot: Depot) -> _Part:
    kept = ScanShelf(depot).current(BUILT)
    if kept is None:
        return _Part("Scan of what runs", None, "Run credits-pipeline scan.")
    missed = [part for part in kept.about["parts"] if part["state"] != "seen"]
    told = figures.count(kept.rows, "resource")
    if missed:
        told += f"; {figures.count(len(missed), 'part')} could not be seen: {missed[0]['says']}"
    return _Part("Scan of what runs", kept.as_of, told)


def _policies(depot: Depot) -> _Part:
    record = Ledger(depot).current()
    if record is None:
        return _Part("Policies", None, "Run credits-pipeline policies evaluate.")
    told = f"{figures.count(len(record.tallies), 'policy', 'policies')} over "
    told += figures.count(record.resources, "resource")
    return _Part("Policies", datetime.fromisoformat(record.at), told, record.run_id)


def _ledger(root: str) -> _Part:
    view = read_ledger(root)
    if view is None or view.as_of is None:
        return _Part("Ledger of AWS credits", None, "Set FINOPS_LEDGER to the payer's account.")
    at = datetime.combine(view.as_of, datetime.min.time(), UTC)
    return _Part(
        "Ledger of AWS credits", at, f"{figures.count(len(view.alive), 'credit')} with a balance"
    )
