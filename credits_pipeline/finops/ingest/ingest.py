"""Reads one month of a source: what is delivered now becomes the current version."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.focus import FOCUS_COLUMNS, columns_of
from credits_pipeline.finops.ingest.against import (
    accepted,
    against_manifest,
    is_newest,
    match_invoices,
    not_smaller,
)
from credits_pipeline.finops.ingest.check import Check
from credits_pipeline.finops.ingest.contract import Contract, Measured
from credits_pipeline.finops.ingest.engine import engine
from credits_pipeline.finops.ingest.fault import FileFault
from credits_pipeline.finops.ingest.limits import Limits
from credits_pipeline.finops.ingest.progress import Told
from credits_pipeline.finops.ingest.reading import Read, Reading
from credits_pipeline.finops.ingest.tags import DEFAULT_TAGS, TagSpec, tag_digest
from credits_pipeline.finops.invoices.stated import StatedInvoice
from credits_pipeline.finops.lake import Lake, Version
from credits_pipeline.finops.lake.lake import version_name
from credits_pipeline.finops.manifests import Delivery, SourceSpec, current
from credits_pipeline.finops.objects import ChangedError, open_place

Outcome = Literal["published", "unchanged", "refused", "overtaken", "nothing"]
#: A delivery that is replaced while it is read is read again; one that keeps changing is left.
_TRIES = 3
_PARTS = "parts"


@dataclass(frozen=True)
class Ingested:
    """The result for a month.

    Attributes:
        outcome: ``published`` a new version is current; ``unchanged`` the delivery is already
            current; ``refused`` a blocking check failed; ``overtaken`` a newer delivery is current
            by now; ``nothing`` was delivered.
        version: the current one, if any.
        checks: the checks, and whether they passed.
    """

    outcome: Outcome
    delivery: Delivery | None
    version: Version | None
    checks: tuple[Check, ...] = ()
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether no blocking check failed."""
        return not any(check.stops for check in self.checks)

    @property
    def rows(self) -> int:
        """Rows of the current version."""
        return self.version.rows if self.version else 0


def ingest_month(
    source: SourceSpec,
    month: BillingMonth,
    lake: Lake,
    *,
    tags: Sequence[TagSpec] = DEFAULT_TAGS,
    run_id: str = "",
    progress: Told | None = None,
    limits: Limits | None = None,
    accept: Collection[str] = (),
    again: bool = False,
    invoices: Sequence[StatedInvoice] = (),
) -> Ingested:
    """Read what counts for a month now.

    Args:
        source: whose month.
        month: the billing month.
        lake: where its versions are stored.
        tags: keys that become columns.
        run_id: of the run that does it, stored in the version.
        progress: called with files and bytes as they come.
        limits: how much work a delivery may cause.
        accept: names of failed checks that a person accepts, this time.
        again: read the delivery even if it is already current.
        invoices: of this month of this source, as a person has stated them.

    Raises:
        BillError: the store, the delivery or the storage can't be used; ``passes`` says whether
            a retry may help.
    """
    ingest = _Ingest(
        source, month, lake, tags, run_id, progress, limits or Limits(), frozenset(accept), again,
        invoices,
    )  # fmt: skip
    for _ in range(_TRIES - 1):
        try:
            return ingest.once()
        except ChangedError:
            continue
    return ingest.once()


@dataclass(frozen=True)
class _Ingest:
    source: SourceSpec
    month: BillingMonth
    lake: Lake
    tags: Sequence[TagSpec]
    run_id: str
    progress: Told | None
    limits: Limits
    accept: frozenset[str]
    again: bool
    invoices: Sequence[StatedInvoice]

    def once(self) -> Ingested:
        """Read what counts now.

        Raises:
            ChangedError: it was replaced meanwhile.
        """
        began = time.monotonic()
        delivery = current(self.source, self.month)
        counts = self.lake.current(self.source.name, self.month)
        if delivery is None:
            return Ingested("nothing", None, counts)
        if counts and not self.again and _is_same(counts, delivery, self.tags):
            return Ingested("unchanged", delivery, counts, _kept_checks(counts))
        newest = accepted([is_newest(delivery, counts)], self.accept)
        if newest[0].stops:
            return Ingested("refused", delivery, counts, newest)
        with self.lake.working() as folder:
            try:
                read, measured, found = self._read(delivery, folder)
            except FileFault as fault:
                self._still(delivery)
                checks = (*newest, fault.as_check())
                return Ingested("refused", delivery, counts, checks, time.monotonic() - began)
            self._still(delivery)
            checks = accepted(
                [
                    *newest,
                    *against_manifest(delivery, read),
                    *found,
                    not_smaller(read, measured, counts, delivery.rows),
                ],
                self.accept,
            )
            if any(check.stops for check in checks):
                return Ingested("refused", delivery, counts, checks, time.monotonic() - began)
            version = _version(delivery, read, measured, counts, self.tags, self.run_id, checks)
            older = "delivery_is_newest" in self.accept or self.again
            outcome = self.lake.publish(folder / _PARTS, version, accept_older=older)
        kept = version if outcome == "published" else self.lake.current(version.source, self.month)
        return Ingested(outcome, delivery, kept, checks, time.monotonic() - began)

    def _read(self, delivery: Delivery, folder: Path) -> tuple[Read, Measured, list[Check]]:
        inbox, parts = folder / "inbox", folder / _PARTS
        inbox.mkdir()
        parts.mkdir()
        place = open_place(self.source.location)
        with engine(folder, self.limits) as connection:
            reading = Reading(connection, place, delivery, self.tags, self.limits, self.progress)
            read = reading.read(inbox, parts)
            if not read.paths:
                return read, Measured(0, 0, {}), []
            contract = Contract(connection, read.paths, self.month, delivery.provider)
            measured = contract.measure()
            billed = contract.billed({one.invoice for one in self.invoices})
            checks = [*contract.checks(measured), match_invoices(self.invoices, billed)]
            return read, measured, checks

    def _still(self, delivery: Delivery) -> None:
        """What was read is useless if it was replaced meanwhile."""
        now = current(self.source, self.month)
        if now is None or now.identity != delivery.identity:
            raise ChangedError(
                f"{delivery.manifest} was rewritten while its files were read. What to do: "
                f"nothing, {self.source.name} {self.month} is read again."
            )


def _is_same(counts: Version, delivery: Delivery, tags: Sequence[TagSpec]) -> bool:
    return counts.identity == delivery.identity and counts.tag_digest == tag_digest(tags)


def _kept_checks(version: Version) -> tuple[Check, ...]:
    return tuple(Check(**{**each, "cases": tuple(each["cases"])}) for each in version.checks)


def _version(
    delivery: Delivery,
    read: Read,
    measured: Measured,
    counts: Version | None,
    tags: Sequence[TagSpec],
    run_id: str,
    checks: tuple[Check, ...],
) -> Version:
    now = datetime.now(UTC)
    return Version(
        source=delivery.source,
        provider=delivery.provider,
        month=delivery.month,
        version=version_name(delivery.identity, now),
        identity=delivery.identity,
        manifest=delivery.manifest,
        delivered_at=delivery.delivered_at,
        created_at=now,
        run_id=run_id,
        rows=measured.rows,
        rounded_rows=measured.rounded,
        size=sum(file.size for file in read.files),
        files=read.files,
        parts=read.parts,
        totals=measured.totals,
        columns=read.columns,
        focus_version=delivery.focus_version or _focus_version(read.columns, delivery.provider),
        tags=tuple(tag.name for tag in tags),
        tag_digest=tag_digest(tags),
        complete_through=_complete_through(delivery, counts),
        checks=tuple(check.to_data() for check in checks),
    )


def _focus_version(headers: Sequence[str], provider: str) -> str:
    """The newest version that introduced one of the columns."""
    return max(
        (FOCUS_COLUMNS[column].since for column in columns_of(headers, provider) if column),
        default="1.0",
    )


def _complete_through(delivery: Delivery, counts: Version | None) -> date | None:
    """The last day that two refreshes have passed; providers refresh at least daily."""
    if delivery.complete_through is not None:
        return delivery.complete_through
    passed = [delivery.delivered_at.astimezone(UTC).date() - timedelta(days=2)]
    if counts is not None and counts.delivered_at < delivery.delivered_at:
        passed.append(counts.delivered_at.astimezone(UTC).date() - timedelta(days=1))
    last = min(max(passed), delivery.month.end.date())
    return last if last >= delivery.month.start.date() else None
