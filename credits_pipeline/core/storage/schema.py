"""The schema version of stored JSON: a release reads its own and earlier ones, never later ones.

A new field has a default and needs no new version; a changed or removed field does. The tests
check that stored samples of every release can still be read.
"""

from collections.abc import Mapping
from typing import Any

from credits_pipeline.core.storage.store import StorageError

#: The version that this release writes.
VERSION = 1
FIELD = "schema_version"


def refuse_later(stored: Mapping[str, Any], what: str) -> None:
    """Refuse what a later release stored.

    Args:
        stored: the JSON; without a version it is of the first.
        what: what it is, for people.

    Raises:
        StorageError: this release can't know what it means.
    """
    version = stored.get(FIELD, 1)
    if version > VERSION:
        raise StorageError(
            f"{what} was stored by a later release: its schema version is {version}, and this "
            f"release reads up to {VERSION}. What to do: upgrade credits-pipeline on this machine; "
            "nothing was sent."
        )
