"""What a place for files can do, whichever store is behind it, and what can go wrong there."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from credits_pipeline.finops.errors import BillError


class ObjectsError(BillError):
    """A store could not be read or written."""


class MissingError(ObjectsError):
    """There is no such file. A delivery may be in progress, so this may be temporary."""

    passes = True


class ChangedError(ObjectsError):
    """The file was replaced while it was read: the content is useless, the next read may work."""

    passes = True

    def __init__(self, uri: str) -> None:
        super().__init__(
            f"{uri} changed while it was read. What to do: nothing, the month is read again."
        )


@dataclass(frozen=True)
class Listed:
    """A file as the store lists it.

    Attributes:
        key: relative to the place, with ``/``.
        size: bytes.
        etag: identifies the content; another content has another.
        modified: aware, UTC.
    """

    key: str
    size: int
    etag: str
    modified: datetime


@dataclass(frozen=True)
class Fetched:
    """A file that was fetched completely: where it is, and the SHA-256 of its bytes in hex."""

    listed: Listed
    path: Path
    sha256: str


#: Called with the number of bytes received since the last call.
Arrived = Callable[[int], None]


class Place(Protocol):
    """Files by key below one root."""

    def list(self, prefix: str = "") -> Iterator[Listed]:
        """All files whose key starts with the prefix, in the order of their keys."""

    def head(self, key: str) -> Listed:
        """One file.

        Raises:
            MissingError: there is none.
        """

    def read(self, key: str, limit: int) -> bytes:
        """A small file's content.

        Raises:
            ObjectsError: it has more bytes than the limit.
        """

    def fetch(self, listed: Listed, to: Path, arrived: Arrived | None = None) -> Fetched:
        """Copy exactly the listed content to a path, or raise and leave nothing there.

        Raises:
            ChangedError: the store has another content by now.
        """

    def uri(self, key: str) -> str:
        """Where a person finds a file."""

    def put(self, key: str, content: bytes | Path) -> None:
        """Write a file completely, or raise and leave what was there."""

    def swap(self, key: str, content: bytes, expected: str | None) -> bool:
        """Write a file if it is still what was read: its etag, or None if there was none.

        Returns:
            Whether it was written; False if somebody else wrote meanwhile.
        """

    def delete(self, keys: Sequence[str]) -> None:
        """Remove files; missing ones are no error."""

    def local(self, key: str) -> Path | None:
        """The path of a file on this machine's disk, or None in a cloud."""
