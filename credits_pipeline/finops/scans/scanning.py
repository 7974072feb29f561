"""A scan, part by part: each queries, stores what it saw, and says what it could not read.

The parts are stored separately, so one that fails leaves the others as they are. Each is about the
as-of time of the inventory.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.objects import open_place
from credits_pipeline.finops.scans import building, commitments, prices
from credits_pipeline.finops.scans.accounts import Accounts, ScanError
from credits_pipeline.finops.scans.asking import Requests
from credits_pipeline.finops.scans.findings import FINDINGS as OUTSIDE
from credits_pipeline.finops.scans.findings import Outside
from credits_pipeline.finops.scans.findings_aws import ask_findings
from credits_pipeline.finops.scans.findings_files import read_findings
from credits_pipeline.finops.scans.holding import is_of_day, not_today
from credits_pipeline.finops.scans.inventory import (
    RESOURCES,
    Part,
    look_at,
    parts_said,
    row_of,
)
from credits_pipeline.finops.scans.settings import Scanned
from credits_pipeline.finops.scans.shelf import Kept, ScanShelf
from credits_pipeline.finops.scans.table import write
from credits_pipeline.finops.scans.utilisation import UTILISATION, measure

if TYPE_CHECKING:
    from credits_pipeline.finops.publish.bill import Bill

INVENTORY, UTILISED, BUILT = "inventory", "utilisation", "resources"
COMMITMENTS, PRICES, FINDINGS = "commitments", "prices", "findings"
_Say = Callable[[str], None]


@dataclass
class Scan:
    """One scan.

    Attributes:
        depot: where the results are stored.
        scanned: what to scan.
        attempts: of each request.
        say: called with what is being read.
    """

    depot: Depot
    scanned: Scanned
    attempts: int = 5
    say: _Say = lambda _: None

    @property
    def shelf(self) -> ScanShelf:
        """Where its parts are stored."""
        return ScanShelf(self.depot)

    def inventory(self, at: datetime) -> Kept:
        """Every resource of every account and region.

        Raises:
            ScanError: nothing can be scanned at all.
        """
        if not self.scanned.regions:
            raise ScanError(
                "No region is scanned. What to do: name them in FINOPS_SCAN_REGIONS, such as "
                "eu-central-1,us-east-1."
            )
        accounts, parts = self._accounts(), list[Part]()
        rows = map(row_of, look_at(accounts, self.scanned.regions, at, parts, self.say))
        return self._keep(INVENTORY, RESOURCES, rows, at, accounts.requests, parts)

    def utilisation(self) -> Kept:
        """The metrics of every metered resource of the inventory.

        Raises:
            ScanError: there is no inventory.
        """
        inventory = self.current(INVENTORY)
        accounts, parts = self._accounts(), list[Part]()
        rows = measure(accounts, self.shelf.rows(inventory), inventory.as_of, parts, self.say)
        return self._keep(UTILISED, UTILISATION, rows, inventory.as_of, accounts.requests, parts)

    def prices(self, wanted: Iterable[tuple[str, str]]) -> Kept:
        """List prices of machines.

        Args:
            wanted: regions and types.
        """
        inventory = self.current(INVENTORY)
        accounts, parts = self._accounts(), list[Part]()
        rows = prices.ask_prices(accounts, wanted, parts)
        return self._keep(PRICES, prices.PRICES, rows, inventory.as_of, accounts.requests, parts)

    def commitments(self) -> Kept:
        """Savings Plans and reservations that are owned."""
        inventory = self.current(INVENTORY)
        accounts, parts = self._accounts(), list[Part]()
        rows = commitments.ask_commitments(accounts, self.scanned.regions, parts)
        table = commitments.COMMITMENTS
        return self._keep(COMMITMENTS, table, rows, inventory.as_of, accounts.requests, parts)

    def findings(self, at: datetime) -> Kept:
        """Findings of the clouds themselves: from files first, then AWS's from its APIs."""
        accounts, parts = self._accounts(), list[Part]()

        def found() -> Iterator[Outside]:
            origins = set()
            if self.scanned.files:
                for one in read_findings(open_place(self.scanned.files), parts):
                    origins.add(one.origin)
                    yield one
            if self.scanned.regions and self.scanned.aws_findings:
                asked = ask_findings(accounts, self.scanned.regions, parts)
                yield from (one for one in asked if one.origin not in origins)

        rows = (one.row() for one in found())
        return self._keep(FINDINGS, OUTSIDE, rows, at, accounts.requests, parts)

    def resources(self, bills: Iterable["Bill"], at: datetime) -> Kept:
        """The table of resources.

        Args:
            bills: that are published.
            at: the scan's as-of time, if no cloud was asked.
        """
        from credits_pipeline.finops.marts.shelf import Shelf  # noqa: PLC0415 - loads DuckDB

        shelf = self.shelf
        inventory = shelf.current(INVENTORY)
        at = at if inventory is None else inventory.as_of
        before = self._before(at)
        utilised, told = self._of_day(UTILISED, at), self._of_day(FINDINGS, at)
        late = [
            not_today(one.part, one.as_of, at)
            for name, today in ((UTILISED, utilised), (FINDINGS, told))
            if today is None and (one := shelf.current(name)) is not None
        ]
        with self.depot.scratch() as folder:
            alone = folder / "alone.parquet"
            found = (Outside.read(row) for row in shelf.rows(told))
            write(RESOURCES, (row_of(one.alone(at)) for one in found), folder, alone)
            rows = building.build(
                None if inventory is None else shelf.file(inventory),
                alone,
                None if utilised is None else shelf.file(utilised),
                None if before is None else shelf.file(before),
                building.bill_files(bills, Shelf(self.depot), at),
                folder,
                next((part.says for part in late if part.what == UTILISED), ""),
            )
            about = {
                "inventory": "" if inventory is None else inventory.version,
                "utilisation": "" if utilised is None else utilised.version,
                "before": "" if before is None else before.version,
                "findings": "" if told is None else told.version,
                "parts": [*self._all_parts((inventory, utilised, told)), *parts_said(late)],
            }
            return shelf.keep(BUILT, building.BUILT, rows, at, about)

    def current(self, part: str) -> Kept:
        """The current version of a part.

        Raises:
            ScanError: there is none yet.
        """
        found = self.shelf.current(part)
        if found is None:
            raise ScanError(
                f"Nothing has been scanned yet: there is no {part}. What to do: credits-pipeline "
                "scan."
            )
        return found

    def _of_day(self, part: str, at: datetime) -> Kept | None:
        """What a source saw on the day of a scan; None if it was not read."""
        found = self.shelf.current(part)
        return found if found is not None and is_of_day(found.as_of, at) else None

    def _before(self, at: datetime) -> Kept | None:
        """The table of the previous scan; a repeated scan does not precede itself."""
        found = self.shelf.current(BUILT)
        while found is not None and found.as_of >= at:
            earlier = found.about.get("before")
            found = self.shelf.version(BUILT, earlier) if earlier else None
        return found

    def _accounts(self) -> Accounts:
        return Accounts(self.scanned, Requests(), self.attempts)

    def _keep(
        self,
        part: str,
        table: Any,
        rows: Iterable[Mapping[str, Any]],
        at: datetime,
        requests: Requests,
        parts: list[Part],
    ) -> Kept:
        def about() -> dict[str, Any]:
            return {
                "parts": parts_said(parts),
                "requests": dict(sorted(requests.by_operation.items())),
                "metrics": requests.metrics,
            }

        return self.shelf.keep(part, table, rows, at, about)

    @staticmethod
    def _all_parts(kept: Iterable[Kept | None]) -> list[dict[str, Any]]:
        return [part for one in kept if one is not None for part in one.about["parts"]]
