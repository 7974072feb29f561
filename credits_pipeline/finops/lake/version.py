"""What is known about one version of a month: its origin, its content, its findings."""

import json
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, Self

from credits_pipeline.core.month import BillingMonth


@dataclass(frozen=True)
class ReadFile:
    """A delivered file as it was read: etag and SHA-256 pin its content."""

    name: str
    key: str
    size: int
    etag: str
    sha256: str
    rows: int


@dataclass(frozen=True)
class Part:
    """A Parquet file of the version."""

    name: str
    size: int
    rows: int


@dataclass(frozen=True)
class Version:
    """One version of a source's month. Never changed once it is written.

    Attributes:
        identity: of the delivery that it was made from.
        totals: by currency, each of the four costs as exact decimal text.
        columns: the headers that the files had.
        tags: the keys that are columns.
        tag_digest: of the keys and the spellings that mean the same.
        checks: what was found, as plain data.
    """

    source: str
    provider: str
    month: BillingMonth
    version: str
    identity: str
    manifest: str
    delivered_at: datetime
    created_at: datetime
    run_id: str
    rows: int
    rounded_rows: int
    size: int
    files: tuple[ReadFile, ...]
    parts: tuple[Part, ...]
    totals: dict[str, dict[str, str]]
    columns: tuple[str, ...]
    focus_version: str
    tags: tuple[str, ...]
    tag_digest: str
    complete_through: date | None = None
    checks: tuple[dict[str, Any], ...] = field(default=())

    def to_json(self) -> bytes:
        """Its stored form, in ``version.json``."""
        content = asdict(self)
        content["month"] = str(self.month)
        content["delivered_at"] = self.delivered_at.isoformat()
        content["created_at"] = self.created_at.isoformat()
        content["complete_through"] = (
            self.complete_through.isoformat() if self.complete_through else None
        )
        return json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True).encode()

    @classmethod
    def of_json(cls, content: bytes) -> Self:
        """Read what `to_json` wrote; names that a later release added are ignored.

        Raises:
            ValueError: it is not such a text.
        """
        try:
            read = json.loads(content)
            through = read.get("complete_through")
            known = {name: read[name] for name in cls.__dataclass_fields__ if name in read}
            return cls(
                **{
                    **known,
                    "month": BillingMonth.parse(read["month"]),
                    "delivered_at": datetime.fromisoformat(read["delivered_at"]),
                    "created_at": datetime.fromisoformat(read["created_at"]),
                    "complete_through": date.fromisoformat(through) if through else None,
                    "files": tuple(ReadFile(**each) for each in read["files"]),
                    "parts": tuple(Part(**each) for each in read["parts"]),
                    "columns": tuple(read["columns"]),
                    "tags": tuple(read["tags"]),
                    "checks": tuple(read["checks"]),
                }
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"no version: {error!r}") from error
