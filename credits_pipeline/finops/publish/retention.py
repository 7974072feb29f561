"""Deletes old published files when nobody can be reading them: not the newest, recent or open ones.

A process that has a file open holds a lock on it, which is only tested here. A file that this
process itself has open is not tested: closing it again would release its own lock.
"""

import fcntl
import os
import struct
from datetime import datetime, timedelta
from pathlib import Path

from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.publish.pointer import FOLDER, Pointer
from credits_pipeline.finops.publish.published import is_open_here

#: Versions that always stay.
_NEWEST = 3
#: A page that was opened on a version may still query it.
_STAYS = timedelta(hours=24)
_KINDS = ("finops", "resources")
# struct flock on Linux: type, whence, start, length, pid.
_FLOCK = "hhqqi4x"


def retire(depot: Depot, current: Pointer, now: datetime) -> tuple[str, ...]:
    """Delete the files of old versions.

    Args:
        depot: the wing's storage.
        current: the version that counts.
        now: the moment.

    Returns:
        The names of the files that were deleted.
    """
    removed = []
    for kind in _KINDS:
        listed = depot.place.list(f"{FOLDER}/{kind}-")
        for old in sorted(listed, key=lambda one: one.modified)[:-_NEWEST]:
            name = old.key.rpartition("/")[2]
            counts = name in (current.file, current.resources)
            if not counts and now - old.modified > _STAYS and not _is_open(depot.on_disk / old.key):
                depot.forget([old.key])
                removed.append(name)
    return tuple(removed)


def _is_open(file: Path) -> bool:
    """Whether a process of this machine reads a file, or its local copy."""
    return file.exists() and (is_open_here(file) or _is_open_elsewhere(file))


def _is_open_elsewhere(file: Path) -> bool:
    with file.open("rb") as probe:
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        # The file is read-only to us, but asking for a lock's holder needs no write permission.
        answer = fcntl.fcntl(probe, fcntl.F_GETLK, asked)
        kind: int = struct.unpack(_FLOCK, answer)[0]
    return kind != fcntl.F_UNLCK
