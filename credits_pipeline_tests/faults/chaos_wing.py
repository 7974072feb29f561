"""Kills the second wing at random moments while it ingests, publishes and closes a month.

A worker ingests a new delivery, makes and publishes its marts, and closes the month. SIGKILL ends
it anywhere. Afterwards one whole delivery counts in each of the three places, and the next worker
completes the month.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import date
from decimal import Decimal
from pathlib import Path

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.chargeback.closing import ClosedMonths, close_month, reopen_month
from credits_pipeline.finops.chargeback.decided import Decided
from credits_pipeline.finops.chargeback.kept import KeptStatements
from credits_pipeline.finops.chargeback.stating import Books
from credits_pipeline.finops.decisions import Author, DecisionStore
from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.lake import open_lake
from credits_pipeline.finops.publish.published import open_current
from credits_pipeline.finops.publish.refreshing import Refresher
from credits_pipeline_tests.finops.bills import (
    MAY,
    Source,
    charge,
    csv_text,
    packed,
    rows_of,
    take_in,
    write_aws,
)

ROWS = 60
_MONTH = BillingMonth(2026, 5)
_WHO = Author("ann", "cli")
_MODEL = {"teams": {"to": "team", "rules": [{"by": "team"}]}}


def deliver(folder: Path, number: int) -> None:
    """A delivery whose rows all contain its number."""
    cost = {"BilledCost": str(number), "EffectiveCost": str(number)}
    rows = packed(csv_text([charge(**cost) for _ in range(ROWS)]))
    write_aws(folder / "bills", {"bills-00001.csv.gz": rows}, executionId=str(number))


def work(folder: Path) -> None:
    """Ingest the delivery, publish it, and close the month again."""
    root = str(folder / "wing")
    lake, depot = open_lake(root), Depot(root)
    take_in(Source("aws-bills", "aws", str(folder / "bills"), "bills"), lake)
    Refresher(lake, depot, ("team",), memory="300MB").refresh()
    published = open_current(root)
    assert published is not None
    with DecisionStore.open(f"sqlite:///{folder}/decisions.sqlite") as store:
        kept = KeptStatements(depot)
        found = store.closed_months.find(str(_MONTH), "teams")
        if found is not None and found.reopened_at is None:
            reopen_month(store, _MONTH, "teams", by=_WHO, why="a newer bill came")
        closed = ClosedMonths(store.closed_months.all(), kept)
        books = Books(published, Decided.read({"allocation_model": _MODEL}), closed)
        close_month(
            books, kept, store, _MONTH, books.decided.model("teams"), by=_WHO,
            today=date(2026, 9, 1),
        )  # fmt: skip


def of_lake(folder: Path) -> int:
    """The number of the delivery whose rows count."""
    lake = open_lake(str(folder / "wing"))
    version = lake.current("aws-bills", MAY)
    amounts = [row["BilledCost"] for row in rows_of(lake, version, "BilledCost, file, file_row")]
    assert len(amounts) == ROWS, len(amounts)
    assert len(set(amounts)) == 1, set(amounts)
    return int(amounts[0])


def of_published(folder: Path) -> int:
    """The number of the delivery on the pages; every mart shows the same."""
    published = open_current(folder / "wing")
    assert published is not None
    told = {
        tuple(published.rows(f"SELECT SUM(billed_cost), SUM(line_items) FROM {mart}")[0])
        for mart in ("spend_daily", "spend_monthly", "invoices")
    }
    ((cost, counted),) = told
    assert counted == ROWS
    return int(cost / ROWS)


def of_closing(folder: Path) -> int | None:
    """The number of the delivery in the closed month; None while it is open."""
    with DecisionStore.open(f"sqlite:///{folder}/decisions.sqlite") as store:
        found = store.closed_months.find(str(_MONTH), "teams")
        if found is None or found.reopened_at is not None:
            return None
        closed = ClosedMonths(store.closed_months.all(), KeptStatements(Depot(f"{folder}/wing")))
        statement = closed.statement(str(_MONTH), "teams")
        assert statement is not None
        assert statement.digest == found.totals_digest
        (section,) = statement.sections
        return int(Decimal(section.stated) / 100 / ROWS)


def run_wing(seed: int, count: int) -> tuple[list[str], str]:
    """Kill workers; returns the violations and figures."""
    chance, begun = random.Random(seed), time.monotonic()  # noqa: S311 - no secret
    violations: list[str] = []
    at = {"lake": 0, "published": 0, "closed": 0, "nothing": 0}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        deliver(folder, 1)
        before = time.monotonic()
        work(folder)
        usual = time.monotonic() - before
        last = (1, 1, 1)
        for number in range(2, count + 2):
            deliver(folder, number)
            with subprocess.Popen(
                [sys.executable, "-m", __name__, str(folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            ) as worker:
                assert worker.stdout is not None
                assert worker.stdout.readline() == "begin\n"
                time.sleep(chance.uniform(0, usual * 1.2))
                worker.kill()
            try:
                found = (of_lake(folder), of_published(folder), of_closing(folder))
            except AssertionError as error:
                violations.append(f"schedule {number} of seed {seed}: {error!r}")
                break
            if not all(one in (was, number, None) for one, was in zip(found, last, strict=True)):
                violations.append(f"schedule {number} of seed {seed}: {found}, before {last}")
            # Pages are never ahead of what was ingested, nor a statement ahead of the pages.
            if found[1] > found[0] or (found[2] or 0) > found[1]:
                violations.append(f"schedule {number} of seed {seed}: out of order, {found}")
            reached = [place for place, one in zip(at, found, strict=False) if one == number]
            at[reached[-1] if reached else "nothing"] += 1
            last = (found[0], found[1], found[2] or last[2])
        if not violations:
            work(folder)
            found = (of_lake(folder), of_published(folder), of_closing(folder))
            if found != (count + 1,) * 3:
                violations.append(f"seed {seed}: it does not complete, {found}")
            left = [path.name for path in (folder / "wing" / ".work").iterdir() if path.is_dir()]
            violations += [f"seed {seed}: {one} was left behind" for one in left]
    told = ", ".join(f"{counted} reached {place}" for place, counted in at.items())
    return violations, f"{count} kills, {told}, {time.monotonic() - begun:.0f} s"


if __name__ == "__main__":
    import credits_pipeline.finops.marts.duck  # noqa: F401 - loaded before it begins

    print("begin", flush=True)  # noqa: T201 - to whoever kills
    work(Path(sys.argv[1]))
