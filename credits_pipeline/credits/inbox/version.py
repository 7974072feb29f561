"""One version of one file: what distinguishes an upload from the one before it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True)
class FileVersion:
    """An upload, as S3 describes it.

    Attributes:
        key: the object's whole key.
        etag: S3's tag of the content, without quotes.
        last_modified: when it was uploaded, aware, to the second.
        size: in bytes.
        version_id: S3's version id; None in a bucket without versions.
        metadata: the object's own metadata (known after a HEAD, not from a listing).
    """

    key: str
    etag: str
    last_modified: datetime
    size: int
    version_id: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict, compare=False, hash=False)

    @property
    def fingerprint(self) -> str:
        """Eight hex digits that a listing and a HEAD agree on.

        Time is part of it, so that going back to an earlier content is a new version.
        """
        moment = self.last_modified.astimezone(UTC).replace(microsecond=0).isoformat()
        return hashlib.sha256(f"{self.key}\n{self.etag}\n{moment}".encode()).hexdigest()[:8]

    @property
    def token(self) -> str:
        """The version's name in receipts and in storage, such as ``20250203T101112Z-9f86d081``."""
        return f"{self.last_modified.astimezone(UTC):%Y%m%dT%H%M%SZ}-{self.fingerprint}"

    def is_same(self, other: "FileVersion") -> bool:
        """Whether both are the same upload, by S3's version id where both have one."""
        if self.version_id is not None and other.version_id is not None:
            return (self.key, self.version_id) == (other.key, other.version_id)
        return self.token == other.token
