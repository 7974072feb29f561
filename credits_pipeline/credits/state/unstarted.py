"""Uploads that start no run, as the sensor last saw them, for readers of the storage alone."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from credits_pipeline.core.storage.store import Store

_PLACE = "inbox/unstarted.json"


@dataclass(frozen=True)
class Unstarted:
    """Uploads in the inbox that start no run.

    Attributes:
        objects: the key and reason of each; in a large inbox, only the first few.
        more: how many more there are.
        not_sent: months whose file is older than the pipeline and waits for a backfill.
    """

    objects: tuple[tuple[str, str], ...] = ()
    more: int = 0
    not_sent: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many uploads start no run."""
        return len(self.objects) + self.more

    def as_json(self) -> dict[str, object]:
        """The uploads as plain values, for JSON."""
        return {
            **asdict(self),
            "objects": [{"object": key, "reason": reason} for key, reason in self.objects],
            "not_sent": list(self.not_sent),
        }


def keep(store: Store, seen: Unstarted) -> None:
    """Store the uploads in place of those seen before.

    Raises:
        StorageError: the storage can't be written.
    """
    store.write(_PLACE, json.dumps(seen.as_json(), indent=2).encode())


def kept(store: Store) -> Unstarted:
    """Return the uploads seen last, or none if the sensor has not run yet.

    Raises:
        StorageError: the storage can't be read.
    """
    text = store.read(_PLACE)
    if text is None:
        return Unstarted()
    found = json.loads(text)
    objects: Sequence[dict[str, str]] = found["objects"]
    return Unstarted(
        tuple((one["object"], one["reason"]) for one in objects),
        found["more"],
        tuple(found["not_sent"]),
    )
