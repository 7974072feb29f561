"""One month of a source, taken in: what is delivered now becomes the version that counts."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from credits_pipeline.billing.month import BillingMonth
from credits_pipeline.finops.focus import FOCUS_COLUMNS, columns_of
from credits_pipeline.finops.ingest.check import Check, held
from credits_pipeline.finops.ingest.contract import Contract, Measured
from credits_pipeline.finops.ingest.engine import engine
from credits_pipeline.finops.ingest.fault import FileFault
from credits_pipeline.finops.ingest.limits import Limits
from credits_pipeline.finops.ingest.progress import Told
from credits_pipeline.finops.ingest.reading import Read, Reading
from credits_pipeline.finops.ingest.tags import DEFAULT_TAGS, TagSpec
from credits_pipeline.finops.lake import Lake, Version
from credits_pipeline.finops.lake.lake import version_name
from credits_pipeline.finops.manifests import Delivery, SourceSpec, current
from credits_pipeline.finops.objects import ChangedError, open_place

Outcome = Literal["published", "unchanged", "refused", "overtaken", "nothing"]
#: A delivery that is replaced while it is read is read again; one that never rests is left.
_TRIES = 3


@dataclass(frozen=True)
class Ingested:
    """What became of a month.

    Attributes:
        outcome: ``published`` a new version counts; ``unchanged`` the same delivery counts already;
            ``refused`` a blocking check did not hold; ``overtaken`` a newer delivery counts by now;
            ``nothing`` was delivered.
        version: the one that counts now, if any.
        checks: what was looked at, and whether it held.
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
        """Rows of the version that counts."""
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
) -> Ingested:
    """Take in what counts for a month now.

    Args:
        accept: names of checks that a person accepts as not held, this time.
        again: read the delivery even if it is the one that counts already.

    Raises:
        Trouble: the store, the delivery or the storage can't be used; ``passes`` says whether
            trying again may help.
    """
    began = time.monotonic()
    limits = limits or Limits()
    place = open_place(source.location)
    for attempt in range(_TRIES):
        delivery = current(source, month)
        counts = lake.current(source.name, month)
        if delivery is None:
            return Ingested("nothing", None, counts)
        if counts and not again and _is_same(counts, delivery, tags):
            return Ingested("unchanged", delivery, counts, _kept_checks(counts))
        newest = _newest(delivery, counts, accept)
        if newest.stops:
            return Ingested("refused", delivery, counts, (newest,))
        with lake.working() as folder:
            inbox, parts = folder / "inbox", folder / "parts"
            inbox.mkdir()
            parts.mkdir()
            try:
                with engine(folder, limits) as connection:
                    reading = Reading(connection, place, delivery, tags, limits, progress)
                    read = reading.read(inbox, parts)
                    contract = Contract(connection, read.paths, month, delivery.provider)
                    measured = contract.measure() if read.paths else Measured(0, 0, {})
                    found = contract.checks(measured) if read.paths else []
            except FileFault as fault:
                if _replaced(source, month, delivery) and attempt + 1 < _TRIES:
                    continue
                checks = _accepted([newest, fault.as_check()], accept)
                # A file that can't be read can't be accepted either.
                checks = (checks[0], fault.as_check())
                return Ingested("refused", delivery, counts, checks, time.monotonic() - began)
            except ChangedError:
                if attempt + 1 < _TRIES:
                    continue
                raise
            if _replaced(source, month, delivery):
                if attempt + 1 < _TRIES:
                    continue
                raise ChangedError(
                    f"the delivery of {source.name} for {month} was replaced {_TRIES} times while "
                    "it was read. What to do: nothing, the month is read again."
                )
            checks = _accepted(
                [
                    newest,
                    *_against_manifest(delivery, read),
                    *found,
                    _not_smaller(read, measured, counts),
                ],
                accept,
            )
            if any(check.stops for check in checks):
                return Ingested("refused", delivery, counts, checks, time.monotonic() - began)
            version = _version(delivery, read, measured, counts, tags, run_id, checks)
            outcome = lake.publish(
                parts, version, accept_older="delivery_is_newest" in accept or again
            )
            return Ingested(
                outcome,
                delivery,
                version if outcome == "published" else lake.current(source.name, month),
                checks,
                time.monotonic() - began,
            )
    raise AssertionError("every round returns, raises or goes on")  # pragma: no cover


def _is_same(counts: Version, delivery: Delivery, tags: Sequence[TagSpec]) -> bool:
    return counts.identity == delivery.identity and counts.tags == tuple(tag.name for tag in tags)


def _replaced(source: SourceSpec, month: BillingMonth, delivery: Delivery) -> bool:
    now = current(source, month)
    return now is None or now.identity != delivery.identity


def _kept_checks(version: Version) -> tuple[Check, ...]:
    return tuple(Check(**{**each, "cases": tuple(each["cases"])}) for each in version.checks)


def _accepted(checks: Sequence[Check], accept: Collection[str]) -> tuple[Check, ...]:
    return tuple(
        check.accepted() if check.stops and check.name in accept else check for check in checks
    )


def _newest(delivery: Delivery, counts: Version | None, accept: Collection[str]) -> Check:
    name = "delivery_is_newest"
    at = f"{delivery.delivered_at:%Y-%m-%d %H:%M:%S} UTC"
    if counts is None or delivery.delivered_at >= counts.delivered_at:
        return held(name, f"The delivery of {at} is the newest.", delivered_at=at)
    check = Check(
        name,
        passed=False,
        says=(
            f"{delivery.manifest} is of {at}, and the version that counts was delivered later, "
            f"{counts.delivered_at:%Y-%m-%d %H:%M:%S} UTC. The month keeps it. What to do: see why "
            "the bucket went back in time; ingest the month with this check accepted if it should."
        ),
        numbers={"delivered_at": at},
        passes=True,
    )
    return _accepted([check], accept)[0]


def _against_manifest(delivery: Delivery, read: Read) -> list[Check]:
    size = sum(file.size for file in read.files)
    stated = delivery.size
    files = f"{len(read.files):,} files of {size:,} bytes"
    checks = [
        held(
            "files_match_manifest",
            f"All {files} are there, whole.",
            files=len(read.files),
            bytes=size,
        )
    ]
    if stated is not None and stated != size:
        checks = [
            Check(
                "files_match_manifest",
                passed=False,
                says=f"{files} are there, and the manifest states {stated:,} bytes. The month "
                "keeps the version that it had. What to do: nothing if it is still being delivered; else "
                "have the provider deliver the month again.",
                numbers={"files": len(read.files), "bytes": size, "stated_bytes": stated},
                passes=True,
            )
        ]
    if delivery.rows is not None and delivery.rows != read.rows:
        checks.append(
            Check(
                "rows_match_manifest",
                passed=False,
                says=f"The files have {read.rows:,} rows, and the manifest states "
                f"{delivery.rows:,}. The month keeps the version that it had. What to do: have the "
                "provider deliver the month again.",
                numbers={"rows": read.rows, "stated_rows": delivery.rows},
            )
        )
    else:
        stated_rows = "as stated" if delivery.rows is not None else "; the manifest states none"
        checks.append(
            held("rows_match_manifest", f"{read.rows:,} rows {stated_rows}.", rows=read.rows)
        )
    found = set(columns_of(read.columns, delivery.provider))
    lacking = [
        column.name
        for column in FOCUS_COLUMNS.values()
        if column.level == "expected" and column.name not in found
    ]
    told = f"{len(read.columns)} columns, all that a bill needs"
    checks.append(
        Check(
            "columns_are_there",
            passed=not lacking,
            blocking=False,
            says=f"{told}, and not {', '.join(lacking)}: not known there."
            if lacking
            else f"{told}.",
            numbers={"columns": len(read.columns)},
        )
    )
    return checks


def _not_smaller(read: Read, measured: Measured, counts: Version | None) -> Check:
    """A month that lost rows may be right. One that lost all of them is not taken for one."""
    name = "not_smaller_than_before"
    if counts is None:
        if not measured.rows:
            return held(name, "The month has no rows.", blocking=False, rows=0)
        return held(
            name,
            f"{measured.rows:,} rows; there was no version before.",
            blocking=False,
            rows=measured.rows,
        )
    lost = [
        column
        for column in counts.columns
        if column.casefold() not in {each.casefold() for each in read.columns}
    ]
    numbers: dict[str, str | int] = {"rows": measured.rows, "rows_before": counts.rows}
    if measured.rows >= counts.rows and not lost:
        return Check(
            name,
            passed=True,
            says=f"{measured.rows:,} rows, {counts.rows:,} before.",
            blocking=False,
            numbers=numbers,
        )
    empty = not measured.rows
    billed = {currency: costs.get("BilledCost", "0") for currency, costs in measured.totals.items()}
    before = {currency: costs.get("BilledCost", "0") for currency, costs in counts.totals.items()}
    says = (
        f"{measured.rows:,} rows, {counts.rows:,} before; billed "
        f"{_told(billed)}, {_told(before)} before"
    )
    if lost:
        says += f"; no column {', '.join(lost[:8])} any more"
    return Check(
        name,
        passed=False,
        blocking=empty,
        says=f"{says}. "
        + (
            "The month keeps the version that it had. What to do: see why the delivery is empty; "
            "ingest the month with this check accepted if it should be."
            if empty
            else "The new delivery counts."
        ),
        numbers=numbers,
    )


def _told(amounts: dict[str, str]) -> str:
    return " and ".join(f"{amount} {currency}" for currency, amount in amounts.items()) or "nothing"


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
        complete_through=_complete_through(delivery, counts),
        checks=tuple(check.to_data() for check in checks),
    )


def _focus_version(headers: Sequence[str], provider: str) -> str:
    """The newest version that brought one of the columns."""
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
