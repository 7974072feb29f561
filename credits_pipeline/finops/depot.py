"""The wing's storage, as marts and published versions use it: JSON, and files for engines to read.

Engines read from this machine's disk: a file of a storage in a cloud is fetched once and cached for
this user. A file never changes under its name, so a copy never becomes outdated.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from credits_pipeline.core.disk import sync
from credits_pipeline.finops.lake.work import working_folder
from credits_pipeline.finops.objects import MissingError, Place, open_place

#: Larger than any record or pointer.
_LIMIT = 16 << 20


class Depot:
    """A folder, or a prefix of a bucket."""

    def __init__(self, root: str, cache: Path | None = None) -> None:
        """Name it.

        Args:
            root: ``FINOPS_STORAGE``.
            cache: where files of a cloud are cached for reading; default: a folder of this user's.
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
        """A JSON object, or None if nothing was written there.

        Raises:
            ObjectsError: the storage can't be read.
        """
        try:
            found: dict[str, Any] = json.loads(self.place.read(key, _LIMIT))
        except MissingError:
            return None
        return found

    def write(self, key: str, value: dict[str, Any]) -> None:
        """Write a JSON object completely, or leave what was there."""
        self.place.put(key, json.dumps(value, indent=2).encode())

    def keep(self, key: str, file: Path) -> None:
        """Move a finished file to a name that is not used yet."""
        target = self.place.local(key)
        if target is None:
            self.place.put(key, file)
            file.unlink()
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        for path in (file, file.parent):
            sync(path)
        file.replace(target)
        sync(target.parent)

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
        """An empty folder on the disk of the stored files; always removed afterwards."""
        with working_folder(self.on_disk / ".work") as folder:
            yield folder

    def forget(self, keys: list[str]) -> None:
        """Remove files, and the copies of them."""
        self.place.delete(keys)
        for key in keys:
            path = self.on_disk / key
            path.unlink(missing_ok=True)
            with suppress(OSError):
                path.parent.rmdir()  # if it was the last


def _user_cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "credits-pipeline" / "finops"
