"""A folder of this machine as a place. Links that lead out of it are not followed."""

import fcntl
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from credits_pipeline.core.disk import sync
from credits_pipeline.finops.objects.keys import safe_key
from credits_pipeline.finops.objects.place import (
    Arrived,
    ChangedError,
    Fetched,
    Listed,
    MissingError,
    ObjectsError,
)

_CHUNK = 8 << 20
#: Temporary files beside their target, and locks: never listed.
_HIDDEN = "."
#: A file that is replaced while it is opened is opened again.
_TRIES = 100


class FolderPlace:
    """Files below a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def list(self, prefix: str = "") -> Iterator[Listed]:
        """See `Place.list`."""
        start = self._root / prefix.rpartition("/")[0]
        try:
            if not start.is_dir():
                if not self._root.is_dir():
                    raise ObjectsError(
                        f"there is no folder {self._root}. What to do: check that it is mounted, "
                        "and that the source's location is spelled correctly."
                    )
                return
            self._inside(start)
            keys = sorted(self._walk(start))
        except OSError as error:
            raise self._explained("list", prefix, error) from error
        for key in keys:
            if key.startswith(prefix):
                try:
                    yield self.head(key)
                except MissingError:
                    continue  # gone since the folder was read

    def head(self, key: str) -> Listed:
        """See `Place.head`."""
        with self._open(key) as file:
            return _listed(key, file)

    def read(self, key: str, limit: int) -> bytes:
        """See `Place.read`."""
        with self._open(key) as file:
            content = file.read(limit + 1)
        if len(content) > limit:
            raise ObjectsError(
                f"{self.uri(key)} has more than {limit:,} bytes. What to do: check that the file "
                "is what its name says; it was not read."
            )
        return content

    def fetch(self, listed: Listed, to: Path, arrived: Arrived | None = None) -> Fetched:
        """See `Place.fetch`."""
        digest = hashlib.sha256()
        with self._open(listed.key) as file:
            self._same(listed, file)
            try:
                with to.open("wb") as target:
                    while chunk := file.read(_CHUNK):
                        target.write(chunk)
                        digest.update(chunk)
                        if arrived:
                            arrived(len(chunk))
                self._same(listed, file)
            except BaseException as error:
                to.unlink(missing_ok=True)
                if isinstance(error, OSError):
                    raise self._explained("copy", listed.key, error) from error
                raise
        return Fetched(listed, to, digest.hexdigest())

    def uri(self, key: str) -> str:
        """See `Place.uri`."""
        return str(self._root / key)

    def put(self, key: str, content: bytes | Path) -> None:
        """See `Place.put`."""
        target = self._root / safe_key(key)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=target.parent, prefix=".writing-")
            temporary = Path(name)
            try:
                with os.fdopen(handle, "wb") as file:
                    if isinstance(content, Path):
                        with content.open("rb") as source:
                            while chunk := source.read(_CHUNK):
                                file.write(chunk)
                    else:
                        file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                temporary.replace(target)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            sync(target.parent)
        except OSError as error:
            raise self._explained("write", key, error) from error

    def swap(self, key: str, content: bytes, expected: str | None) -> bool:
        """See `Place.swap`: the processes of one machine take turns with a lock beside the file."""
        target = self._root / safe_key(key)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with locked(target.parent / f".lock-{target.name}"):
                try:
                    found: str | None = self.head(key).etag
                except MissingError:
                    found = None
                if found != expected:
                    return False
                self.put(key, content)
                return True
        except OSError as error:
            raise self._explained("write", key, error) from error

    def delete(self, keys: Sequence[str]) -> None:
        """See `Place.delete`."""
        for key in keys:
            path = self._root / safe_key(key)
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise self._explained("delete", key, error) from error

    def local(self, key: str) -> Path | None:
        """See `Place.local`."""
        return self._root / safe_key(key)

    def _walk(self, folder: Path) -> Iterator[str]:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(_HIDDEN):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    yield from self._walk(Path(entry.path))
                elif entry.is_file():
                    yield Path(entry.path).relative_to(self._root).as_posix()

    @contextmanager
    def _open(self, key: str) -> Iterator[BinaryIO]:
        path = self._root / safe_key(key)
        try:
            file = self._opened(path)
        except FileNotFoundError as error:
            raise MissingError(
                f"there is no file {self.uri(key)}. What to do: nothing if it is still being "
                "delivered; otherwise check that the delivery is complete."
            ) from error
        except OSError as error:
            raise self._explained("read", key, error) from error
        with file:
            yield file

    def _inside(self, path: Path) -> None:
        root = self._root.resolve()
        if not path.resolve().is_relative_to(root):
            raise ObjectsError(
                f"{path} leads out of {self._root}. What to do: put the file itself there instead "
                "of a link; the link was not followed."
            )

    def _opened(self, path: Path) -> BinaryIO:
        """The file itself, not a link that was put there while it was opened.

        Whoever publishes replaces a pointer at any moment: then the new one is opened.
        """
        for _ in range(_TRIES):
            self._inside(path)
            # A pipe that nobody writes to would hold this process for ever.
            file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb")
            try:
                if self._is_still(path, file):
                    return file
            except BaseException:
                file.close()
                raise
            file.close()
        raise ChangedError(
            f"{path} was replaced {_TRIES} times while it was opened. What to do: nothing, it is "
            "tried again."
        )

    def _is_still(self, path: Path, file: BinaryIO) -> bool:
        """Whether a file that was opened is the one that is there now, and no pipe or device."""
        self._inside(path)
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ObjectsError(
                f"{path} is not an ordinary file. What to do: put the file itself there; it was "
                "not read."
            )
        return os.path.samestat(status, path.stat())

    def _same(self, listed: Listed, file: BinaryIO) -> None:
        if _listed(listed.key, file).etag != listed.etag:
            raise ChangedError(self.uri(listed.key))

    def _explained(self, doing: str, key: str, error: OSError) -> ObjectsError:
        return ObjectsError(
            f"could not {doing} {self.uri(key)}: {error.strerror or error}. What to do: check that "
            "this user may do that, that the disk is not full and that its folder exists, then "
            "ingest the month again."
        )


def _listed(key: str, file: BinaryIO) -> Listed:
    status = os.fstat(file.fileno())
    return Listed(
        key=key,
        size=status.st_size,
        etag=f"{status.st_mtime_ns:x}-{status.st_size:x}-{status.st_ino:x}",
        modified=datetime.fromtimestamp(status.st_mtime, UTC),
    )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock between the processes of this machine while the block runs."""
    # The file stays: after its removal two processes could hold different locks.
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
