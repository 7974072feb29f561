"""The storage: written, read back and listed."""

import secrets
from collections.abc import Iterator

from credits_pipeline.core.settings import SettingError, storage_root
from credits_pipeline.core.storage.store import StorageError, open_store
from credits_pipeline.doctor.finding import Finding, ok, wrong

_NAME = "doctor/last-look.txt"


def storage_found() -> Iterator[Finding]:
    """Whether what is written to the storage can be read afterwards."""
    try:
        store = open_store(storage_root())
        told = secrets.token_hex(8).encode()
        store.write(_NAME, told)
        if store.read(_NAME) != told or _NAME not in store.names("doctor/"):
            yield wrong(
                "storage",
                f"{store.uri(_NAME)} was written, and doesnot read back as it was written.",
                "Check that CREDITS_STORAGE names a place to which nothing else writes.",
            )
            return
    except (SettingError, StorageError) as error:
        yield wrong("storage", error)
        return
    yield ok("storage", f"{store.uri('')} may be written, read and listed")
