"""A bucket or container of one of three clouds as a place, through one library (obstore).

Credentials and endpoints are each cloud's own: boto3's chain for S3 (``AWS_…``, profiles, roles),
``AZURE_…`` for Azure, ``GOOGLE_…`` and application default credentials for Google. A plain
``http://`` endpoint works if the environment names one.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    NotFoundError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import AzureStore, GCSStore, S3Store

from credits_pipeline.core.hidden import without_secrets
from credits_pipeline.finops.objects.keys import safe_key
from credits_pipeline.finops.objects.place import (
    Arrived,
    ChangedError,
    Fetched,
    Listed,
    MissingError,
    ObjectsError,
)

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

#: Fetched in pieces: a connection that breaks costs one piece and not a file of a gigabyte.
_PIECE = 32 << 20
_PIECE_TRIES = 4
_RETRIES: "RetryConfig" = {"max_retries": 5, "retry_timeout": timedelta(seconds=90)}
#: The endpoints that may be plain HTTP, by the start of a location.
_ENDPOINTS = {
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
    "az": ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
    "gs": ("GOOGLE_BASE_URL", "STORAGE_EMULATOR_HOST"),
}
#: The clouds' answers when the fault is theirs or the network's, not a setting's.
_NOT_FOUND_WORDS = ("nosuchbucket", "containernotfound")
_NOT_ALLOWED_WORDS = ("403", "401", "accessdenied", "forbidden", "unauthorized", "credential")


class CloudPlace:
    """Files below a prefix of a bucket."""

    def __init__(self, scheme: str, bucket: str, prefix: str) -> None:
        self._root = f"{scheme}://{bucket}/{prefix}".rstrip("/")
        try:
            self._store = _store(scheme, bucket, prefix)
        except (BaseError, ValueError) as error:
            raise self._explained("open", "", error) from None

    def list(self, prefix: str = "") -> Iterator[Listed]:
        """See `Place.list`."""
        # Stores list below whole folders only; the rest of the prefix is compared here.
        folder = prefix.rpartition("/")[0]
        found = []
        try:
            for page in obstore.list(self._store, folder or None):
                found += [_listed(meta) for meta in page]
        except (BaseError, OSError) as error:
            raise self._explained("list", prefix, error) from None
        yield from sorted(
            (one for one in found if one.key.startswith(prefix)), key=lambda one: one.key
        )

    def head(self, key: str) -> Listed:
        """See `Place.head`."""
        try:
            return _listed(obstore.head(self._store, safe_key(key)))
        except (BaseError, OSError) as error:
            raise self._explained("read", key, error) from None

    def read(self, key: str, limit: int) -> bytes:
        """See `Place.read`."""
        try:
            answer = obstore.get(self._store, safe_key(key))
            if answer.meta["size"] > limit:
                raise ObjectsError(
                    f"{self.uri(key)} has more than {limit:,} bytes. What to do: check that the "
                    "file is what its name says; it was not read."
                )
            content = bytes(answer.bytes())
        except (BaseError, OSError) as error:
            raise self._explained("read", key, error) from None
        if len(content) != answer.meta["size"]:
            raise self._short(key, len(content), answer.meta["size"])
        return content

    def fetch(self, listed: Listed, to: Path, arrived: Arrived | None = None) -> Fetched:
        """See `Place.fetch`."""
        digest = hashlib.sha256()
        try:
            with to.open("wb") as target:
                at = 0
                while at < listed.size:
                    piece = self._piece(listed, at, min(at + _PIECE, listed.size))
                    target.write(piece)
                    digest.update(piece)
                    at += len(piece)
                    if arrived:
                        arrived(len(piece))
        except BaseException as error:
            to.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise ObjectsError(
                    f"could not write {self.uri(listed.key)} to {to}: {error.strerror or error}. "
                    "What to do: check that the disk has room for one month of this source, then "
                    "ingest the month again."
                ) from error
            raise
        return Fetched(listed, to, digest.hexdigest())

    def uri(self, key: str) -> str:
        """See `Place.uri`."""
        return f"{self._root}/{key}".rstrip("/")

    def put(self, key: str, content: bytes | Path) -> None:
        """See `Place.put`."""
        try:
            obstore.put(self._store, safe_key(key), content)
        except (BaseError, OSError) as error:
            raise self._explained("write", key, error) from None

    def swap(self, key: str, content: bytes, expected: str | None) -> bool:
        """See `Place.swap`: the store itself compares."""
        mode: Any = "create" if expected is None else {"e_tag": expected}
        try:
            obstore.put(self._store, safe_key(key), content, mode=mode)
        except (AlreadyExistsError, PreconditionError):
            return False
        except (BaseError, OSError) as error:
            if isinstance(error, FileExistsError):
                return False
            raise self._explained("write", key, error) from None
        return True

    def delete(self, keys: Sequence[str]) -> None:
        """See `Place.delete`."""
        for key in keys:
            try:
                obstore.delete(self._store, safe_key(key))
            except (NotFoundError, FileNotFoundError):
                continue
            except (BaseError, OSError) as error:
                raise self._explained("delete", key, error) from None

    def local(self, key: str) -> Path | None:  # noqa: ARG002 - a cloud has no paths
        """See `Place.local`."""
        return None

    def _piece(self, listed: Listed, start: int, end: int) -> bytes:
        """Bytes of exactly the listed content."""
        problem: Exception | None = None
        for _ in range(_PIECE_TRIES):
            try:
                answer = obstore.get(
                    self._store,
                    safe_key(listed.key),
                    options={"range": (start, end), "if_match": listed.etag or None},
                )
                # Not every store supports if-match.
                if answer.meta["size"] != listed.size or (
                    listed.etag and answer.meta["e_tag"] != listed.etag
                ):
                    raise ChangedError(self.uri(listed.key))
                piece = bytes(answer.bytes())
            except PreconditionError as error:
                raise ChangedError(self.uri(listed.key)) from error
            except (NotFoundError, FileNotFoundError) as error:
                raise self._explained("read", listed.key, error) from None
            except (BaseError, OSError) as error:
                problem = self._explained("read", listed.key, error)
                if not getattr(problem, "passes", False):
                    raise problem from None
                continue
            if len(piece) == end - start:
                return piece
            problem = self._short(listed.key, start + len(piece), listed.size)
        assert problem is not None  # noqa: S101 - every round returns, raises or sets it
        raise problem

    def _short(self, key: str, got: int, size: int) -> ObjectsError:
        return ObjectsError(
            f"{self.uri(key)} ended after {got:,} of {size:,} bytes. What to do: nothing, the "
            "month is read again.",
            passes=True,
        )

    def _explained(self, doing: str, key: str, error: Exception) -> ObjectsError:
        """What went wrong; raised alone, because the library's own words may hold a secret."""
        where = self.uri(key)
        said = without_secrets(" ".join(str(error).split()))[:300]
        low = said.casefold()
        if isinstance(error, (NotFoundError, FileNotFoundError)):
            if any(word in low for word in _NOT_FOUND_WORDS):
                return ObjectsError(
                    f"there is no bucket or container for {where}. What to do: check the spelling "
                    "of the source's location, and that the credentials belong to its owner."
                )
            return MissingError(
                f"there is no file {where}. What to do: nothing if it is still being delivered; "
                "otherwise check that the delivery is complete."
            )
        if isinstance(error, (PermissionDeniedError, UnauthenticatedError, PermissionError)) or (
            "5" not in low[:1] and any(word in low for word in _NOT_ALLOWED_WORDS)
        ):
            return ObjectsError(
                f"not allowed to {doing} {where}: {said}. What to do: give this process's "
                "credentials the permission to list and read there (and renew them if they have "
                "expired)."
            )
        return ObjectsError(
            f"could not {doing} {where}: {said}. What to do: nothing if the store is down for a "
            "while, the month is tried again; otherwise check its endpoint and the network.",
            passes=True,
        )


def _store(scheme: str, bucket: str, prefix: str) -> "ObjectStore":
    client: ClientConfig = {
        "connect_timeout": timedelta(seconds=10),
        "read_timeout": timedelta(seconds=30),
        "timeout": timedelta(minutes=10),
        "allow_http": any(
            os.environ.get(name, "").startswith("http://") for name in _ENDPOINTS[scheme]
        )
        or os.environ.get("AZURE_STORAGE_USE_EMULATOR", "").casefold() in ("true", "1"),
    }
    below = prefix or None
    if scheme == "az":
        return AzureStore(bucket, prefix=below, client_options=client, retry_config=_RETRIES)
    if scheme == "gs":
        return GCSStore(bucket, prefix=below, client_options=client, retry_config=_RETRIES)
    return S3Store(
        bucket, prefix=below, client_options=client, retry_config=_RETRIES, **_aws_chain()
    )


def _aws_chain() -> dict[str, Any]:
    """boto3's own chain of credentials and region: profiles, roles, the machine's identity."""
    import boto3  # noqa: PLC0415 - S3 only
    from obstore.auth.boto3 import Boto3CredentialProvider  # noqa: PLC0415 - as above

    region = os.environ.get("AWS_REGION") or None
    session = boto3.Session(region_name=region)
    if session.get_credentials() is None:
        return {"region": session.region_name or "us-east-1"}
    return {
        "credential_provider": Boto3CredentialProvider(session),
        "region": session.region_name or "us-east-1",
    }


def _listed(meta: Any) -> Listed:
    return Listed(
        key=str(meta["path"]),
        size=int(meta["size"]),
        etag=str(meta["e_tag"] or ""),
        modified=meta["last_modified"],
    )
