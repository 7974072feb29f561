"""Where the tests write: in memory if this machine has room there.

Dagster's and our own databases wait for the disk at each commit, thousands of times in a run of the
suite. What the tests kill is processes, never the power: a folder in memory outlives that as a disk
does.
"""

import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 - looked at before it is used
#: All that the tests leave until they end is under 3 GB.
_ROOM = 4 * 2**30
#: What has to be free in all, so that the processes of the tests have theirs too.
_FREE = 12 * 2**30


def quick_folder() -> Path | None:
    """A new folder in memory; None where there is no room, or TMPDIR says where to write."""
    if os.environ.get("TMPDIR") or not os.access(_MEMORY, os.W_OK | os.X_OK):
        return None
    disk = os.statvfs(_MEMORY)
    if disk.f_flag & os.ST_NOEXEC or disk.f_bavail * disk.f_frsize < _ROOM:
        return None
    if _free_memory() < _FREE:
        return None
    folder = Path(tempfile.mkdtemp(prefix="credits-tests-", dir=_MEMORY))
    # PostgreSQL's own user has to come through.
    folder.chmod(0o711)
    return folder


def write_to(folder: Path) -> None:
    """Have this process, and every one that it starts, write there."""
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None


def leave(folder: Path) -> None:
    """Give the memory back."""
    os.environ.pop("TMPDIR", None)
    tempfile.tempdir = None
    shutil.rmtree(folder, ignore_errors=True)


def _free_memory() -> int:
    """Bytes that processes can still have, as the kernel estimates them."""
    told = Path("/proc/meminfo")
    if not told.exists():
        return 0
    lines = (line.split() for line in told.read_text().splitlines())
    return next((int(words[1]) * 1024 for words in lines if words[0] == "MemAvailable:"), 0)
