"""Months without a provider's manifest: one file or one folder per month, listed.

A folder may say more: ``manifest.json`` names its files, or a marker ``_SUCCESS`` is written last.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.manifests.delivery import (
    DeliveredFile,
    Delivery,
    DeliveryError,
    SourceSpec,
    digest,
    identity_of,
    once,
)
from credits_pipeline.finops.manifests.manifest_json import count, items, read_manifest, text
from credits_pipeline.finops.objects import Listed, Place

_DATA = (".csv", ".csv.gz", ".parquet")
_MONTH_FILE = re.compile(r"(?P<month>[0-9]{4}-[0-9]{2})(?:\.csv|\.csv\.gz|\.parquet)")
_MONTH_FOLDER = re.compile(r"(?P<month>[0-9]{4}-[0-9]{2})")
_MANIFEST = "manifest.json"
_MARKER = "_SUCCESS"
#: One export of a table writes its files within this time. Older ones are left over from another.
_ONE_EXPORT = timedelta(hours=6)


def marks(_source: SourceSpec, place: Place) -> dict[BillingMonth, str]:
    """A mark for each month that changes when its files do."""
    return {
        month: digest(f"{one.key} {one.size} {one.etag}" for one in found)
        for month, found in _months(place).items()
    }


def current(source: SourceSpec, place: Place, month: BillingMonth) -> Delivery | None:
    """The month as its files are now."""
    found = _months(place).get(month)
    if not found:
        return None
    names = {one.key: one for one in found}
    manifest = names.get(f"{month}/{_MANIFEST}")
    if manifest is not None:
        return _stated(source, place, month, manifest)
    marker = names.get(f"{month}/{_MARKER}")
    files = [one for one in found if one.key.endswith(_DATA)]
    where = place.uri(str(month))
    _unmistakable(files, where)
    if not files:
        return None
    newest = max(one.modified for one in files)
    if marker is not None and marker.modified < newest:
        raise DeliveryError(
            f"{where} has files that are newer than its marker {_MARKER}. What to do: nothing if "
            "an export is being written; otherwise write the marker again after the last file.",
            passes=True,
        )
    if marker is None and source.provider == "gcp":
        _one_export(files, where)
    return Delivery(
        source=source.name,
        provider=source.provider,
        month=month,
        identity=digest(
            [str(month), *(f"{one.key} {one.size} {one.etag}" for one in (*files, marker) if one)]
        ),
        manifest=place.uri(marker.key) if marker else where,
        files=tuple(DeliveredFile(_short(one.key, month), one.key, one.size) for one in files),
        delivered_at=marker.modified if marker else newest,
    )


def _months(place: Place) -> dict[BillingMonth, list[Listed]]:
    found: dict[BillingMonth, list[Listed]] = {}
    for one in place.list():
        first, _, rest = one.key.partition("/")
        match = (_MONTH_FOLDER if rest else _MONTH_FILE).fullmatch(first)
        if match is None or "/" in rest:
            continue
        try:
            found.setdefault(BillingMonth.parse(match["month"]), []).append(one)
        except ValueError:
            continue  # 2026-13 is an ordinary name
    return found


def _unmistakable(files: list[Listed], where: str) -> None:
    """One month is one file or one folder: with both, its costs would count twice."""
    alone = [one.key for one in files if "/" not in one.key]
    if len(alone) > 1 or (alone and len(files) > 1):
        raise DeliveryError(
            f"{where} is there more than once ({', '.join(one.key for one in files[:5])}), and "
            "its costs would count twice. What to do: keep one file or one folder for the month."
        )


def _one_export(files: list[Listed], where: str) -> None:
    oldest = min(files, key=lambda one: one.modified)
    newest = max(files, key=lambda one: one.modified)
    if newest.modified - oldest.modified > _ONE_EXPORT:
        raise DeliveryError(
            f"{where} has files of {oldest.modified:%Y-%m-%d %H:%M} ({oldest.key}) and of "
            f"{newest.modified:%Y-%m-%d %H:%M} ({newest.key}): files of an earlier export may be "
            "left over, and would count twice. What to do: empty the folder before each export, "
            f"or write a marker {_MARKER} after it."
        )


def _stated(source: SourceSpec, place: Place, month: BillingMonth, listed: Listed) -> Delivery:
    manifest, content = read_manifest(place, listed.key)
    uri = place.uri(listed.key)
    through = manifest.get("complete_through")
    return Delivery(
        source=source.name,
        provider=source.provider,
        month=month,
        identity=identity_of(month, content),
        manifest=uri,
        files=once(_files(items(manifest, "files", uri), month, uri), uri),
        delivered_at=listed.modified,
        complete_through=_day(through, uri) if through else None,
        rows=count(manifest, "rows", uri),
        size=count(manifest, "bytes", uri),
    )


def _files(named: list[Any], month: BillingMonth, uri: str) -> Iterator[DeliveredFile]:
    for one in named:
        if not isinstance(one, dict):
            raise DeliveryError(f"{uri} has a file {str(one)[:80]!r} that is not an object.")
        name = text(one, "name", uri)
        checksum = one.get("sha256")
        yield DeliveredFile(
            name=name,
            key=f"{month}/{name}",
            size=count(one, "bytes", uri),
            rows=count(one, "rows", uri),
            checksum=f"sha256:{checksum}" if isinstance(checksum, str) else None,
        )


def _day(value: Any, uri: str) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise DeliveryError(
            f"{uri} has complete_through = {value!r}, which is not a day. What to do: write "
            "YYYY-MM-DD."
        ) from error


def _short(key: str, month: BillingMonth) -> str:
    return key.removeprefix(f"{month}/")
