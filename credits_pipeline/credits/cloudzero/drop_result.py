"""The result of a drop: its verdict, what was sent, and what CloudZero said."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

import polars as pl

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.cloudzero.cbf import usd_of
from credits_pipeline.credits.cloudzero.diff import Diff
from credits_pipeline.credits.cloudzero.difference import Difference
from credits_pipeline.credits.cloudzero.plan import Plan
from credits_pipeline.credits.cloudzero.retrying import RequestRecord

Verdict = Literal[
    "sending",
    "verified",
    "partial",
    "unchanged",
    "held",
    "blocked",
    "dry_run",
    "incomplete",
    "failed",
]


@dataclass(frozen=True, eq=False)
class DropResult:
    """The result of a drop.

    Attributes:
        month: the billing month.
        verdict: see design decision 14; ``sending`` only in what the journal receives.
        reason: what happened, in sentences.
        what_to_do: what a person should do, or the empty text.
        permanent: repeating it unchanged would end the same.
        ambiguous: a request without an answer may be applied late: check again.
        sent_something: whether a create went out.
        requests: every request, in order.
        warnings: what a person should know although it did not stop the drop.
        validation_errors: the errors that CloudZero's validation listed.
        diff: the change by account, once it is known.
        plan: rows and bodies, once they are made.
        sent_sha256: the digest of the rows that were sent, or would be.
        sent_rows: how many rows those are.
        sent_usd: their total, signed as credits.
        left_out: rows of accounts that CloudZero does not know.
        accounts_checked: whether accounts were checked; None if not requested.
        read_back: how the contents read back differ from what was sent, if they were read.
        seconds_in_cloudzero: in requests, without the waits between them.
    """

    month: BillingMonth
    verdict: Verdict
    reason: str = ""
    what_to_do: str = ""
    permanent: bool = False
    ambiguous: bool = False
    sent_something: bool = False
    requests: tuple[RequestRecord, ...] = ()
    warnings: tuple[str, ...] = ()
    validation_errors: tuple[str, ...] = ()
    diff: Diff | None = None
    plan: Plan | None = None
    sent_sha256: str | None = None
    sent_rows: int = 0
    sent_usd: Decimal = Decimal(0)
    left_out: pl.DataFrame = field(default_factory=pl.DataFrame)
    accounts_checked: bool | None = None
    read_back: Difference | None = None
    seconds_in_cloudzero: float = 0.0

    @property
    def left_out_usd(self) -> Decimal:
        """Dollars of credit of the accounts left out."""
        return Decimal(0) if self.left_out.is_empty() else Decimal(usd_of(self.left_out).sum())
