"""Where the tests write: to memory, if this machine has enough of it.

Dagster's and our own databases wait for the disk at each commit, thousands of times in a run of the
suite. Tests kill processes but never cut the power, and a folder in memory survives a kill just as
one on disk does.
"""

import os
import shutil
import tempfile
import time
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 - looked at before it is used
#: Everything that the tests leave until they end is under 3 GB.
_ROOM = 4 * 2**30
#: The free memory that is needed in all, so that the tests' processes have theirs too.
_FREE = 12 * 2**30
_NAME = "credits-tests"
#: After this many seconds, a folder without its process is from a run that was killed.
_LEFT = 3600


def quick_folder() -> Path | None:
    """A new folder in memory; None if there is no room, or if TMPDIR says where to write."""
    if os.environ.get("TMPDIR") or not os.access(_MEMORY, os.W_OK | os.X_OK):
        return None
    disk = os.statvfs(_MEMORY)
    if disk.f_flag & os.ST_NOEXEC or disk.f_bavail * disk.f_frsize < _ROOM:
        return None
    if _free_memory() < _FREE:
        return None
    _remove_what_killed_runs_left()
    folder = Path(tempfile.mkdtemp(prefix=f"{_NAME}-{os.getpid()}-", dir=_MEMORY))
    # PostgreSQL's own user must get through.
    folder.chmod(0o711)
    return folder


def write_to(folder: Path) -> None:
    """Make this process, and every one that it starts, write there."""
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None


def leave(folder: Path) -> None:
    """Free the memory."""
    os.environ.pop("TMPDIR", None)
    tempfile.tempdir = None
    shutil.rmtree(folder, ignore_errors=True)


def _remove_what_killed_runs_left() -> None:
    for folder in _MEMORY.glob(f"{_NAME}-*-*"):
        process = Path("/proc", folder.name.split("-")[2])
        try:
            old = time.time() - folder.stat().st_mtime > _LEFT
        except FileNotFoundError:
            continue
        if old and not process.exists():
            shutil.rmtree(folder, ignore_errors=True)


def _free_memory() -> int:
    """Bytes that processes can still get, as the kernel estimates them."""
    told = Path("/proc/meminfo")
    if not told.exists():
        return 0
    lines = (line.split() for line in told.read_text().splitlines())
    return next((int(words[1]) * 1024 for words in lines if words[0] == "MemAvailable:"), 0)
