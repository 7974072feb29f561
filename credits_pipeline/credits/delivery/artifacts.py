"""The values that pass between the assets, and the files that store them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from typing import TYPE_CHECKING, Any, Protocol, Self, get_args

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.statement import Statement
from credits_pipeline.core.storage import schema
from credits_pipeline.credits.inbox.version import FileVersion
from credits_pipeline.credits.model.decisions import Decisions
from credits_pipeline.credits.model.findings import Convention

if TYPE_CHECKING:
    import polars as pl

    from credits_pipeline.credits.cloudzero.payload import Payload
    from credits_pipeline.credits.reading import MonthReading


class Stored(Protocol):
    """What the IO manager stores: a value of one month, made from one version of a file."""

    version: FileVersion

    @property
    def digest(self) -> str:
        """Equal for equal content."""

    def to_files(self) -> dict[str, bytes]:
        """The value as files that anyone can read."""

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """The value, read from its files."""


#: The ETag of a file that is not there; S3 never returns one like it.
_NO_FILE = "none"


@dataclass(frozen=True)
class RawFile:
    """The exact bytes of one version of a month's file."""

    month: BillingMonth
    version: FileVersion
    data: bytes

    @classmethod
    def absent(cls, month: BillingMonth, key: str, receipt: str = "") -> Self:
        """A stand-in for the file of a month that is withdrawn without one.

        Args:
            month: the billing month.
            key: where its file would be.
            receipt: the run of the receipt in force when the file was missed; empty for none. Each
                receipt has its own version, so that an old withdrawal does not decide about a
                new receipt.
        """
        etag = f"{_NO_FILE}-{receipt}" if receipt else _NO_FILE
        version = FileVersion(key, etag, datetime.fromtimestamp(0, UTC), 0)
        return cls(month, version, b"")

    @property
    def is_there(self) -> bool:
        """Whether there is a file."""
        return self.version.etag.partition("-")[0] != _NO_FILE

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes."""
        return hashlib.sha256(self.data).hexdigest()

    def to_files(self) -> dict[str, bytes]:
        """See `Stored`."""
        return {"file.csv": self.data, "made_from.json": _origin(self.month, self.version)}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """See `Stored`."""
        month, version, _ = _read_origin(files["made_from.json"])
        return cls(month, version, files["file.csv"])


@dataclass(frozen=True)
class MonthCredits:
    """What was read from a version of a month's file, and the decisions it was judged under.

    Attributes:
        version: the file it was read from.
        reading: the table and its findings.
        decisions: the decisions it was read and judged under.
        previous_convention: the sign that meant credit in the last verified month before.
    """

    version: FileVersion
    reading: "MonthReading"
    decisions: Decisions
    previous_convention: Convention | None

    @classmethod
    def nothing(cls, month: BillingMonth, version: FileVersion, decisions: Decisions) -> Self:
        """The content of a withdrawn month: no rows, whatever the file says."""
        return cls(version, _nothing_read(month), decisions, None)

    @property
    def month(self) -> BillingMonth:
        """The billing month."""
        return self.reading.month

    @property
    def withdrawn(self) -> bool:
        """Whether a person decided to withdraw the month (design decision 17)."""
        return self.decisions.clear_month

    @property
    def statements(self) -> "tuple[Statement, ...]":
        """What is true of it; the checks show these and the guards act on them."""
        from credits_pipeline.credits.evaluation.judgement import statements  # noqa: PLC0415 - loads polars

        found = statements(
            self.reading, self.decisions, previous_convention=self.previous_convention
        )
        if not self.withdrawn:
            return found
        says = f"{self.month} is withdrawn, as decided: its file is ignored."
        return tuple(replace(one, passed=True, message=says, metrics={}) for one in found)

    @property
    def offers(self) -> tuple[dict[str, Any], ...]:
        """The decisions that would clear everything that blocks."""
        from credits_pipeline.credits.offers import offers  # noqa: PLC0415 - loads polars

        if self.withdrawn:
            return ()
        return offers(self.reading, self.decisions, previous_convention=self.previous_convention)

    @property
    def digest(self) -> str:
        """Equal for the same rows of the same version under the same decisions."""
        digest = hashlib.sha256(self.reading.rows.write_csv().encode())
        digest.update(self.version.token.encode())
        digest.update(json.dumps(asdict(self.decisions), sort_keys=True).encode())
        return digest.hexdigest()

    def to_files(self) -> dict[str, bytes]:
        """See `Stored`."""
        from pydantic import TypeAdapter  # noqa: PLC0415 - pydantic's adapters only when storing

        from credits_pipeline.credits.model.findings import Findings  # noqa: PLC0415 - as above

        reading = self.reading
        return {
            "credits.parquet": parquet(reading.rows),
            "rejected.parquet": parquet(reading.rejected),
            "duplicates.parquet": parquet(reading.duplicates),
            "padded.parquet": parquet(reading.padded),
            "findings.json": TypeAdapter(Findings).dump_json(reading.findings, indent=2),
            "made_from.json": _origin(
                self.month,
                self.version,
                decisions=asdict(self.decisions),
                previous_convention=self.previous_convention,
            ),
        }

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """See `Stored`."""
        from pydantic import TypeAdapter  # noqa: PLC0415 - as above

        from credits_pipeline.credits.model.findings import Findings  # noqa: PLC0415 - as above
        from credits_pipeline.credits.reading import MonthReading  # noqa: PLC0415 - loads polars

        month, version, rest = _read_origin(files["made_from.json"])
        return cls(
            version=version,
            reading=MonthReading(
                month=month,
                rows=frame(files["credits.parquet"]),
                rejected=frame(files["rejected.parquet"]),
                duplicates=frame(files["duplicates.parquet"]),
                padded=frame(files["padded.parquet"]),
                findings=TypeAdapter(Findings).validate_json(files["findings.json"]),
            ),
            decisions=Decisions(**rest["decisions"]),
            previous_convention=convention(rest["previous_convention"]),
        )


@dataclass(frozen=True)
class MonthPayload:
    """CBF rows of a month, and what they were made from.

    Attributes:
        version: the file.
        payload: the rows.
        credits_digest: of the `MonthCredits` they were made from.
    """

    version: FileVersion
    payload: "Payload"
    credits_digest: str

    @property
    def month(self) -> BillingMonth:
        """The billing month."""
        return self.payload.month

    @property
    def digest(self) -> str:
        """The digest of the rows, over all columns."""
        return self.payload.sha256

    def to_files(self) -> dict[str, bytes]:
        """See `Stored`."""
        return {
            "cbf.parquet": parquet(self.payload.rows),
            "made_from.json": _origin(self.month, self.version, credits_digest=self.credits_digest),
        }

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """See `Stored`."""
        from credits_pipeline.credits.cloudzero.payload import Payload  # noqa: PLC0415 - loads polars

        month, version, rest = _read_origin(files["made_from.json"])
        return cls(version, Payload(month, frame(files["cbf.parquet"])), rest["credits_digest"])


def _nothing_read(month: BillingMonth) -> "MonthReading":
    import polars as pl

    from credits_pipeline.core.columns import USD  # noqa: PLC0415 - loads polars
    from credits_pipeline.credits.model.findings import (  # noqa: PLC0415 - only here
        Findings,
        Ledger,
        SignFacts,
    )
    from credits_pipeline.credits.model.table import (  # noqa: PLC0415 - loads polars
        DUPLICATES,
        PADDED,
        REJECTED,
    )
    from credits_pipeline.credits.reading import MonthReading  # noqa: PLC0415 - loads polars

    schema = {"account_id": pl.String(), "amount_usd": USD, "line": pl.Int64()}
    return MonthReading(
        month=month,
        rows=pl.DataFrame(schema=schema),
        rejected=REJECTED.to_frame(),
        duplicates=DUPLICATES.to_frame(),
        padded=PADDED.to_frame(),
        findings=Findings(
            layout="none",
            layout_version=0,
            encoding="none",
            delimiter="",
            decimal_mark="",
            ledger=Ledger({}, 0, Decimal(0)),
            signs=SignFacts(0, 0, 0, "positive_is_credit", "positive_is_credit"),
            rows=0,
            total_usd=Decimal(0),
        ),
    )


def convention(text: str | None) -> Convention | None:
    """A stored sign convention; None if there was none."""
    return next((name for name in get_args(Convention) if name == text), None)


def parquet(frame: "pl.DataFrame") -> bytes:
    """A table as Parquet."""
    buffer = BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def frame(data: bytes) -> "pl.DataFrame":
    """A table, read from Parquet."""
    import polars as pl

    return pl.read_parquet(BytesIO(data))


def _origin(month: BillingMonth, version: FileVersion, **rest: object) -> bytes:
    told = {
        schema.FIELD: schema.VERSION,
        "billing_month": str(month),
        "file": {
            "key": version.key,
            "etag": version.etag,
            "version_id": version.version_id,
            "last_modified": version.last_modified.isoformat(),
            "size": version.size,
            "metadata": dict(version.metadata),
        },
        "file_version": version.token,
        **rest,
    }
    return json.dumps(told, indent=2).encode()


def _read_origin(text: bytes) -> tuple[BillingMonth, FileVersion, dict[str, Any]]:
    told = json.loads(text)
    schema.refuse_later(told, f"What a run has made of {told['billing_month']}")
    file = told["file"]
    version = FileVersion(
        **{**file, "last_modified": datetime.fromisoformat(file["last_modified"])}
    )
    return BillingMonth.parse(told["billing_month"]), version, told
