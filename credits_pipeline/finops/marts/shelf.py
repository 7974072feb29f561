"""Where marts are stored: a folder per partition, versions side by side, the pointer written last.

::

    marts/<mart>/source=<name>/billing_month=<month>/<version>/part-0.parquet
    marts/<mart>/source=<name>/billing_month=<month>/<version>/mart.json    what it is, written last
    marts/<mart>/source=<name>/billing_month=<month>/CURRENT.json            which version counts
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from credits_pipeline.finops.depot import Depot

_ROOT = "marts"
_POINTER = "CURRENT.json"
_RECORD = "mart.json"
_FILE = "part-0.parquet"


@dataclass(frozen=True)
class Kept:
    """One version of one partition of a mart.

    Attributes:
        mart: its name.
        source: whose rows.
        billing_month: ``YYYY-MM``.
        version: its name; says which rows by which text.
        of: the version of the typed rows.
        rows: how many the mart has.
        sums: currency to column to exact decimal text.
    """

    mart: str
    source: str
    billing_month: str
    version: str
    of: str
    rows: int
    sums: dict[str, dict[str, str]]


class Shelf:
    """The marts of a storage."""

    def __init__(self, depot: Depot) -> None:
        self._depot = depot

    def current(self, mart: str, source: str, billing_month: str) -> Kept | None:
        """The current version, or None."""
        pointer = self._depot.read(f"{_folder(mart, source, billing_month)}/{_POINTER}")
        if pointer is None:
            return None
        return self.kept(mart, source, billing_month, pointer["version"])

    def kept(self, mart: str, source: str, billing_month: str, version: str) -> Kept | None:
        """One version, or None if it was never written completely."""
        found = self._depot.read(f"{_folder(mart, source, billing_month)}/{version}/{_RECORD}")
        return None if found is None else Kept(**found)

    def file(self, kept: Kept) -> Path:
        """Where its rows are on this machine.

        Raises:
            MissingError: it is gone from a cloud.
        """
        return self._depot.here(f"{_of(kept)}/{_FILE}")

    def keep(self, write: Callable[[Path], Kept]) -> Kept:
        """Write a version completely, beside the others; the pointer stays where it is.

        Args:
            write: writes its file and returns its description.
        """
        with self._depot.scratch() as folder:
            file = folder / _FILE
            kept = write(file)
            self._depot.keep(f"{_of(kept)}/{_FILE}", file)
        # Without its record it is not a version yet, however much of it is there.
        self._depot.write(f"{_of(kept)}/{_RECORD}", asdict(kept))
        return kept

    def point(self, kept: Kept) -> None:
        """Make a version current."""
        folder = _folder(kept.mart, kept.source, kept.billing_month)
        self._depot.write(f"{folder}/{_POINTER}", {"version": kept.version})

    def discard(self, kept: Kept) -> None:
        """Remove a version that fails its check; the next run makes it again."""
        self._depot.forget([f"{_of(kept)}/{_RECORD}", f"{_of(kept)}/{_FILE}"])

    def drop_others(self, kept: Kept, *, before: datetime, older_than: timedelta) -> list[str]:
        """Remove versions that are no longer current: each can be made again from its rows.

        Args:
            kept: the current version.
            before: the moment.
            older_than: younger ones stay, because they may be about to become current.

        Returns:
            The names of the removed ones.
        """
        folder = f"{_folder(kept.mart, kept.source, kept.billing_month)}/"
        found: dict[str, list[str]] = {}
        young = {kept.version}
        for listed in self._depot.place.list(folder):
            version, slash, _ = listed.key.removeprefix(folder).partition("/")
            if slash:
                found.setdefault(version, []).append(listed.key)
                if before - listed.modified < older_than:
                    young.add(version)
        gone = sorted(found.keys() - young)
        for version in gone:
            self._depot.forget(sorted(found[version], key=lambda key: not key.endswith(_RECORD)))
        return gone


def _of(kept: Kept) -> str:
    return f"{_folder(kept.mart, kept.source, kept.billing_month)}/{kept.version}"


def _folder(mart: str, source: str, billing_month: str) -> str:
    return f"{_ROOT}/{mart}/source={source}/billing_month={billing_month}"
