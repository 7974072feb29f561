"""The form of stored JSON: a release reads its own and every earlier one, and refuses later ones.

A field that is added has a default, and needs no new form; one that is changed or removed does.
The tests hold stored samples of every release against it.
"""

from collections.abc import Mapping
from typing import Any

from credits_pipeline.core.storage.store import StorageError

#: What this release writes.
VERSION = 1
FIELD = "schema_version"


def refuse_later(stored: Mapping[str, Any], what: str) -> None:
    """Refuse what a later release has stored.

    Args:
        stored: the JSON; without a version it is of the first form.
        what: it is, for people.

    Raises:
        StorageError: this release can't know what it says.
    """
    version = stored.get(FIELD, 1)
    if version > VERSION:
        raise StorageError(
            f"{what} was stored by a later release: its schema version is {version}, and this "
            f"release reads up to {VERSION}. What to do: upgrade credits-pipeline on this machine; "
            "nothing was sent."
        )
