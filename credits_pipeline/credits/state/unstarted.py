"""Uploads that start no run, as the sensor last saw them, for whoever reads the storage alone."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from credits_pipeline.core.storage.store import Store

_PLACE = "inbox/unstarted.json"


@dataclass(frozen=True)
class Unstarted:
    """What lies in the inbox and starts no run.

    Attributes:
        objects: key and reason of each; in a large inbox, the first few.
        more: how many more there are.
        not_sent: months whose file was there before the pipeline, and waits for a backfill.
    """

    objects: tuple[tuple[str, str], ...] = ()
    more: int = 0
    not_sent: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many uploads start no run."""
        return len(self.objects) + self.more

    def as_json(self) -> dict[str, object]:
        """Plain values, for programs."""
        return {
            **asdict(self),
            "objects": [{"object": key, "reason": reason} for key, reason in self.objects],
            "not_sent": list(self.not_sent),
        }


def keep(store: Store, seen: Unstarted) -> None:
    """Replace what was seen before.

    Raises:
        StorageError: the storage can't be written.
    """
    store.write(_PLACE, json.dumps(seen.as_json(), indent=2).encode())


def kept(store: Store) -> Unstarted:
    """What was seen last; nothing, if no sensor has looked yet.

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
