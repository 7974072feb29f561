"""A bill: one month of one source as it was delivered, and the marts that were made from it."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

#: The source of the first wing's receipts, whose rows count in *Net* only.
RECEIPTS = "credits-receipts"


@dataclass(frozen=True)
class Bill:
    """Where the numbers of one month of one source come from.

    Attributes:
        source: its name.
        provider: ``aws``, ``azure``, ``gcp`` or another short code.
        billing_month: ``YYYY-MM``.
        version: of the typed rows.
        manifest: the delivery's identity.
        address: where its manifest is.
        complete_through: the last day that has all its charges; None if not known.
        delivered_at: when the provider wrote it, ISO 8601, UTC.
        created_at: when it was ingested, ISO 8601, UTC.
        rows: typed rows.
        files: how many files it came in.
        bytes: their size.
        rounded_rows: rows whose money had more than 18 places.
        run_id: of the run that ingested it; empty if run by hand.
    """

    source: str
    provider: str
    billing_month: str
    version: str
    manifest: str
    address: str
    complete_through: date | None
    delivered_at: str
    created_at: str
    rows: int
    files: int
    bytes: int
    rounded_rows: int
    run_id: str


@dataclass(frozen=True)
class Part:
    """One partition of one mart, as a published file has it.

    Attributes:
        mart: its name.
        source: whose rows.
        billing_month: ``YYYY-MM``.
        version: of the mart.
        file: its Parquet file, here.
        rows: how many.
    """

    mart: str
    source: str
    billing_month: str
    version: str
    file: Path
    rows: int

    @property
    def key(self) -> tuple[str, str, str]:
        """Which partition of which mart."""
        return self.mart, self.source, self.billing_month
