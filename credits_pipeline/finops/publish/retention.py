"""Old published files go when nobody can be reading them: not the newest, not young, not open.

A process that has a file open holds a lock on it, which is asked for and never taken. A file that
this process has open is not asked about: closing it again would let go of its own lock.
"""

import fcntl
import os
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from credits_pipeline.finops.publish.pointer import Pointer

#: Versions that stay in any case.
_NEWEST = 3
#: A page that was opened on a version may still ask it for something.
_STAYS = timedelta(hours=24)
_KINDS = ("finops", "resources")
# struct flock on Linux: type, whence, start, length, pid.
_FLOCK = "hhqqi4x"


def retire(
    folder: Path,
    current: Pointer,
    now: datetime,
    *,
    is_open_here: Callable[[Path], bool],
) -> tuple[str, ...]:
    """Delete the files of old versions.

    Args:
        folder: where published files lie.
        current: the version that counts.
        now: the moment.
        is_open_here: whether this process has a file open.

    Returns:
        The names of the files that were deleted.
    """
    removed = []
    for kind in _KINDS:
        files = sorted(folder.glob(f"{kind}-*.duckdb"), key=lambda file: file.stat().st_mtime)
        for file in files[:-_NEWEST]:
            age = now - datetime.fromtimestamp(file.stat().st_mtime, UTC)
            if (
                file.name not in (current.file, current.resources)
                and age > _STAYS
                and not is_open_here(file)
                and not _is_open_elsewhere(file)
            ):
                file.unlink()
                removed.append(file.name)
    return tuple(removed)


def _is_open_elsewhere(file: Path) -> bool:
    with file.open("rb") as probe:
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        # The file is read-only to us, but asking for who holds it needs no right to write.
        answer = fcntl.fcntl(probe, fcntl.F_GETLK, asked)
        kind: int = struct.unpack(_FLOCK, answer)[0]
    return kind != fcntl.F_UNLCK
