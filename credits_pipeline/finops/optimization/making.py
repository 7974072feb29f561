"""Recommendations and realised savings, made from the newest table of resources and later bills."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.decisions.item import State
from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.optimization import usage
from credits_pipeline.finops.optimization.advising import add_plans, discount_of
from credits_pipeline.finops.optimization.finding import Found, find, merge
from credits_pipeline.finops.optimization.item import ITEMS, Item
from credits_pipeline.finops.optimization.judged import DONE
from credits_pipeline.finops.optimization.plans import HOURS, read_hours
from credits_pipeline.finops.optimization.prices import NONE, Prices
from credits_pipeline.finops.optimization.proving import REALISED, Realised, prove
from credits_pipeline.finops.optimization.thresholds import DEFAULTS, Thresholds
from credits_pipeline.finops.publish.bill import RECEIPTS, Bill
from credits_pipeline.finops.scans import table
from credits_pipeline.finops.scans.accounts import ScanError
from credits_pipeline.finops.scans.building import SHORT
from credits_pipeline.finops.scans.columns import EC2
from credits_pipeline.finops.scans.findings import Outside
from credits_pipeline.finops.scans.scanning import BUILT, FINDINGS, INVENTORY, PRICES
from credits_pipeline.finops.scans.shelf import Kept, ScanShelf

if TYPE_CHECKING:
    from credits_pipeline.finops.lake import Lake

RECOMMENDED, PROVEN, USED = "recommendations", "realised_savings", "use"


@dataclass(frozen=True)
class Maker:
    """Makes them.

    Attributes:
        depot: where everything is kept.
        bills: that are published.
        thresholds: the current ones.
    """

    depot: Depot
    bills: Sequence[Bill]
    thresholds: Thresholds = DEFAULTS

    @property
    def shelf(self) -> ScanShelf:
        """Where scans and their results are stored."""
        return ScanShelf(self.depot)

    def recommend(self, states: Mapping[str, State]) -> Kept:
        """The recommendations after the newest scan.

        Args:
            states: people's decisions about the previous ones.

        Raises:
            ScanError: nothing was scanned yet.
        """
        shelf = self.shelf
        resources = shelf.current(BUILT)
        if resources is None:
            raise ScanError(
                "There is no table of resources. What to do: run credits-pipeline scan first."
            )
        # The version whose day is in the table; a table of an older release uses the newest.
        told = resources.about.get("findings")
        outside = shelf.current(FINDINGS) if told is None else shelf.version(FINDINGS, told)
        found = find(
            shelf.rows(resources),
            resources.as_of,
            thresholds=self.thresholds,
            prices=_prices(shelf),
            outside=[Outside.read(row) for row in shelf.rows(outside)],
        )
        plans = self._plans(found, resources.as_of)
        before = [Item.read(row) for row in shelf.rows(shelf.current(RECOMMENDED))]
        parts = resources.about["parts"]
        items = merge(before, found, states, parts, resources.as_of)
        return shelf.keep(
            RECOMMENDED,
            ITEMS,
            (item.row() for item in items),
            resources.as_of,
            {**_about(found, resources, parts), "plans": plans},
        )

    def prove(self, states: Mapping[str, State], now: datetime | None = None) -> Kept:
        """What later bills show of everything that is done.

        Args:
            states: people's decisions.
            now: months that are not over by then are ignored.

        Raises:
            ScanError: nothing was recommended yet.
        """
        shelf, at = self.shelf, now or datetime.now(UTC)
        kept = shelf.current(RECOMMENDED)
        if kept is None:
            raise ScanError("Nothing was recommended yet. What to do: credits-pipeline scan.")
        items = [Item.read(row) for row in shelf.rows(kept)]
        done = [item for item in items if item.id in states and states[item.id].state == DONE]
        accounts, costs = self._later(done, states, at)
        found = prove(items, states, accounts, costs, self.thresholds)
        return shelf.keep(
            PROVEN,
            REALISED,
            (one.row() for one in found),
            at,
            {"recommendations": kept.version},
        )

    def use(self, lake: "Lake", at: datetime) -> Kept:
        """The hours of use that a Savings Plan could cover.

        Args:
            lake: the typed rows.
            at: the scan's as-of time.
        """
        files = usage.files_of(lake, self.bills, at)
        with self.depot.scratch() as folder:
            payers = usage.payers(files, folder)
            rows = usage.hours(files, folder)
            return self.shelf.keep(USED, HOURS, rows, at, {"payers": payers})

    def _plans(self, found: Found, at: datetime) -> list[dict[str, Any]]:
        shelf = self.shelf
        used, inventory = shelf.current(USED), shelf.current(INVENTORY)
        if used is None:
            return []
        machines = Counter(
            (row["region"], row["instance_type"])
            for row in shelf.rows(inventory)
            if row["kind"] == EC2 and row["state"] == "running"
        )
        discount = discount_of(shelf.rows(shelf.current(PRICES)), machines)
        hours = read_hours(shelf.rows(used))
        payers = used.about["payers"]
        return add_plans(found, hours, payers, discount, at, self.thresholds)

    def _later(
        self, done: list[Item], states: Mapping[str, State], at: datetime
    ) -> tuple[set[tuple[str, str]], dict[tuple[str, str], dict[str, Decimal]]]:
        """The whole months of the accounts of done items, and what their resources cost in them."""
        accounts: set[tuple[str, str]] = set()
        costs: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(dict)
        if not done:
            return accounts, costs
        first = min(states[item.id].at for item in done)
        for file, month in self._files(first, at):
            with self.depot.scratch() as folder, table.connected(folder) as connection:
                rows = f"read_parquet('{str(file).replace(chr(39), chr(39) * 2)}')"
                connection.execute("CREATE TABLE wanted (account VARCHAR, short VARCHAR)")
                connection.executemany(
                    "INSERT INTO wanted VALUES (?, ?)",
                    [(item.account, item.resource_id) for item in done],
                )
                there = connection.execute(
                    f"SELECT DISTINCT sub_account_id FROM {rows} WHERE sub_account_id IN "  # noqa: S608 - our own names
                    "(SELECT account FROM wanted)"
                ).fetchall()
                accounts |= {(account, month) for (account,) in there}
                short = SHORT.format(id="resource_id")
                for account, id_, cost in connection.execute(
                    f"SELECT sub_account_id, {short} AS short, sum(effective_cost) FROM {rows} "  # noqa: S608 - our own names
                    f"WHERE charge_category = 'Usage' AND (sub_account_id, {short}) IN "
                    "(SELECT (account, short) FROM wanted) GROUP BY ALL"
                ).fetchall():
                    known = costs[account, id_]
                    known[month] = known.get(month, Decimal(0)) + cost
        return accounts, costs

    def _files(self, first: datetime, at: datetime) -> Iterable[tuple[Path, str]]:
        from credits_pipeline.finops.marts.shelf import Shelf  # noqa: PLC0415 - loads DuckDB

        marts = Shelf(self.depot)
        for bill in self.bills:
            month = BillingMonth.parse(bill.billing_month)
            kept = marts.current("resource_costs", bill.source, bill.billing_month)
            if kept is None or month.start < first or month.end > at or bill.source == RECEIPTS:
                continue
            through = bill.complete_through
            if through is None or (month.end.date() - through).days <= 1:
                yield marts.file(kept), bill.billing_month


def _prices(shelf: ScanShelf) -> Prices:
    kept = shelf.current(PRICES)
    if kept is None:
        return NONE
    hourly = {
        (row["region"], row["instance_type"]): row["price"]
        for row in shelf.rows(kept)
        if row["price"] is not None
    }
    refused = [part["says"] for part in kept.about["parts"] if part["says"]]
    return Prices(hourly, refused[0] if refused else "")


def _about(found: Found, resources: Kept, parts: Any) -> dict[str, Any]:
    return {
        "resources": resources.version,
        "looked_at": dict(sorted(found.resources.items())),
        "no_evidence": found.no_evidence,
        "not_known": found.not_known(),
        "parts": parts,
    }


def realised_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Realised]]:
    """The rows of the mart, by item."""
    found: dict[str, list[Realised]] = defaultdict(list)
    for row in rows:
        one = Realised(**row)
        found[one.id].append(one)
    return found
