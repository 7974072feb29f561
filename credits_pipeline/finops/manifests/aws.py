"""AWS Data Exports: ``EXPORT/metadata/BILLING_PERIOD=YYYY-MM/…Manifest.json`` names the data files.

In overwrite and in create-new mode, the newest manifest of a month counts, with the files that it
names, found by the part after ``EXPORT/`` of their address, whatever bucket a copy is in.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
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
from credits_pipeline.finops.manifests.manifest_json import items, read_manifest
from credits_pipeline.finops.objects import Listed, MissingError, Place

#: Stores have times in seconds, and a refresh's last file and manifest may have the same one.
_SAME_MOMENT = timedelta(seconds=2)
_AT_REST = timedelta(minutes=15)
_PARTITION = re.compile(r"(?i)billing_period=(?P<month>[0-9]{4}-[0-9]{2})")
#: The folder of one refresh in create-new: a time, then the execution's id.
_REFRESH = re.compile(
    r"(?P<time>[0-9]{4}-?[0-9]{2}-?[0-9]{2}T[0-9]{2}:?[0-9]{2}:?[0-9]{2})(?:\.[0-9]+)?Z?-"
)


def marks(source: SourceSpec, place: Place) -> dict[BillingMonth, str]:
    """A mark for each month that changes when its newest manifest does."""
    return {
        month: digest(f"{one.key} {one.size} {one.etag}" for one in manifests)
        for month, manifests in _manifests(source, place).items()
    }


def current(source: SourceSpec, place: Place, month: BillingMonth) -> Delivery | None:
    """The month according to its newest manifest."""
    found = _manifests(source, place).get(month)
    if not found:
        return None
    listed, manifest, content, at = _newest(place, found)
    uri = place.uri(listed.key)
    named = items(manifest, "dataFiles", uri)
    files = once(_files(source, place, month, named, listed), uri)
    return Delivery(
        source=source.name,
        provider=source.provider,
        month=month,
        identity=identity_of(month, content),
        manifest=uri,
        files=files,
        delivered_at=at,
        columns=_columns(manifest),
    )


def being_written(file: datetime, manifest: datetime, now: datetime | None = None) -> bool:
    """Whether a refresh is currently overwriting the manifest's refresh.

    The manifest is written last, so a newer file belongs to the next refresh. Copies of a bucket
    are made in any order: files that have not changed for a while are accepted as they are.
    """
    rested = (now or datetime.now(UTC)) - file
    return file > manifest + _SAME_MOMENT and rested < _AT_REST


def exports(place: Place) -> list[str]:
    """The names of the exports that deliver below a location."""
    return sorted(
        {
            match["export"]
            for one in place.list()
            if (match := re.search(r"(?:^|/)(?P<export>[^/]+)/metadata/", one.key))
        }
    )


def _manifests(source: SourceSpec, place: Place) -> dict[BillingMonth, list[Listed]]:
    export = _export(source, place)
    found: dict[BillingMonth, list[Listed]] = {}
    for one in place.list(f"{export}/metadata/"):
        parts = one.key.split("/")
        match = _PARTITION.fullmatch(parts[2]) if len(parts) > 3 else None  # noqa: PLR2004
        if match and parts[-1].casefold().endswith("manifest.json"):
            found.setdefault(BillingMonth.parse(match["month"]), []).append(one)
    return found


def _export(source: SourceSpec, place: Place) -> str:
    if source.export:
        return source.export
    names = exports(place)
    if len(names) == 1:
        return names[0]
    raise DeliveryError(
        f"source {source.name} names no export, and {place.uri('')} has "
        f"{', '.join(names) or 'none'}. What to do: add the source with --export and one of these."
    )


def _newest(place: Place, found: list[Listed]) -> tuple[Listed, dict[str, Any], bytes, datetime]:
    """The manifest that counts, with the time of its refresh.

    The one in the month's folder itself is rewritten at each refresh; those in subfolders are one
    per refresh. An export may have changed from one mode to the other.
    """
    own = [one for one in found if one.key.count("/") == 3]  # noqa: PLR2004 - EXPORT/metadata/PERIOD/
    snapshots = [one for one in found if one not in own]
    read = {one.key: read_manifest(place, one.key) for one in own}
    candidates = [(_refreshed(read[one.key][0]) or one.modified, 1, one) for one in own]
    candidates += [(_folder_time(one.key) or one.modified, 0, one) for one in snapshots]
    at, _, newest = max(candidates, key=lambda each: (each[0], each[1], each[2].key))
    manifest, content = read.get(newest.key) or read_manifest(place, newest.key)
    return newest, manifest, content, at


def _refreshed(manifest: dict[str, Any]) -> datetime | None:
    """The time in the folder of the data files, in create-new mode."""
    named = manifest.get("dataFiles")
    times = [
        at
        for file in (named if isinstance(named, list) else [])
        if isinstance(file, str) and (at := _folder_time(file))
    ]
    return max(times, default=None)


def _folder_time(key: str) -> datetime | None:
    for part in key.split("/")[:-1]:
        match = _REFRESH.match(part)
        if match:
            digits = re.sub(r"[-:]", "", match["time"])
            try:
                return datetime.strptime(digits, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
            except ValueError:
                continue
    return None


def _files(
    source: SourceSpec, place: Place, month: BillingMonth, named: list[Any], manifest: Listed
) -> Iterator[DeliveredFile]:
    uri = place.uri(manifest.key)
    export = _export(source, place)
    known: dict[str, str] | None = None
    for address in named:
        key = _key(address, export, uri)
        period = _PARTITION.fullmatch(key.split("/")[2])
        if period is None or period["month"] != str(month):
            raise DeliveryError(
                f"{uri} is for {month} and names {address!r} of another month. What to do: have "
                "the provider deliver the month again."
            )
        try:
            file = place.head(key)
            if place.local(key) is None and being_written(file.modified, manifest.modified):
                raise DeliveryError(
                    f"{place.uri(key)} is newer than {uri}: the next refresh is overwriting this "
                    "one. What to do: nothing, the month is read when its manifest arrives.",
                    passes=True,
                )
        except MissingError:
            # A copy may have the partition's name in another case.
            if known is None:
                known = {one.key.casefold(): one.key for one in place.list(f"{export}/data/")}
            key = known.get(key.casefold(), key)
        yield DeliveredFile(name=key.split("/", 3)[3], key=key)


def _key(address: Any, export: str, uri: str) -> str:
    """A file's key here, from its address there."""
    path = address.partition("://")[2] if isinstance(address, str) else ""
    _, found, rest = f"/{path}".rpartition(f"/{export}/data/")
    if not found or rest.count("/") < 1 or rest.endswith("/"):
        raise DeliveryError(
            f"{uri} names {str(address)[:200]!r}, which is not a file below {export}/data/. What "
            "to do: find out who writes to that bucket; nothing was read from there."
        )
    return f"{export}/data/{rest}"


def _columns(manifest: dict[str, Any]) -> tuple[str, ...]:
    columns = manifest.get("columns")
    if not isinstance(columns, list):
        return ()
    return tuple(
        one["name"] for one in columns if isinstance(one, dict) and isinstance(one.get("name"), str)
    )
