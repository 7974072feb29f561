"""From the lake to a published version: missing marts are made, then one new version.

The command, the assets and a rebuild after an upgrade share this. Ingesting is not done here.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.lake import Lake, Version
from credits_pipeline.finops.marts.catalogue import marts
from credits_pipeline.finops.marts.making import Made, Rows, is_made, make
from credits_pipeline.finops.marts.mart import Mart
from credits_pipeline.finops.marts.opening import open_engine
from credits_pipeline.finops.marts.shelf import Shelf
from credits_pipeline.finops.publish.bill import Bill
from credits_pipeline.finops.publish.publishing import Publication, publish

#: Another process may be finishing a mart that no published version has yet.
_MARTS_STAY = timedelta(hours=6)
#: What was reported in a month can be looked up for more than a year.
_ROWS_STAY = timedelta(days=400)
_Say = Callable[[str], None]


@dataclass(frozen=True)
class Refreshed:
    """The result of a refresh.

    Attributes:
        publication: what is current now.
        made: what was made, for each source and month.
    """

    publication: Publication
    made: dict[tuple[str, str], Made]

    @property
    def holds(self) -> bool:
        """Whether every mart sums to its rows, and every month is published as in the lake."""
        return all(made.holds for made in self.made.values()) and not self.publication.waiting


class Refresher:
    """A lake, a depot and what is computed from them.

    Attributes:
        catalogue: the marts.
    """

    def __init__(self, lake: Lake, depot: Depot, tags: Sequence[str], memory: str = "1GB") -> None:
        """Name them.

        Args:
            lake: the typed rows.
            depot: where marts and published versions are stored.
            tags: the tag keys that are columns.
            memory: what an engine may use.
        """
        self.catalogue: tuple[Mart, ...] = marts(tags)
        self._lake = lake
        self._depot = depot
        self._shelf = Shelf(depot)
        self._memory = memory

    def make(self, version: Version, *, say: _Say = lambda _: None) -> Made:
        """The marts of one version of a month, computed if they are missing.

        Raises:
            EngineError: one can't be computed.
            BillError: the rows can't be read.
        """
        files = tuple(self._lake.parquet(version))
        rows = Rows(version.source, str(version.month), version.version, files)
        with (
            self._depot.scratch() as folder,
            open_engine(folder, memory=self._memory) as engine,
        ):
            return make(engine, self._shelf, self.catalogue, rows, say=say)

    def refresh(self, *, say: _Say = lambda _: None, now: datetime | None = None) -> Refreshed:
        """Make what is missing of every month, and publish.

        Raises:
            EngineError: a mart can't be computed.
            PublishError: nothing changed.
            BillError: the storage can't be used.
        """
        made = {}
        for version in self._counting():
            if not self._is_made(version):
                made[version.source, str(version.month)] = self.make(version, say=say)
        say("publishing")
        publication = publish(self._depot, self.bills, self.catalogue, memory=self._memory, now=now)
        self._tidy(publication, now or datetime.now(UTC))
        return Refreshed(publication, made)

    def bills(self) -> list[Bill]:
        """The bills in the lake."""
        return [bill_of(version) for version in self._counting()]

    def _counting(self) -> Iterator[Version]:
        for source in self._lake.sources():
            for month in self._lake.months(source):
                version = self._lake.current(source, month)
                if version is not None:
                    yield version

    def _is_made(self, version: Version) -> bool:
        rows = Rows(version.source, str(version.month), version.version, ())
        return is_made(self._shelf, self.catalogue, rows)

    def _tidy(self, publication: Publication, now: datetime) -> None:
        if not publication.is_new:
            return
        for bill in publication.bills:
            self._lake.prune(
                bill.source,
                BillingMonth.parse(bill.billing_month),
                older_than=_ROWS_STAY,
                now=now,
                keep=[bill.version],
            )
            for mart in self.catalogue:
                kept = self._shelf.current(mart.name, bill.source, bill.billing_month)
                if kept is not None and kept.of == bill.version:
                    self._shelf.drop_others(kept, before=now, older_than=_MARTS_STAY)


def bill_of(version: Version) -> Bill:
    """The description of a month's version."""
    return Bill(
        source=version.source,
        provider=version.provider,
        billing_month=str(version.month),
        version=version.version,
        manifest=version.identity,
        address=version.manifest,
        complete_through=version.complete_through,
        delivered_at=version.delivered_at.astimezone(UTC).isoformat(timespec="seconds"),
        created_at=version.created_at.astimezone(UTC).isoformat(timespec="seconds"),
        rows=version.rows,
        files=len(version.files),
        bytes=version.size,
        rounded_rows=version.rounded_rows,
        run_id=version.run_id,
    )
