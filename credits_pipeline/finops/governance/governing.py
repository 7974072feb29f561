"""One evaluation from end to end: the table, the policies applied to it, the new state."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.governance.evaluating import Outcome, evaluate
from credits_pipeline.finops.governance.ledger import (
    GovernanceError,
    Ledger,
    Record,
    Tally,
    with_day,
)
from credits_pipeline.finops.governance.policy import Policy
from credits_pipeline.finops.governance.resources import Billed, rows, wanted, write_table
from credits_pipeline.finops.governance.violations import Violation, fold, found_by, key_of
from credits_pipeline.finops.marts.shelf import Shelf
from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.exactly import total
from credits_pipeline.finops.queries.sources import bills
from credits_pipeline.finops.scans.holding import HOLDS, holds
from credits_pipeline.finops.scans.inventory import UNKNOWN
from credits_pipeline.finops.scans.life import GONE, NOT_SEEN
from credits_pipeline.finops.scans.shelf import Kept, ScanShelf
from credits_pipeline.finops.settings import TagKey

_MART = "resource_costs"
#: Parts of a scan that provide the resources: all of it, otherwise the inventory.
_PARTS = ("resources", "inventory")
#: What was fixed longer ago than this is no longer shown.
_FIXED_STAY = timedelta(days=400)
_HOLD_HOURS = int(HOLDS.total_seconds() // 3600)


@dataclass(frozen=True)
class Table:
    """The table of resources for one evaluation.

    Attributes:
        file: Parquet.
        resources: its resources, in order.
        unseen: kind, account and region of what a scan could not read.
        missed: the same in sentences.
        scanned: the version of the scan; empty before the first, and if it is outdated.
        is_late: whether the scan is outdated: nothing that it saw is known any more.
    """

    file: Path
    resources: Sequence[Mapping[str, Any]]
    unseen: frozenset[tuple[str, str, str]] = frozenset()
    missed: tuple[str, ...] = ()
    scanned: str = ""
    is_late: bool = False

    def looked_at(self, one: Violation) -> bool:
        """Whether a missing resource would have been seen if it existed."""
        return not self.is_late and not (
            {(kind, one.account, region) for kind in (one.kind, "account")
             for region in (one.region, "")} & self.unseen
        )  # fmt: skip


@contextmanager
def table(
    depot: Depot, published: Published, tags: Sequence[TagKey], now: datetime | None = None
) -> Iterator[Table]:
    """The table of resources according to current bills and scans; removed after the block.

    A scan that is not from the day counts for nothing: what only it saw is not known, never clean.

    Args:
        depot: the wing's storage.
        published: the bills.
        tags: the tag keys that are columns.
        now: the moment; default: now.

    Raises:
        GovernanceError: a bill's resource costs do not exist.
    """
    shelf = Shelf(depot)
    billed = []
    for bill in wanted(bills(published)):
        kept = shelf.current(_MART, bill.source, bill.billing_month)
        if kept is None:
            raise GovernanceError(
                f"{bill.source} {bill.billing_month} has no costs of resources. What to do: run "
                "credits-pipeline ingest, which computes them."
            )
        billed.append(Billed(bill, shelf.file(kept)))
    scans = ScanShelf(depot)
    scan, late = _scan(scans), ""
    if scan is not None and not holds(scan.as_of, now or datetime.now(UTC)):
        late = (
            f"the scan is of {scan.as_of:%Y-%m-%d %H:%M} UTC, and is valid for {_HOLD_HOURS} "
            "hours: what it saw is no longer known. What to do: check why no newer one ran, then "
            "run credits-pipeline scan."
        )
        scan = None
    with depot.scratch() as folder:
        file = folder / "resources.parquet"
        work = folder / "work"
        work.mkdir()
        scanned = None if scan is None else scans.file(scan)
        write_table(file, work, billed=billed, scanned=scanned, tags=tags)
        unseen, missed = _unseen(scan)
        version = scan.version if scan else ""
        told = (late, *missed) if late else missed
        yield Table(file, rows(file, work), unseen, told, version, is_late=bool(late))


def _scan(scans: ScanShelf) -> Kept | None:
    found = (scans.current(part) for part in _PARTS)
    return next((scan for scan in found if scan is not None), None)


def _unseen(scan: Kept | None) -> tuple[frozenset[tuple[str, str, str]], tuple[str, ...]]:
    parts = [] if scan is None else scan.about.get("parts", [])
    unknown = [part for part in parts if part["state"] == UNKNOWN]
    return (
        frozenset((part["what"], part["account"], part["region"]) for part in unknown),
        tuple(
            f"{part['what']} of account {part['account']}"
            f"{' in ' + part['region'] if part['region'] else ''}: {part['says']}"
            if part["account"]
            else part["says"]
            for part in parts
            if part["says"]
        ),
    )


def run(
    depot: Depot,
    published: Published,
    policies: Sequence[Policy],
    tags: Sequence[TagKey],
    *,
    unreadable: Iterable[str] = (),
    digest: str = "",
    run_id: str = "",
    now: datetime | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[Record, list[Outcome]]:
    """Evaluate policies, and store the new state.

    Args:
        depot: the wing's storage.
        published: the bills.
        policies: those that are on.
        tags: the tag keys that are columns.
        unreadable: ids of policies that can't be used: their violations are not known.
        digest: of the decisions.
        run_id: of a run of Dagster.
        now: the moment; default: now.
        say: called with what is being done.

    Raises:
        GovernanceError: there is nothing to evaluate, or others keep writing meanwhile.
    """
    outcomes: list[Outcome] = []

    def make(before: Record | None, known: list[Violation]) -> tuple[Record, list[Violation]]:
        nonlocal outcomes
        at = now or datetime.now(UTC)
        with table(depot, published, tags, at) as made:
            say(f"asking {len(policies)} policies of {len(made.resources)} resources")
            outcomes = evaluate(policies, made.file)
            broken = {one.policy.id: len(one.broken) for one in outcomes}
            record = Record(
                version="",
                at=at.isoformat(timespec="seconds"),
                resources=len(made.resources),
                tallies={one.policy.id: _tally(one, made.resources) for one in outcomes},
                trend=with_day(before.trend if before else {}, f"{at:%Y-%m-%d}", broken),
                published=published.version,
                scanned=made.scanned,
                policies=digest,
                run_id=run_id,
                missed=made.missed,
            )
            return record, _after(known, outcomes, made, set(unreadable), at)

    record = Ledger(depot).change(make)
    return record, outcomes


def _after(
    before: Sequence[Violation],
    outcomes: Sequence[Outcome],
    made: Table,
    unreadable: set[str],
    at: datetime,
) -> list[Violation]:
    found = found_by(outcomes, made.resources, at)
    asked = {outcome.policy.id: outcome for outcome in outcomes}
    # A disabled or removed policy has no findings: they disappear, and come back with it.
    evaluated = [one for one in before if not one.origin and one.policy in asked]
    waiting = [
        replace(one, seen=GONE if one.is_fixed else NOT_SEEN)
        for one in before
        if not one.origin and one.policy in unreadable
    ]
    # Only another tool may change its own findings.
    others = [one for one in before if one.origin]
    there = {key_of(row): number for number, row in enumerate(made.resources, start=1)}

    def looked(one: Violation) -> bool:
        outcome = asked[one.policy]
        if outcome.error:
            return False
        number = there.get(one.key)
        return made.looked_at(one) if number is None else number not in outcome.not_known

    after = [*fold(evaluated, found, looked, at), *waiting, *others]
    return [one for one in after if not (one.is_fixed and at - one.last_seen > _FIXED_STAY)]


def _tally(outcome: Outcome, resources: Sequence[Mapping[str, Any]]) -> Tally:
    costs: dict[str, list[Decimal]] = {}
    for number in outcome.broken:
        row = resources[number - 1]
        if row["cost_month"] is not None:
            costs.setdefault(row["currency"] or "", []).append(row["cost_month"])
    return Tally(
        len(outcome.broken),
        outcome.clean,
        len(outcome.not_known),
        {currency: format(total(each), "f") for currency, each in sorted(costs.items())},
        outcome.error,
    )


def take_in(
    depot: Depot,
    found: Mapping[str, Violation],
    looked: Callable[[Violation], bool],
    origin: str,
    at: datetime,
) -> Record:
    """Import what another tool found, beside what policies found.

    Args:
        depot: the wing's storage.
        found: by id.
        looked: whether the tool checked a violation that it did not report.
        origin: the tool's name.
        at: when it ran.
    """

    def make(before: Record | None, known: list[Violation]) -> tuple[Record, list[Violation]]:
        theirs = [one for one in known if one.origin == origin]
        rest = [one for one in known if one.origin != origin]
        record = before or Record("", at.isoformat(timespec="seconds"), 0, {}, {})
        return replace(record, version=""), [*rest, *fold(theirs, found, looked, at)]

    return Ledger(depot).change(make)


def costs(resources: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Resources by account and id, for what another tool found."""
    return {
        (row["account"], id_): row
        for row in resources
        for id_ in (row["resource_id"], row["short"])
    }
