"""The pointer: which published version counts, written last, read by name.

A version's file is never written again, so that a name is a content. Under a name, DuckDB hands
out the file that it has open, whatever lies there by now: a name used once has no such trap.
"""

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

_POINTER = "CURRENT.json"
FOLDER = "published"


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


def read_pointer(storage: Path) -> Pointer | None:
    """What is current; None where nothing was published yet."""
    try:
        text = (storage / FOLDER / _POINTER).read_text()
    except FileNotFoundError:
        return None
    return Pointer(**json.loads(text))


def write_pointer(storage: Path, pointer: Pointer) -> None:
    """Have a version count from now on."""
    folder = storage / FOLDER
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".writing-")
    with os.fdopen(handle, "w") as file:
        json.dump(asdict(pointer), file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    Path(temporary).chmod(0o644)
    Path(temporary).replace(folder / _POINTER)
