"""The pointer: which published version is current, written last, read by name.

A version's file is never written again, so a name means one content. DuckDB returns the file that
it has open under a name, whatever is there by now: a name that is used once avoids that trap.
"""

import json
from dataclasses import asdict, dataclass

from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.objects import MissingError

FOLDER = "published"
_POINTER = f"{FOLDER}/CURRENT.json"


@dataclass(frozen=True)
class Pointer:
    """What is current.

    Attributes:
        version: the digest of what it was made from.
        file: the file of the small marts, by its name.
        resources: the file of the costs of each resource, by its name.
        published_at: when it became current, ISO 8601, UTC.
    """

    version: str
    file: str
    resources: str
    published_at: str


def read_pointer(depot: Depot) -> Pointer | None:
    """What is current; None if nothing was published yet."""
    found = depot.read(_POINTER)
    return None if found is None else Pointer(**found)


def pointer_tag(depot: Depot) -> str | None:
    """Identifies the pointer's content; None if there is none yet."""
    try:
        return depot.place.head(_POINTER).etag
    except MissingError:
        return None


def swap_pointer(depot: Depot, pointer: Pointer, expected: str | None) -> bool:
    """Make a version current, unless somebody else has written the pointer since.

    Args:
        depot: the storage.
        pointer: the new one.
        expected: what `pointer_tag` was before it was made.

    Returns:
        Whether it is current.
    """
    content = json.dumps(asdict(pointer), indent=2).encode()
    return depot.place.swap(_POINTER, content, expected)
