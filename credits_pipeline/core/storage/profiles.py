"""The profiles that people stored: one file per name, and every version, kept by its digest.

::

    profiles/<name>.toml               the current profile; empty once it is forgotten
    profiles/versions/<sha256>.toml    every version that was ever current
"""

import hashlib

from credits_pipeline.core.storage.store import Store

_FOLDER = "profiles/"
_VERSIONS = f"{_FOLDER}versions/"
_ENDING = ".toml"


class ProfileShelf:
    """Profiles by name, as text; `credits` knows what they mean."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def texts(self) -> dict[str, bytes]:
        """The current profiles, by file name.

        Raises:
            StorageError: the storage can't be read.
        """
        names = [
            name
            for name in self._store.names(_FOLDER)
            if name.endswith(_ENDING) and not name.startswith(_VERSIONS)
        ]
        found = {name: self._store.read(name) for name in names}
        return {name: text for name, text in found.items() if text}

    def version(self, digest: str) -> bytes | None:
        """The profile that has this SHA-256, or None.

        Raises:
            StorageError: the storage can't be read.
        """
        return self._store.read(f"{_VERSIONS}{digest}{_ENDING}")

    def keep(self, name: str, text: bytes) -> str:
        """Make a profile current; returns where a person finds it.

        Raises:
            StorageError: the storage can't be written.
        """
        digest = hashlib.sha256(text).hexdigest()
        self._store.write(f"{_VERSIONS}{digest}{_ENDING}", text)
        self._store.write(f"{_FOLDER}{name}{_ENDING}", text)
        return self._store.uri(f"{_FOLDER}{name}{_ENDING}")

    def forget(self, name: str) -> bool:
        """Stop using a profile; its versions stay. False if there is none.

        Raises:
            StorageError: the storage can't be written.
        """
        if not self._store.read(f"{_FOLDER}{name}{_ENDING}"):
            return False
        self._store.write(f"{_FOLDER}{name}{_ENDING}", b"")
        return True
