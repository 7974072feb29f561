"""A source of bills: its place listed, its deliveries found, its newest month read."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from credits_pipeline.core.money import to_text
from credits_pipeline.core.wording import counted
from credits_pipeline.doctor.finding import Finding, note, ok, skipped, wrong
from credits_pipeline.finops.errors import BillError
from credits_pipeline.finops.sources import Provider, Source

if TYPE_CHECKING:
    from credits_pipeline.finops.manifests import Delivery

#: The most files to list, to show what is there.
_SHOWN = 1000
#: Providers deliver at least once a day; after this long something is stuck.
_STALE = timedelta(days=3)
#: A larger delivery is read only on request.
READ_AT_ONCE = 64_000_000
_AFTER = ("deliveries", "manifest", "files", "bill")
#: Where to look for a provider's files if there are none.
_ADVICE = {
    Provider.AWS: "The location is what precedes the export's name in the bucket, and "
    "--export that name: LOCATION/EXPORT/metadata/BILLING_PERIOD=… holds the manifests. A new "
    "export comes within a day.",
    Provider.AZURE: "The location is the container that the export FocusCost delivers to; its "
    "manifest.json files lie in it. Run the export once in Cost Management to have it now.",
    Provider.GCP: "The location is what precedes the folders of the months, such as "
    "2026-05/…parquet.",
    Provider.FOCUS: "The location is a folder with a file or a folder for each month, such as "
    "2026-05.csv.gz, 2026-05.parquet or 2026-05/.",
}


def source_found(source: Source, now: datetime, *, read: bool, whole: bool) -> Iterator[Finding]:
    """Whether a source can be read, line by line.

    Args:
        source: which one.
        now: the current time, to compute a delivery's age.
        read: take the newest month in, into a temporary folder.
        whole: read it however large it is.
    """
    from credits_pipeline.finops.manifests import current, months  # noqa: PLC0415 - heavy

    try:
        yield _listed(source)
    except BillError as error:
        yield wrong("location", error)
        yield from _not_looked(_AFTER, "the location can't be listed")
        return
    try:
        found = months(source)
        delivery = current(source, found[-1]) if found else None
    except BillError as error:
        yield wrong("deliveries", error)
        yield from _not_looked(_AFTER[1:], "the deliveries can't be read")
        return
    if delivery is None:
        yield wrong(
            "deliveries", f"there is no month at {source.location}.", _ADVICE[source.provider]
        )
        yield from _not_looked(_AFTER[1:], "there is no delivery")
        return
    yield ok(
        "deliveries",
        f"{len(found)} {'month' if len(found) == 1 else 'months'}, {found[0]} to {found[-1]}",
    )
    yield _manifest(delivery, now)
    files = _files(source, delivery)
    yield files
    if not read:
        return
    if files.to_do:
        yield from _not_looked(_AFTER[3:], "not every file is there")
    elif (delivery.size or 0) > READ_AT_ONCE and not whole:
        yield note(
            "bill",
            f"the files of {delivery.month} have {_size(delivery.size or 0)} and were not read.",
            "To read them anyway: --whole.",
        )
    else:
        yield from _bill(source, delivery)


def _listed(source: Source) -> Finding:
    from credits_pipeline.finops.objects import open_place  # noqa: PLC0415 - heavy

    files = sum(1 for _ in islice(open_place(source.location).list(), _SHOWN))
    if not files:
        raise BillError(f"{source.location} lists nothing. What to do: {_ADVICE[source.provider]}")
    least = "at least " if files == _SHOWN else ""
    return ok("location", f"{source.location} lists {least}{counted(files, 'file')}")


def _manifest(delivery: "Delivery", now: datetime) -> Finding:
    version = f"FOCUS {delivery.focus_version}, " if delivery.focus_version else ""
    says = (
        f"{delivery.manifest} names {_files_of(delivery)}, {version}delivered "
        f"{delivery.delivered_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    )
    age = now - delivery.delivered_at
    if age < _STALE:
        return ok("manifest", says)
    return note(
        "manifest",
        f"{says}: {age.days} days ago.",
        "Look at the export in the provider's console: it delivers at least once a day.",
    )


def _files(source: Source, delivery: "Delivery") -> Finding:
    """Whether each file is there, with the size that the manifest states."""
    from credits_pipeline.finops.objects import open_place  # noqa: PLC0415 - heavy

    place, size = open_place(source.location), 0
    try:
        for file in delivery.files:
            listed = place.head(file.key)
            size += listed.size
            if file.size is not None and file.size != listed.size:
                return wrong(
                    "files",
                    f"{place.uri(file.key)} has {listed.size:,} bytes, and the manifest states "
                    f"{file.size:,}.",
                    "Wait for the provider's next delivery, or have the month delivered again.",
                )
    except BillError as error:
        return wrong("files", error, "Have the provider deliver the month again.")
    rows = f", {delivery.rows:,} rows by the manifest" if delivery.rows is not None else ""
    return ok("files", f"{_files_of(delivery)}, {_size(size)}{rows}")


def _bill(source: Source, delivery: "Delivery") -> Iterator[Finding]:
    """What the newest month contains, read as a run reads it and then discarded."""
    from credits_pipeline.finops.ingest import ingest_month  # noqa: PLC0415 - heavy
    from credits_pipeline.finops.lake import open_lake  # noqa: PLC0415 - heavy
    from credits_pipeline.finops.settings import tag_keys  # noqa: PLC0415 - with the rest

    try:
        with TemporaryDirectory(prefix="source-test-") as folder:
            found = ingest_month(source, delivery.month, open_lake(folder), tags=tag_keys())
    except BillError as error:
        yield wrong("bill", error)
        return
    for check in found.checks:
        if not check.passed:
            told = "; ".join((check.says, *check.cases[:3]))
            yield (wrong if check.blocking else note)(f"bill, {check.name}", told)
    if found.version is None:
        return
    version = found.version
    billed = ", ".join(
        f"{to_text(Decimal(costs['BilledCost']).quantize(Decimal('0.01')))} {currency}"
        for currency, costs in sorted(version.totals.items())
    )
    through = f", complete to {version.complete_through}" if version.complete_through else ""
    yield ok(
        "bill",
        f"{delivery.month}: {version.rows:,} rows, FOCUS {version.focus_version or '?'}, billed "
        f"{billed}{through}; {sum(check.passed for check in found.checks)} checks hold",
    )


def _files_of(delivery: "Delivery") -> str:
    count = len(delivery.files)
    return f"{count} {'file' if count == 1 else 'files'} of {delivery.month}"


def _not_looked(names: tuple[str, ...], why: str) -> Iterator[Finding]:
    return (skipped(name, why) for name in names)


def _size(size: int) -> str:
    """Bytes, written for people."""
    shown, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB"):
        if shown < 1000:  # noqa: PLR2004 - of the metric system
            break
        shown, unit = shown / 1000, larger
    return f"{size} bytes" if unit == "bytes" else f"{shown:,.1f} {unit}"
