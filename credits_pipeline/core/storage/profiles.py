"""The profiles that people stored: a file a name, and each version for ever by its digest.

::

    profiles/<name>.toml               the profile that holds; empty once it is forgotten
    profiles/versions/<sha256>.toml    every version that ever held
"""

import hashlib

from credits_pipeline.core.storage.store import Store

_FOLDER = "profiles/"
_VERSIONS = f"{_FOLDER}versions/"
_ENDING = ".toml"


class ProfileShelf:
    """Profiles by name, as text: what they mean, `credits` says."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def texts(self) -> dict[str, bytes]:
        """The profiles that hold, by the name of their file.

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
        """A profile as it was when it had this SHA-256.

        Raises:
            StorageError: the storage can't be read.
        """
        return self._store.read(f"{_VERSIONS}{digest}{_ENDING}")

    def keep(self, name: str, text: bytes) -> str:
        """Have a profile hold from now on; where a person finds it is returned.

        Raises:
            StorageError: the storage can't be written.
        """
        digest = hashlib.sha256(text).hexdigest()
        self._store.write(f"{_VERSIONS}{digest}{_ENDING}", text)
        self._store.write(f"{_FOLDER}{name}{_ENDING}", text)
        return self._store.uri(f"{_FOLDER}{name}{_ENDING}")

    def forget(self, name: str) -> bool:
        """Have a profile hold no more; its versions stay. False if there is none.

        Raises:
            StorageError: the storage can't be written.
        """
        if not self._store.read(f"{_FOLDER}{name}{_ENDING}"):
            return False
        self._store.write(f"{_FOLDER}{name}{_ENDING}", b"")
        return True
