"""The schema version of stored JSON: a release reads its own and earlier ones, never later ones.

A new field has a default and needs no new version; a changed or removed field does. The tests
check that stored samples of every release can still be read.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, TypeVar

from credits_pipeline.core.storage.store import StorageError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Record = TypeVar("Record", bound=DataclassInstance)

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


def to_json(record: "DataclassInstance") -> bytes:
    """A record's fields with the version of the schema."""
    told = {FIELD: VERSION, **asdict(record)}
    return json.dumps(told, indent=2, ensure_ascii=False).encode(errors="backslashreplace")


def from_json(kind: "type[Record]", text: bytes, what: str) -> "Record":
    """A record of a billing month from `to_json`.

    Args:
        kind: its class.
        text: the stored form.
        what: what it is of the month, for people, such as "The dismissal of".

    Raises:
        StorageError: it was stored by a later release.
    """
    stored = json.loads(text)
    refuse_later(stored, f"{what} {stored['billing_month']}")
    return kind(**{field.name: stored[field.name] for field in fields(kind)})
