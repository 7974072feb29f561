"""The wing's storage, as marts and published versions use it: JSON, and files for engines to read.

Engines read from this machine's disk: of a storage in a cloud, a file is fetched once and kept in a
cache of this user's. A file never changes under its name, so that a copy never grows old.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from credits_pipeline.finops.lake.work import working_folder
from credits_pipeline.finops.objects import MissingError, Place, open_place

#: More than any record or pointer is.
_LIMIT = 16 << 20


class Depot:
    """A folder, or a prefix of a bucket."""

    def __init__(self, root: str, cache: Path | None = None) -> None:
        """Name it.

        Args:
            root: ``FINOPS_STORAGE``.
            cache: where files of a cloud are kept for reading; default: a folder of this user's.
        """
        self.root = root
        self.place: Place = open_place(root)
        here = self.place.local("marts")
        self._folder = None if here is None else here.parent
        self._cache = (cache or _user_cache()) / root.replace("://", "/").strip("/")

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder of this machine."""
        return self._folder is not None

    @property
    def on_disk(self) -> Path:
        """Where its files are read on this machine."""
        return self._folder or self._cache

    def read(self, key: str) -> dict[str, Any] | None:
        """A JSON object, or None where nothing was written there.

        Raises:
            ObjectsError: the storage can't be read.
        """
        try:
            found: dict[str, Any] = json.loads(self.place.read(key, _LIMIT))
        except MissingError:
            return None
        return found

    def write(self, key: str, value: dict[str, Any]) -> None:
        """Write a JSON object whole, or leave what was there."""
        self.place.put(key, json.dumps(value, indent=2).encode())

    def keep(self, key: str, file: Path) -> None:
        """Put a finished file under a name that nothing has yet; it is gone from where it was."""
        target = self.place.local(key)
        if target is None:
            self.place.put(key, file)
            file.unlink()
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        for path in (file, file.parent):
            _synced(path)
        file.replace(target)
        _synced(target.parent)

    def here(self, key: str) -> Path:
        """A file as a path of this machine.

        Raises:
            ObjectsError: it can't be fetched.
        """
        path = self.place.local(key)
        if path is not None:
            return path
        path = self._cache / key
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            temporary = path.with_name(f".{path.name}-{os.getpid()}-{os.urandom(4).hex()}")
            self.place.fetch(self.place.head(key), temporary)
            temporary.replace(path)
        return path

    def keys(self, prefix: str) -> list[str]:
        """The keys that start with a prefix, in order."""
        if self._folder is not None and not self._folder.is_dir():
            return []
        return [listed.key for listed in self.place.list(prefix)]

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty folder on the disk that files are kept on; gone afterwards, however it ends."""
        with working_folder(self.on_disk / ".work") as folder:
            yield folder

    def forget(self, keys: list[str]) -> None:
        """Remove files, and the copies of them."""
        self.place.delete(keys)
        for key in keys:
            path = self.on_disk / key
            path.unlink(missing_ok=True)
            with suppress(OSError):
                path.parent.rmdir()  # where it was the last


def _synced(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _user_cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "credits-pipeline" / "finops"
