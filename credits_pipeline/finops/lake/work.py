"""A folder for one ingest's files, removed afterwards; the next ingest removes what a kill left."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from credits_pipeline.core.disk import sync
from credits_pipeline.finops.objects.folder import locked

_LOCK = ".alive"


@contextmanager
def working_folder(base: Path) -> Iterator[Path]:
    """An empty folder below the base, ours while the block runs."""
    base.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Dead folders are not searched while one is being made that has no lock yet.
    with locked(base / ".lock"):
        _clear_dead(base)
        whole = Path(tempfile.mkdtemp(dir=base, prefix="ingest-"))
        handle = os.open(whole / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        inside = whole / "files"
        inside.mkdir()
        yield inside
    finally:
        shutil.rmtree(whole, ignore_errors=True)
        os.close(handle)


def move_folder(folder: Path, target: Path) -> None:
    """Rename a folder to its place, once all of it is on the disk."""
    for path in folder.iterdir():
        sync(path)
    sync(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    folder.rename(target)
    sync(target.parent)


def _clear_dead(base: Path) -> None:
    """Folders whose owner no longer holds its lock: the kernel releases it in any case."""
    for whole in base.glob("ingest-*"):
        try:
            handle = os.open(whole / _LOCK, os.O_RDWR)
        except FileNotFoundError:
            # Its owner is removing it, or died before it had a lock.
            shutil.rmtree(whole, ignore_errors=True)
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(whole, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(handle)
