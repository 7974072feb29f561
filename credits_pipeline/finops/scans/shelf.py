"""Where scans are stored: each part in versions side by side, the pointer written last.

::

    scans/<part>/<version>.parquet     its rows
    scans/<part>/<version>.json        what it is: as-of time, what was looked at, requests
    scans/<part>/CURRENT.json          which version counts
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.scans.table import Table, read, write

_ROOT = "scans"
#: Versions of a part that stay: a month of daily scans.
_STAY = 31


@dataclass(frozen=True)
class Kept:
    """One version of one part.

    Attributes:
        part: such as inventory.
        version: its name; later ones sort after it.
        as_of: the moment that it is about, UTC.
        rows: how many.
        about: further facts about it.
    """

    part: str
    version: str
    as_of: datetime
    rows: int
    about: Mapping[str, Any]


class ScanShelf:
    """The scans of a storage."""

    def __init__(self, depot: Depot) -> None:
        self.depot = depot

    def current(self, part: str) -> Kept | None:
        """The current version; None before the first."""
        pointer = self.depot.read(f"{_ROOT}/{part}/CURRENT.json")
        return None if pointer is None else self.version(part, pointer["version"])

    def version(self, part: str, version: str) -> Kept | None:
        """One version; None if it no longer exists."""
        found = self.depot.read(f"{_ROOT}/{part}/{version}.json")
        if found is None:
            return None
        as_of = datetime.fromisoformat(found["as_of"])
        return Kept(part, version, as_of, found["rows"], found["about"])

    def file(self, kept: Kept) -> Path:
        """Where its rows are on this machine."""
        return self.depot.here(f"{_ROOT}/{kept.part}/{kept.version}.parquet")

    def rows(self, kept: Kept | None) -> Iterator[dict[str, Any]]:
        """Its rows in order; none if there is no version yet."""
        if kept is None:
            return
        with self.depot.scratch() as folder:
            yield from read(self.file(kept), folder)

    def keep(
        self,
        part: str,
        table: Table,
        rows: Iterable[Mapping[str, Any]],
        as_of: datetime,
        about: Mapping[str, Any] | Callable[[], Mapping[str, Any]],
    ) -> Kept:
        """Write a version completely, and make it current.

        Args:
            part: such as inventory.
            table: its columns.
            rows: read once; if that fails, nothing becomes current.
            as_of: the moment that it is about.
            about: further facts about it; a function is called after the last row.
        """
        version = (
            f"{as_of:%Y%m%dT%H%M%SZ}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{os.urandom(3).hex()}"
        )
        with self.depot.scratch() as folder:
            file = folder / f"{part}.parquet"
            number = write(table, rows, folder, file)
            self.depot.keep(f"{_ROOT}/{part}/{version}.parquet", file)
        said = about() if callable(about) else about
        self.depot.write(
            f"{_ROOT}/{part}/{version}.json",
            {"as_of": as_of.isoformat(), "rows": number, "about": dict(said)},
        )
        self.depot.write(f"{_ROOT}/{part}/CURRENT.json", {"version": version})
        self._prune(part, version)
        return Kept(part, version, as_of, number, said)

    def _prune(self, part: str, counting: str) -> None:
        keys = {key: Path(key).stem for key in self.depot.keys(f"{_ROOT}/{part}/")}
        named = sorted(set(keys.values()) - {"CURRENT"})
        gone = set(named[:-_STAY]) - {counting}
        if gone:
            self.depot.forget([key for key, name in keys.items() if name in gone])
