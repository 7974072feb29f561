"""Months of sources in a folder or bucket: a version is written whole, then the pointer moves.

``focus_costs/source=NAME/billing_month=YYYY-MM/VERSION/part-N.parquet`` and ``version.json``, and
``CURRENT.json`` beside the versions. A killed process leaves the version that counted before.
"""

import json
import os
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.errors import BillError
from credits_pipeline.finops.lake.version import Version
from credits_pipeline.finops.lake.work import move_folder, working_folder
from credits_pipeline.finops.objects import MissingError, Place, open_place

TABLE = "focus_costs"
_POINTER = "CURRENT.json"
_VERSION = "version.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_VERSION_NAME = re.compile(r"[0-9]{8}T[0-9]{6,12}Z-[0-9a-f]{12}")
_LIMIT = 64 << 20
_TRIES = 50


class LakeError(BillError):
    """The storage has content that this module did not write, or can't be written."""


def open_lake(root: str, cache: Path | None = None) -> "Lake":
    """The lake below a folder, or below ``s3://…``, ``az://…``, ``gs://…``.

    Args:
        root: ``FINOPS_STORAGE``.
        cache: where parts of a lake in a cloud are cached for reading; a folder of this user's.
    """
    return Lake(open_place(root), root, cache)


class Lake:
    """Versions of months, and which of them count."""

    def __init__(self, place: Place, root: str, cache: Path | None) -> None:
        self._place = place
        self._root = root
        here = place.local(TABLE)
        self._local = here.parent if here else None
        self._cache = cache or _user_cache()

    def sources(self) -> list[str]:
        """The sources that have a month here."""
        return sorted({source for source, _ in self._pointers()})

    def months(self, source: str) -> list[BillingMonth]:
        """A source's months, oldest first."""
        return sorted(month for name, month in self._pointers() if name == source)

    def current(self, source: str, month: BillingMonth) -> Version | None:
        """The version that counts, or None before the first."""
        name = self._pointed(source, month)
        return None if name is None else self._read(source, month, name)

    def versions(self, source: str, month: BillingMonth) -> list[Version]:
        """All versions that are still there, oldest first."""
        names = sorted(self._names(source, month))
        return [self._read(source, month, name) for name in names]

    def parquet(self, version: Version) -> list[Path]:
        """The parts of a version as paths on this machine."""
        folder = f"{_folder(version.source, version.month)}/{version.version}"
        paths = []
        for part in version.parts:
            key = f"{folder}/{part.name}"
            here = self._place.local(key)
            paths.append(here if here is not None else self._cached(key, part.size))
        return paths

    @contextmanager
    def working(self) -> Iterator[Path]:
        """An empty folder for one ingest, on the lake's own disk; gone afterwards."""
        with working_folder((self._local or self._cache) / ".work") as folder:
            yield folder

    def publish(
        self, folder: Path, version: Version, *, accept_older: bool = False
    ) -> Literal["published", "overtaken"]:
        """Add a version, and make it current unless a newer delivery is current by now.

        Args:
            folder: has the parts and nothing else; it is moved.
            version: says what they are.
            accept_older: make it current even if the current version was delivered later.
        """
        self._install(folder, version)
        pointer = f"{_folder(version.source, version.month)}/{_POINTER}"
        for _ in range(_TRIES):
            try:
                etag: str | None = self._place.head(pointer).etag
            except MissingError:
                etag = None
            counts = self.current(version.source, version.month) if etag is not None else None
            if counts and not accept_older and counts.delivered_at > version.delivered_at:
                return "overtaken"
            content = json.dumps({"version": version.version}).encode()
            if self._place.swap(pointer, content, etag):
                return "published"
        raise LakeError(
            f"{self._place.uri(pointer)} was rewritten {_TRIES} times by other processes. What to "
            "do: nothing, the month is tried again.",
            passes=True,
        )

    def point(self, source: str, month: BillingMonth, version: str) -> None:
        """Make an earlier version current again.

        Raises:
            LakeError: it no longer exists.
        """
        if version not in set(self._names(source, month)):
            raise LakeError(
                f"{source} {month} has no version {version}. What to do: take one of "
                f"{', '.join(sorted(self._names(source, month))) or 'none'}."
            )
        content = json.dumps({"version": version}).encode()
        self._place.put(f"{_folder(source, month)}/{_POINTER}", content)

    def prune(
        self,
        source: str,
        month: BillingMonth,
        older_than: timedelta,
        *,
        now: datetime | None = None,
        keep: Collection[str] = (),
    ) -> list[str]:
        """Remove versions that are neither current nor recent, and what killed processes left.

        Returns:
            The names of what was removed.
        """
        before = (now or datetime.now(UTC)) - older_than
        counts = self._pointed(source, month)
        folder = _folder(source, month)
        keys: dict[str, list[str]] = {}
        for one in self._place.list(f"{folder}/"):
            name, separator, _ = one.key.removeprefix(f"{folder}/").partition("/")
            if separator and _VERSION_NAME.fullmatch(name):
                keys.setdefault(name, []).append(one.key)
        gone = [
            name
            for name in sorted(keys)
            if name != counts and name not in keep and _made_at(name) < before
        ]
        for name in gone:
            # Without its version.json it is not a version any more, however much of it is left.
            self._place.delete(sorted(keys[name], key=lambda key: not key.endswith(_VERSION)))
            here = self._place.local(f"{folder}/{name}")
            if here is not None:
                _remove_folder(here)
        return gone

    def _install(self, folder: Path, version: Version) -> None:
        key = f"{_folder(version.source, version.month)}/{version.version}"
        target = self._place.local(key)
        if target is not None:
            (folder / _VERSION).write_bytes(version.to_json())
            try:
                move_folder(folder, target)
            except OSError as error:
                raise LakeError(
                    f"could not write {target}: {error.strerror or error}. What to do: check that "
                    "FINOPS_STORAGE is writable for this user and its disk is not full, then "
                    "ingest the month again."
                ) from error
            return
        for part in version.parts:
            self._place.put(f"{key}/{part.name}", folder / part.name)
        self._place.put(f"{key}/{_VERSION}", version.to_json())

    def _pointers(self) -> Iterator[tuple[str, BillingMonth]]:
        if self._local is not None and not (self._local / TABLE).is_dir():
            return
        for one in self._place.list(f"{TABLE}/"):
            parts = one.key.split("/")
            if len(parts) == 4 and parts[3] == _POINTER:  # noqa: PLR2004 - table/source/month/it
                source = parts[1].removeprefix("source=")
                yield source, BillingMonth.parse(parts[2].removeprefix("billing_month="))

    def _names(self, source: str, month: BillingMonth) -> Iterator[str]:
        folder = _folder(source, month)
        here = self._place.local(folder)
        if here is not None and not here.is_dir():
            return
        for one in self._place.list(f"{folder}/"):
            name, _, file = one.key.removeprefix(f"{folder}/").partition("/")
            if file == _VERSION and _VERSION_NAME.fullmatch(name):
                yield name

    def _pointed(self, source: str, month: BillingMonth) -> str | None:
        key = f"{_folder(source, month)}/{_POINTER}"
        try:
            content = self._place.read(key, _LIMIT)
        except MissingError:
            return None
        try:
            name = json.loads(content)["version"]
        except (ValueError, KeyError, TypeError) as error:
            raise self._broken(key) from error
        if not isinstance(name, str) or not _VERSION_NAME.fullmatch(name):
            raise self._broken(key)
        return name

    def _read(self, source: str, month: BillingMonth, name: str) -> Version:
        key = f"{_folder(source, month)}/{name}/{_VERSION}"
        try:
            return Version.of_json(self._place.read(key, _LIMIT))
        except (MissingError, ValueError) as error:
            raise self._broken(key) from error

    def _broken(self, key: str) -> LakeError:
        return LakeError(
            f"{self._place.uri(key)} is not what was written there. What to do: restore it from "
            "the storage's own backup, or remove the month's CURRENT.json and ingest it again."
        )

    def _cached(self, key: str, size: int) -> Path:
        path = self._cache / self._root.replace("://", "/").strip("/") / key
        # A part never changes under its name, so one of the right size is the part.
        if path.is_file() and path.stat().st_size == size:
            return path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = path.with_name(f".{path.name}-{os.getpid()}-{os.urandom(4).hex()}")
        self._place.fetch(self._place.head(key), temporary)
        temporary.replace(path)
        return path


def version_name(identity: str, now: datetime) -> str:
    """The name of a version made now: names sort like the times."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%S%f}Z-{identity[:12]}"


def _made_at(name: str) -> datetime:
    text = name.partition("Z-")[0]
    return datetime.strptime(
        text.ljust(len("20260101T000000000000"), "0"), "%Y%m%dT%H%M%S%f"
    ).replace(tzinfo=UTC)


def _folder(source: str, month: BillingMonth) -> str:
    if not _NAME.fullmatch(source):
        raise LakeError(
            f"{source!r} can't be a source's name. What to do: use letters, digits and dashes."
        )
    return f"{TABLE}/source={source}/billing_month={month}"


def _remove_folder(folder: Path) -> None:
    for path in folder.glob("**/*"):
        if path.is_file():
            path.unlink(missing_ok=True)
    if folder.is_dir():
        folder.rmdir()


def _user_cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "credits-pipeline" / "finops"
