"""The attempt: how one run ended. The receipt is the attempt that says what CloudZero holds."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, Self

from credits_pipeline.core.storage import schema
from credits_pipeline.credits.model.findings import RecordClass


class Verdict(StrEnum):
    """How a run ended (design decision 14)."""

    VERIFIED = "verified"
    PARTIAL = "partial"
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"
    BLOCKED = "blocked"
    HELD = "held"
    DRY_RUN = "dry_run"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    #: Written before the first create; if it is still there after a kill, the month is incomplete.
    SENDING = "sending"

    @property
    def has_receipt(self) -> bool:
        """Whether CloudZero holds exactly what the attempt says."""
        return self in {Verdict.VERIFIED, Verdict.PARTIAL, Verdict.UNCHANGED}

    @property
    def is_red(self) -> bool:
        """Whether a person has to look."""
        return self in {Verdict.BLOCKED, Verdict.HELD, Verdict.INCOMPLETE, Verdict.FAILED}


@dataclass(frozen=True)
class Attempt:
    """One run's outcome, as stored in JSON. Money is text; moments are ISO 8601 in UTC.

    Attributes:
        run_id: Dagster's run.
        billing_month: ``YYYY-MM``.
        verdict: see `Verdict`.
        reason: one sentence for people: what happened, and where.
        what_to_do: one sentence; empty if there is nothing to do.
        file: the object's key.
        file_version: token of the version that the run was about.
        connection_id: of the AnyCost Stream.
        base_url: of CloudZero's API.
        layout: name and version of the layout that read the file.
        profile: name and SHA-256 of the profile that the file was read by; empty if by none.
        sign_convention: the sign that was read as credit.
        row_count: rows sent (for a receipt: rows that CloudZero holds).
        unique_accounts: accounts among them.
        total_credit_usd: their credit, positive.
        payload_sha256: digest of the CBF rows over all columns.
        sent_sha256: digest of the rows sent, without those left out as unknown.
        decisions: those in force, a person's or the product's rule.
        decided: those that differ from the product's rule, with who decided, when, in which run.
        ledger: ``{class: {"rows": int, "usd": text or None}}``.
        left_out_usd: credit in the file that is not at CloudZero.
        accounts_checked: whether accounts unknown to CloudZero were looked for; None if that was
            not requested.
        requests: what was sent: operation, drop_id, row_count, attempts, status.
        diff: against what CloudZero held before: accounts and dollars added, removed, changed,
            unchanged.
        warnings: sentences.
        offers: decisions, each as its fields, that would unblock the month.
        rows: name of the stored file with the lists of rows; empty if there are none.
        started_at: when the drop began.
        ended_at: when it ended; empty while sending.
        seconds: from one to the other.
        seconds_at_cloudzero: of these, the time in requests; None if not known.
        ambiguous: a request may or may not have been applied, or may be applied late.
        permanent: a retry without a change can't help.
        proposal: how a file that was made from AWS's ledger was made, as its metadata says: rule,
            booked, inputs, digest; empty for any other file.
        reconciliation: file, ledger and bill side by side, as far as they are available: totals,
            state, differences.
    """

    run_id: str
    billing_month: str
    verdict: Verdict
    reason: str = ""
    what_to_do: str = ""
    file: str = ""
    file_version: str = ""
    connection_id: str = ""
    base_url: str = ""
    layout: str = ""
    sign_convention: str | None = None
    row_count: int | None = None
    unique_accounts: int | None = None
    total_credit_usd: str | None = None
    payload_sha256: str = ""
    sent_sha256: str = ""
    decisions: dict[str, Any] = field(default_factory=dict)
    decided: list[dict[str, Any]] = field(default_factory=list)
    ledger: dict[str, dict[str, Any]] = field(default_factory=dict)
    left_out_usd: str = "0.00"
    accounts_checked: bool | None = None
    requests: list[dict[str, Any]] = field(default_factory=list)
    diff: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    offers: list[dict[str, Any]] = field(default_factory=list)
    rows: str = ""
    started_at: str = ""
    ended_at: str = ""
    seconds: float | None = None
    seconds_at_cloudzero: float | None = None
    ambiguous: bool = False
    permanent: bool = False
    profile: str = ""
    proposal: dict[str, str] = field(default_factory=dict)
    reconciliation: dict[str, Any] = field(default_factory=dict)
    schema_version: int = schema.VERSION

    @property
    def withdrawn(self) -> bool:
        """Whether it meant to withdraw the month."""
        return bool(self.decisions.get("clear_month"))

    def to_json(self) -> bytes:
        """The stored form."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False).encode(
            errors="backslashreplace"
        )

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Read the stored form of this release or an earlier one.

        Raises:
            StorageError: it was stored by a later release.
        """
        stored = json.loads(text)
        what = f"The attempt of {stored['billing_month']} by run {stored['run_id']}"
        schema.refuse_later(stored, what)
        # During an upgrade machine by machine, an attempt may have fields that are unknown here.
        known = {field.name for field in fields(cls)} & stored.keys()
        told = {name: stored[name] for name in known}
        return cls(**{**told, "verdict": Verdict(stored["verdict"])})


def rows_left_out(ledger: Mapping[str, Mapping[str, Any]]) -> int:
    """How many records have credit that a person may be owed and that was not sent."""
    return sum(
        ledger[name]["rows"]
        for name in (
            RecordClass.CONFLICTING_DUPLICATE,
            RecordClass.REJECTED,
            RecordClass.ACCOUNT_UNKNOWN,
        )
        if name in ledger
    )
