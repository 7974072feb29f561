"""A place for files, on disk or in S3: a name has the whole of what was written, or nothing."""

import os
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Protocol

from credits_pipeline.core.aws import s3_client
from credits_pipeline.core.disk import sync

_S3 = "s3://"
#: Computes a name's new content from its old content; see `Store.update`.
Renew = Callable[[bytes | None], bytes | None]
_LOCK = ".updating"
#: How often a name is read again because another writer was faster.
_MOST_UPDATES = 50
#: S3's error codes for that; the last are of S3-compatible stores without conditional writes.
_FASTER = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "412", "409"})
_NO_CONDITIONS = frozenset({"NotImplemented", "501"})


class StorageError(Exception):
    """The storage can't be read or written; the message says why and what to do."""


class Store(Protocol):
    """Files by name, below one root. Names are relative and use ``/``."""

    def read(self, name: str) -> bytes | None:
        """The content of a name, or None if nothing was written there."""

    def write(self, name: str, data: bytes) -> None:
        """Write a name's whole content, or fail and leave what was there."""

    def update(self, name: str, renew: Renew) -> None:
        """Read a name and write what follows from it, with no other write in between.

        Args:
            name: of a pointer, which several runs may want to move.
            renew: takes the content, or None, and returns the new one, or None to leave it. It is
                called again if another writer was faster.
        """

    def names(self, below: str) -> Iterator[str]:
        """All names that start with ``below``, in order."""

    def uri(self, name: str) -> str:
        """Where a person finds a name's content."""


def open_store(root: str) -> Store:
    """The store at a folder, or at an ``s3://bucket/prefix``."""
    if root.startswith(_S3):
        bucket, _, prefix = root.removeprefix(_S3).partition("/")
        return S3Store(bucket, prefix.rstrip("/") + "/" if prefix.strip("/") else "")
    return FolderStore(Path(root))


class FolderStore:
    """A folder: writes go to a temporary file beside the target, then fsync and rename."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, name: str) -> bytes | None:
        """See `Store.read`."""
        try:
            return (self._root / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._explained("read", name, error) from error

    def write(self, name: str, data: bytes) -> None:
        """See `Store.write`."""
        target = self._root / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".writing-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                Path(temporary).replace(target)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
            sync(target.parent)
        except OSError as error:
            raise self._explained("write", name, error) from error

    def update(self, name: str, renew: Renew) -> None:
        """See `Store.update`. One lock of the operating system covers all names."""
        import filelock  # noqa: PLC0415 - only what moves a pointer needs it

        try:
            self._root.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(self._root / _LOCK):
                renewed = renew(self.read(name))
                if renewed is not None:
                    self.write(name, renewed)
        except OSError as error:
            raise self._explained("write", name, error) from error

    def names(self, below: str) -> Iterator[str]:
        """See `Store.names`."""
        folder = self._root / below.rpartition("/")[0]

        def refuse(error: OSError) -> None:
            # Otherwise a folder that can't be read would count as empty.
            if not isinstance(error, FileNotFoundError):
                raise self._explained("list", below, error) from error

        found = [
            (Path(place) / name).relative_to(self._root).as_posix()
            for place, _, names in os.walk(folder, onerror=refuse)
            for name in names
            if not name.startswith((".writing-", _LOCK))
        ]
        yield from sorted(name for name in found if name.startswith(below))

    def uri(self, name: str) -> str:
        """See `Store.uri`."""
        return (self._root / name).absolute().as_uri()

    def _explained(self, doing: str, name: str, error: OSError) -> StorageError:
        return StorageError(
            f"could not {doing} {self._root / name}: {error.strerror or error}. What to do: check "
            "that the folder CREDITS_STORAGE is writable for this user and the disk is not full, "
            "then materialise the month again."
        )


class S3Store:
    """A prefix of a bucket: each write is one PUT or one completed multipart upload."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = prefix

    def read(self, name: str) -> bytes | None:
        """See `Store.read`."""
        return self._read_with_tag(name)[0]

    def _read_with_tag(self, name: str) -> tuple[bytes | None, str | None]:
        """The content of a name and its ETag."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - S3 only

        try:
            answer = s3_client().get_object(Bucket=self._bucket, Key=self._prefix + name)
            return bytes(answer["Body"].read()), answer["ETag"]
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "NoSuchKey":
                return None, None
            raise self._explained("read", name, error) from error
        except (BotoCoreError, OSError) as error:
            raise self._explained("read", name, error) from error

    def write(self, name: str, data: bytes) -> None:
        """See `Store.write`."""
        from boto3.exceptions import S3UploadFailedError  # noqa: PLC0415 - S3 only
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - S3 only

        try:
            s3_client().upload_fileobj(BytesIO(data), self._bucket, self._prefix + name)
        except (ClientError, BotoCoreError, S3UploadFailedError, OSError) as error:
            raise self._explained("write", name, error) from error

    def update(self, name: str, renew: Renew) -> None:
        """See `Store.update`. S3 writes only if the object is still the one that was read."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - S3 only

        for _ in range(_MOST_UPDATES):
            text, etag = self._read_with_tag(name)
            renewed = renew(text)
            if renewed is None:
                return
            try:
                put = partial(
                    s3_client().put_object,
                    Bucket=self._bucket,
                    Key=self._prefix + name,
                    Body=renewed,
                )
                put(IfNoneMatch="*") if etag is None else put(IfMatch=etag)
            except ClientError as error:
                code = error.response.get("Error", {}).get("Code", "")
                if code in _NO_CONDITIONS:
                    self.write(name, renewed)
                    return
                if code not in _FASTER:
                    raise self._explained("write", name, error) from error
            except (BotoCoreError, OSError) as error:
                raise self._explained("write", name, error) from error
            else:
                return
        raise self._explained("write", name, OSError("others write it all the time"))

    def names(self, below: str) -> Iterator[str]:
        """See `Store.names`."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - S3 only

        pages = s3_client().get_paginator("list_objects_v2")
        try:
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + below):
                if "KeyCount" not in page:
                    # An answer that was cut off in its header looks like an empty list.
                    raise self._explained("list", below, OSError("the answer was cut off"))
                for item in page.get("Contents", []):
                    yield item["Key"].removeprefix(self._prefix)
        except (ClientError, BotoCoreError, OSError) as error:
            raise self._explained("list", below, error) from error

    def uri(self, name: str) -> str:
        """See `Store.uri`."""
        return f"{_S3}{self._bucket}/{self._prefix}{name}"

    def _explained(self, doing: str, name: str, error: Exception) -> StorageError:
        return StorageError(
            f"could not {doing} {self.uri(name)}: {error}. What to do: check that CREDITS_STORAGE "
            "names a bucket that this process may read and write, then materialise the month again."
        )
