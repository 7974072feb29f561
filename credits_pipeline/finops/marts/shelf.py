"""Where marts lie: a folder a partition, versions beside each other, the pointer written last.

::

    marts/<mart>/source=<name>/billing_month=<month>/<version>/part-0.parquet
    marts/<mart>/source=<name>/billing_month=<month>/<version>/mart.json     what it is and sums to
    marts/<mart>/source=<name>/billing_month=<month>/CURRENT.json            which version counts
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

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
    """The marts below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root / "marts"

    def current(self, mart: str, source: str, billing_month: str) -> Kept | None:
        """The version that counts, or None."""
        folder = self._folder(mart, source, billing_month)
        pointer = _read(folder / _POINTER)
        return (
            None if pointer is None else self.kept(mart, source, billing_month, pointer["version"])
        )

    def kept(self, mart: str, source: str, billing_month: str, version: str) -> Kept | None:
        """One version, or None where it was never written whole."""
        found = _read(self._folder(mart, source, billing_month) / version / _RECORD)
        return None if found is None else Kept(**found)

    def file(self, kept: Kept) -> Path:
        """Where its rows are."""
        folder = self._folder(kept.mart, kept.source, kept.billing_month)
        return folder / kept.version / _FILE

    def keep(
        self,
        partition: tuple[str, str, str],
        version: str,
        write: Callable[[Path], Kept],
    ) -> Kept:
        """Write a version whole, beside the others; the pointer stays where it is.

        Args:
            partition: mart, source and billing month.
            version: its name. One that is there already is left as it is.
            write: writes its file and says what it is.
        """
        there = self.kept(*partition, version)
        if there is not None:
            return there
        folder = self._folder(*partition)
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(dir=folder, prefix=".writing-"))
        try:
            kept = write(unfinished / _FILE)
            _synced(unfinished / _FILE)
            _write(unfinished / _RECORD, asdict(kept))
            _place(unfinished, folder / version)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        return kept

    def point(self, kept: Kept) -> None:
        """Have a version count from now on."""
        folder = self._folder(kept.mart, kept.source, kept.billing_month)
        _write(folder / _POINTER, {"version": kept.version})

    def discard(self, kept: Kept) -> None:
        """Remove a version that does not hold; the next run makes it anew."""
        shutil.rmtree(self.file(kept).parent, ignore_errors=True)

    def partitions(self) -> list[tuple[str, str]]:
        """Every source and billing month that some mart is there of, in order."""
        return sorted(
            {
                (month.parent.name.partition("=")[2], month.name.partition("=")[2])
                for month in self._root.glob("*/source=*/billing_month=*")
            }
        )

    def drop_others(self, kept: Kept) -> None:
        """Remove the versions that no longer count: each can be made again from its rows."""
        folder = self._folder(kept.mart, kept.source, kept.billing_month)
        for version in self._versions(folder):
            if version.name != kept.version:
                shutil.rmtree(version, ignore_errors=True)

    def _versions(self, folder: Path) -> Iterator[Path]:
        yield from (path for path in folder.iterdir() if (path / _RECORD).exists())

    def _folder(self, mart: str, source: str, billing_month: str) -> Path:
        return self._root / mart / f"source={source}" / f"billing_month={billing_month}"


def _read(path: Path) -> dict[str, Any] | None:
    try:
        text = path.read_text()
    except FileNotFoundError:
        return None
    found: dict[str, Any] = json.loads(text)
    return found


def _write(path: Path, value: dict[str, Any]) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    with os.fdopen(handle, "w") as file:
        json.dump(value, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    Path(temporary).replace(path)
    _synced(path.parent)


def _place(unfinished: Path, final: Path) -> None:
    _synced(unfinished)
    try:
        unfinished.rename(final)
    except OSError:
        # Another run has placed the same version, which is made of the same rows by the same text.
        if not (final / _RECORD).exists():
            raise
    _synced(final.parent)


def _synced(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
