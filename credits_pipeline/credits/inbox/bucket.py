"""The inbox in S3: list, look up, read and upload, each with errors that say what to do."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from credits_pipeline.core.aws import s3_client
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.inbox.names import file_name
from credits_pipeline.credits.inbox.version import FileVersion

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

_NOT_THERE = {"404", "NoSuchKey", "NoSuchVersion", "NotFound"}
_CHANGED = {"412", "PreconditionFailed"}
_PART_BYTES = 4 * 1024 * 1024
#: How often an object is read again if it is replaced while being read, or breaks off.
_READS = 5


class InboxError(Exception):
    """The inbox can't be used as asked; the message says why and what to do."""


class VersionGoneError(InboxError):
    """The version is no longer the object's current one, or the object was deleted."""


class BrokenOffError(InboxError):
    """The bytes ended early, or are not those that were uploaded."""


@contextmanager
def _explained(doing: str, bucket: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        told = error.response.get("Error", {})
        code = str(told.get("Code", "unknown"))
        advice = {
            "NoSuchBucket": "check CREDITS_BUCKET, and AWS_ENDPOINT_URL_S3 if you set it",
            "404": "check CREDITS_BUCKET, and AWS_ENDPOINT_URL_S3 if you set it",
            "AccessDenied": "give the pipeline's role s3:ListBucket on the bucket and "
            "s3:GetObject below the prefix",
            "403": "give the pipeline's role s3:ListBucket on the bucket and s3:GetObject below "
            "the prefix",
            "InvalidAccessKeyId": "check the AWS credentials of this process",
            "SignatureDoesNotMatch": "check the AWS credentials of this process",
            "RequestTimeTooSkewed": "set this machine's clock; credits-pipeline doctor compares it",
            "ExpiredToken": "renew the AWS credentials of this process",
        }.get(code, "nothing was sent; the next attempt may succeed")
        raise InboxError(
            f"S3 refused {doing} in bucket {bucket!r}: {code}, {told.get('Message', '')}. "
            f"What to do: {advice}."
        ) from error
    except (BotoCoreError, OSError) as error:
        raise InboxError(
            f"S3 could not be asked for {doing} in bucket {bucket!r}: {error}. What to do: check "
            "the network, AWS_REGION, AWS_ENDPOINT_URL_S3 and the AWS credentials; nothing was "
            "sent, and the next attempt may succeed."
        ) from error


@dataclass(frozen=True)
class Inbox:
    """The objects of a bucket below a prefix.

    Attributes:
        bucket: its name.
        prefix: what every key starts with; may be empty.
    """

    bucket: str
    prefix: str = ""

    def key(self, month: BillingMonth) -> str:
        """The key of a month's file."""
        return f"{self.prefix}{file_name(month)}"

    def uri(self, key: str) -> str:
        """The ``s3://`` address of a key."""
        return f"s3://{self.bucket}/{key}"

    @property
    def endpoint(self) -> str:
        """Where S3 is asked."""
        return s3_client().meta.endpoint_url

    def listing(self, below: str = "", *, after: str = "", pages: int | None = None) -> "Listing":
        """List current versions of the objects below the prefix, a thousand to a request.

        Args:
            below: narrows the prefix further, such as ``credits-``.
            after: start after this key.
            pages: the most requests; None for all.

        Raises:
            InboxError: S3 can't be asked, or refuses.
        """
        versions: list[FileVersion] = []
        where: dict[str, Any] = {"StartAfter": after} if after else {}
        page = 0
        while pages is None or page < pages:
            answer = self._page(below, where)
            versions += _versions(answer)
            page += 1
            if not answer.get("NextContinuationToken"):
                return Listing(tuple(versions), complete=True)
            where = {"ContinuationToken": answer["NextContinuationToken"]}
        return Listing(tuple(versions), complete=False)

    def first_page(self, below: str = "") -> "FirstPage":
        """The first objects of a listing, with the time that S3 answered at.

        Args:
            below: as in `listing`.

        Raises:
            InboxError: S3 can't be asked, or refuses.
        """
        answer = self._page(below, {})
        date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        return FirstPage(
            Listing(tuple(_versions(answer)), complete=not answer.get("NextContinuationToken")),
            None if date is None else parsedate_to_datetime(date),
        )

    def _page(self, below: str, where: Mapping[str, Any]) -> "ListObjectsV2OutputTypeDef":
        with _explained(f"a list of {self.uri(self.prefix + below)!r}", self.bucket):
            answer = s3_client().list_objects_v2(
                Bucket=self.bucket,
                Prefix=self.prefix + below,
                **where,
            )
        if "KeyCount" not in answer:
            # An answer that was cut off in its header looks like an empty list.
            raise InboxError(
                f"S3's list of {self.uri(self.prefix + below)!r} was cut off. What "
                "to do: nothing; the next tick asks again."
            )
        return answer

    def try_to_read(self, version: FileVersion) -> None:
        """Read the first byte of a version as `read` would: with its key and S3's own version id.

        Raises:
            InboxError: S3 can't be asked, or refuses.
        """
        which: dict[str, Any] = {"VersionId": version.version_id} if version.version_id else {}
        # An empty object has no first byte.
        part: dict[str, Any] = {"Range": "bytes=0-0"} if version.size else {}
        with _explained(f"{version.key!r}", self.bucket):
            s3_client().get_object(Bucket=self.bucket, Key=version.key, **which, **part)[
                "Body"
            ].read()

    def current(self, key: str) -> FileVersion | None:
        """The version that S3 calls current, or None if there is no such object.

        Raises:
            InboxError: S3 can't be asked, or refuses.
        """
        with _explained(f"the current version of {key!r}", self.bucket):
            try:
                head = s3_client().head_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") in _NOT_THERE:
                    return None
                raise
        missing = {"ETag", "LastModified", "ContentLength"} - head.keys()
        if missing:
            raise InboxError(
                f"S3's answer about {self.uri(key)} was cut off: there is no "
                f"{', '.join(sorted(missing))}. What to do: nothing was sent, and the next attempt "
                "may succeed."
            )
        version_id = head.get("VersionId")
        return FileVersion(
            key=key,
            etag=head["ETag"].strip('"'),
            last_modified=head["LastModified"],
            size=head["ContentLength"],
            version_id=None if version_id in (None, "null") else version_id,
            metadata=dict(head["Metadata"]),
        )

    def read(self, version: FileVersion, *, at_most: int | None = None) -> bytes:
        """The bytes of exactly this version.

        Args:
            version: from `current`.
            at_most: refuse a larger object before it is in memory.

        Raises:
            VersionGoneError: the object was overwritten or deleted since.
            BrokenOffError: S3 delivers fewer bytes than it announced, or other ones.
            InboxError: S3 can't be asked, refuses, or the object is larger than allowed.
        """
        where = self.uri(version.key)
        if at_most is not None and version.size > at_most:
            raise InboxError(
                f"{where} has {version.size:,} bytes, more than the {at_most:,} allowed. What to "
                "do: check that it is a credits file; if it is, raise CREDITS_MAX_BYTES."
            )
        which: dict[str, Any] = {"VersionId": version.version_id} if version.version_id else {}
        with _explained(f"{version.key!r}", self.bucket):
            try:
                answer = s3_client().get_object(
                    Bucket=self.bucket,
                    Key=version.key,
                    IfMatch=f'"{version.etag}"',
                    **which,
                )
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") in _NOT_THERE | _CHANGED:
                    raise VersionGoneError(
                        f"{where} was overwritten or deleted while it was read. What to do: "
                        "nothing; the newest version starts a run of its own."
                    ) from error
                raise
        if answer["Metadata"] != dict(version.metadata):
            # It carries the control totals: an answer that was cut off must not drop them.
            raise BrokenOffError(
                f"S3 answered about {where} twice, each time with different metadata. What to do: "
                "nothing was sent, and the next attempt may succeed."
            )
        return self._body(answer["Body"], version)

    def _body(self, body: "StreamingBody", version: FileVersion) -> bytes:
        """All bytes of an answer; the SDK repeats requests, but not bodies that break off.

        The SDK compares them with S3's own checksum, if the object has one.
        """
        data = bytearray()
        reason: Exception | None = None
        try:
            for part in body.iter_chunks(_PART_BYTES):
                data += part
        except (BotoCoreError, OSError) as error:
            reason = error
        if reason is not None or len(data) != version.size:
            told = f" ({reason})" if reason else ""
            raise BrokenOffError(
                f"{self.uri(version.key)} arrived with {len(data):,} of {version.size:,} bytes"
                f"{told}. What to do: nothing was sent, and the next attempt may succeed."
            ) from reason
        return bytes(data)

    def read_current(self, key: str, *, at_most: int) -> tuple[FileVersion, bytes] | None:
        """The current version and its bytes; the newest, if it is replaced while being read.

        A read that breaks off is repeated.

        Args:
            key: the object's whole key.
            at_most: refuse a larger object before it is in memory.

        Returns:
            None if there is no such object.

        Raises:
            VersionGoneError: it was replaced again and again.
            BrokenOffError: it broke off again and again.
            InboxError: as `read`.
        """
        for remaining in reversed(range(_READS)):
            version = self.current(key)
            if version is None:
                return None
            try:
                return version, self.read(version, at_most=at_most)
            except (VersionGoneError, BrokenOffError):
                if not remaining:
                    raise
        raise AssertionError("the last read returns or raises")  # pragma: no cover

    def upload(
        self, key: str, data: bytes, *, metadata: dict[str, str] | None = None
    ) -> FileVersion:
        """Upload an object whole, and return the version that it became.

        Raises:
            InboxError: S3 can't be asked, or refuses.
        """
        with _explained(f"an upload to {key!r}", self.bucket):
            s3_client().put_object(
                Bucket=self.bucket,
                Key=key,
                Body=data,
                ContentType="text/csv",
                Metadata=metadata or {},
            )
        version = self.current(key)
        if version is None:
            raise InboxError(
                f"{self.uri(key)} was uploaded, but is not there: find out who deletes it"
            )
        return version


def _versions(answer: "ListObjectsV2OutputTypeDef") -> Iterator[FileVersion]:
    for item in answer.get("Contents", []):
        yield FileVersion(
            key=item["Key"],
            etag=item["ETag"].strip('"'),
            last_modified=item["LastModified"],
            size=item["Size"],
        )


@dataclass(frozen=True)
class FirstPage:
    """The beginning of a listing, and when S3 answered by its own clock, to the second."""

    listing: "Listing"
    answered_at: datetime | None


@dataclass(frozen=True)
class Listing:
    """Objects of the inbox; ``complete`` says whether no more follow the last one."""

    versions: tuple[FileVersion, ...]
    complete: bool
