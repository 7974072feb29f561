"""The credits that the first wing distributed, as a source: a receipt, and the rows it proves.

They count in *Net* only, so the source has a reserved name.
"""

from dataclasses import dataclass
from typing import Any

from credits_pipeline.core import settings
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.manifests.delivery import (
    DeliveredFile,
    Delivery,
    DeliveryError,
    SourceSpec,
    digest,
    identity_of,
)
from credits_pipeline.finops.manifests.manifest_json import count, moment, read_manifest, text
from credits_pipeline.finops.objects import MissingError, Place, open_place

RECEIPTS = "credits-receipts"
_FOLDER = "receipts/"
_ROWS = "cloudzero_drop"


@dataclass(frozen=True)
class Receipts:
    """The source that represents a storage of the first wing."""

    location: str
    name: str = RECEIPTS
    provider: str = "aws"
    export: str = ""


def own_receipts(storage: str | None = None) -> Receipts:
    """The receipts of this installation.

    Args:
        storage: of the first wing; default: ``CREDITS_STORAGE``.

    Raises:
        SettingError: the place can't be used.
    """
    return Receipts(storage or settings.storage_root())


def marks(_source: SourceSpec, place: Place) -> dict[BillingMonth, str]:
    """A mark for each month that changes when its receipt does."""
    found: dict[BillingMonth, str] = {}
    here = place.local(_FOLDER.rstrip("/"))
    if here is not None and not here.parent.is_dir():
        return found  # no credits were ever distributed from here
    for one in place.list(_FOLDER):
        month = one.key.removeprefix(_FOLDER).removesuffix(".json")
        try:
            found[BillingMonth.parse(month)] = digest([f"{one.key} {one.size} {one.etag}"])
        except ValueError:
            continue  # something else that is stored there
    return found


def receipt(source: SourceSpec, month: BillingMonth) -> dict[str, Any]:
    """What a month's receipt says; nothing if there is none."""
    try:
        found, _ = read_manifest(open_place(source.location), f"{_FOLDER}{month}.json")
    except MissingError:
        return {}
    return found


def current(source: SourceSpec, place: Place, month: BillingMonth) -> Delivery | None:
    """The rows that the month's receipt proves CloudZero to hold."""
    key = f"{_FOLDER}{month}.json"
    try:
        place.head(key)
    except MissingError:
        return None
    receipt, content = read_manifest(place, key)
    uri = place.uri(key)
    return Delivery(
        source=source.name,
        provider=source.provider,
        month=month,
        identity=identity_of(month, content),
        manifest=uri,
        files=(DeliveredFile("sent.parquet", _rows(place, month, text(receipt, "run_id", uri))),),
        delivered_at=moment(text(receipt, "ended_at", uri), uri),
        rows=count(receipt, "row_count", uri),
        form="credits",
    )


def _rows(place: Place, month: BillingMonth, run_id: str) -> str:
    """The rows of the receipt's run, or, if that sent none, of the run whose rows are current."""
    key = f"{_ROWS}/{month}/{run_id}/sent.parquet"
    try:
        return place.head(key).key
    except MissingError:
        pointer = f"current/{_ROWS}/{month}.json"
        try:
            entry, _ = read_manifest(place, pointer)
        except MissingError as error:
            raise DeliveryError(
                f"the rows of the receipt of {month} are no longer in {place.uri('')}. What to "
                "do: materialise the month's credits again."
            ) from error
        return f"{_ROWS}/{month}/{text(entry, 'run_id', place.uri(pointer))}/sent.parquet"
