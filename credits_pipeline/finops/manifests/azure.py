"""Azure Cost Management: ``manifest.json`` beside the files of each run says what the run wrote.

Paths are not relied on. A run is about a scope, a data set and a month; the run that was submitted
last counts, whichever way the export overwrites.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.manifests.delivery import (
    DeliveredFile,
    Delivery,
    DeliveryError,
    SourceSpec,
    digest,
    once,
)
from credits_pipeline.finops.manifests.manifest_json import (
    child,
    count,
    items,
    moment,
    read_manifest,
    text,
)
from credits_pipeline.finops.objects import Listed, Place

_DATA_SET = "focuscost"
#: The folder in which exports name the days of a run.
_RANGE = re.compile(r"(?:^|/)(?P<year>[0-9]{4})(?P<month>[0-9]{2})[0-9]{2}-[0-9]{8}/")


@dataclass(frozen=True)
class _Run:
    listed: Listed
    uri: str
    scope: str
    export: str
    data_set: str
    month: BillingMonth
    submitted: datetime
    version: str
    text: str
    files: tuple[DeliveredFile, ...]
    rows: int | None
    size: int | None


def marks(_source: SourceSpec, place: Place) -> dict[BillingMonth, str]:
    """A mark for each month that changes when it has another newest run."""
    months: dict[BillingMonth, list[str]] = {}
    for listed in _listed(place):
        match = _RANGE.search(listed.key)
        month = (
            BillingMonth(int(match["year"]), int(match["month"]))
            if match and 1 <= int(match["month"]) <= 12  # noqa: PLR2004 - the calendar
            else _run(place, listed).month
        )
        months.setdefault(month, []).append(f"{listed.key} {listed.size} {listed.etag}")
    return {month: digest(lines) for month, lines in months.items()}


def current(source: SourceSpec, place: Place, month: BillingMonth) -> Delivery | None:
    """The month according to its newest run."""
    runs = [
        run
        for listed in _listed(place)
        if _may_be_of(listed, month)
        for run in [_run(place, listed)]
        if run.month == month and _asked_for(run, source)
    ]
    if not runs:
        return None
    costs = [run for run in runs if run.data_set == _DATA_SET]
    if not costs:
        raise DeliveryError(
            f"{place.uri('')} has exports of {', '.join(sorted({run.data_set for run in runs}))} "
            f"for {month} but none of FocusCost. What to do: create an export of the type "
            "'Cost and usage details (FOCUS)' in Cost Management."
        )
    scopes = sorted({run.scope for run in costs})
    if len(scopes) > 1:
        raise DeliveryError(
            f"{place.uri('')} has exports of {len(scopes)} scopes for {month} "
            f"({', '.join(scopes)}), and one may contain the other's costs. What to do: add one "
            "source for each, with --export and the export's name or its scope."
        )
    newest = max(costs, key=lambda run: (run.submitted, run.listed.key))
    return Delivery(
        source=source.name,
        provider=source.provider,
        month=month,
        identity=digest([str(month), newest.text]),
        manifest=newest.uri,
        files=tuple(_within(source, file, newest.uri) for file in newest.files),
        delivered_at=newest.submitted,
        focus_version=newest.version,
        rows=newest.rows,
        size=newest.size,
    )


def _listed(place: Place) -> Iterator[Listed]:
    return (one for one in place.list() if one.key.rpartition("/")[2].casefold() == "manifest.json")


def _may_be_of(listed: Listed, month: BillingMonth) -> bool:
    match = _RANGE.search(listed.key)
    return match is None or f"{match['year']}-{match['month']}" == str(month)


def _asked_for(run: _Run, source: SourceSpec) -> bool:
    wanted = (source.export or "").strip("/").casefold()
    return not wanted or wanted in (run.export.casefold(), run.scope)


def _run(place: Place, listed: Listed) -> _Run:
    return _kept(_Reading(place, listed))


class _Reading:
    """A manifest to be read, equal to another of the same content: a daemon reads each once."""

    def __init__(self, place: Place, listed: Listed) -> None:
        self.place = place
        self.listed = listed
        self.what = (place.uri(listed.key), listed.size, listed.etag)

    def __hash__(self) -> int:
        return hash(self.what)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Reading) and self.what == other.what


@lru_cache(maxsize=4096)
def _kept(reading: _Reading) -> _Run:
    place, listed = reading.place, reading.listed
    manifest, content = read_manifest(place, listed.key)
    uri = place.uri(listed.key)
    config, info = child(manifest, "exportConfig", uri), child(manifest, "runInfo", uri)
    files = once(_files(items(manifest, "blobs", uri), uri), uri)
    stated = count(manifest, "blobCount", uri)
    if stated is not None and stated != len(files):
        raise DeliveryError(
            f"{uri} states {stated} blobs and names {len(files)}. What to do: have Cost Management "
            "run the export again."
        )
    return _Run(
        listed=listed,
        uri=uri,
        scope=_scope(config),
        export=str(config.get("exportName") or ""),
        data_set=text(config, "type", uri).casefold(),
        month=_month(info, uri),
        submitted=moment(text(info, "submittedTime", uri), uri),
        version=str(config.get("dataVersion") or ""),
        text=content.decode("utf-8", "surrogateescape"),
        files=files,
        rows=count(manifest, "dataRowCount", uri),
        size=count(manifest, "byteCount", uri),
    )


def _scope(config: dict[str, Any]) -> str:
    """The scope at the start of an export's id, in lower case, because Azure's ids ignore case."""
    whole = str(config.get("resourceId") or config.get("exportName") or "").casefold()
    return whole.partition("/providers/microsoft.costmanagement/")[0].strip("/")


def _month(info: dict[str, Any], uri: str) -> BillingMonth:
    start = moment(text(info, "startDate", uri), uri)
    month = BillingMonth.at(start)
    end = info.get("endDate")
    if isinstance(end, str) and end:
        last = moment(end, uri)
        if BillingMonth.at(last) != month and last != month.shift(1).start:
            raise DeliveryError(
                f"{uri} is a run from {start:%Y-%m-%d} to {last:%Y-%m-%d}, over more than one "
                "month. What to do: export month by month."
            )
    return month


def _files(blobs: list[Any], uri: str) -> Iterator[DeliveredFile]:
    for blob in blobs:
        if not isinstance(blob, dict):
            raise DeliveryError(f"{uri} has a blob {str(blob)[:80]!r} that is not an object.")
        name = text(blob, "blobName", uri)
        yield DeliveredFile(
            name=name,
            key=name,
            size=count(blob, "byteCount", uri),
            rows=count(blob, "dataRowCount", uri),
        )


def _within(source: SourceSpec, file: DeliveredFile, uri: str) -> DeliveredFile:
    """``blobName`` is relative to the container: a location below it removes its own part."""
    scheme, separator, rest = source.location.partition("://")
    prefix = rest.partition("/")[2].strip("/") if separator and scheme != "file" else ""
    key = file.key
    if prefix:
        if not key.startswith(f"{prefix}/"):
            raise DeliveryError(
                f"{uri} names {key!r}, which is not below {source.location}. What to do: give the "
                "container as the source's location."
            )
        key = key.removeprefix(f"{prefix}/")
    return DeliveredFile(key.rpartition("/")[2], key, file.size, file.rows, file.checksum)
