"""Attempts, receipts and decisions in the storage.

::

    attempts/<month>/<run id>.json         one per run
    attempts/<month>/<run id>.rows.json    its lists of rows: rejected, duplicates, unknown, changes
    receipts/<month>.json                  what CloudZero holds
    sent/<month>.json                      the last attempt that sent anything
    last/<month>.json                      the last attempt that was to send, whatever became of it
    uncertain/<month>/<run id>.json        a copy of an attempt with a request that may come late
    visible/<month>.json                   the last attempt that CloudZero's billed cost has shown
    findings/<check>/<month>.json          what the last later look found, from the first fault on
    decisions/<month>/<version>/<run id>.json   what a person decided about a version, in which run
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from credits_pipeline.billing.month import BillingMonth
from credits_pipeline.reporting.attempt import Attempt, Verdict
from credits_pipeline.reporting.finding import Finding
from credits_pipeline.storage.store import Store


class Journal:
    """What every run left behind."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def attempt(self, month: BillingMonth, run_id: str) -> Attempt | None:
        """The attempt of one run, or None."""
        return self._read(f"attempts/{month}/{run_id}.json")

    def receipt(self, month: BillingMonth) -> Attempt | None:
        """What CloudZero holds for a month, or None if nothing was ever verified."""
        return self._read(f"receipts/{month}.json")

    def last_sent(self, month: BillingMonth) -> Attempt | None:
        """The last attempt that sent anything for a month, or None."""
        return self._read(f"sent/{month}.json")

    def last(self, month: BillingMonth) -> Attempt | None:
        """The last attempt of a month that was to send, or None.

        What was superseded or a dry run says nothing of whether the month needs another run.
        """
        return self._read(f"last/{month}.json")

    def receipted(self) -> frozenset[BillingMonth]:
        """Months that have a receipt."""
        return self._months("receipts/")

    def attempted(self) -> frozenset[BillingMonth]:
        """Months that a run was to send, whatever became of it."""
        return self._months("last/")

    def sent_to(self) -> frozenset[BillingMonth]:
        """Months that anything was ever sent to."""
        return self._months("sent/")

    def touched(self, since: datetime) -> list[BillingMonth]:
        """Months that a run sent anything to, or found in order, since an aware moment."""
        months = sorted(self.receipted() | self.sent_to())
        return [
            month
            for month in months
            if any(
                attempt is not None and _ended(attempt) >= since
                for attempt in (self.receipt(month), self.last_sent(month))
            )
        ]

    def uncertain(self) -> Iterator[Attempt]:
        """Attempts with a request that got no answer and may be applied late."""
        for name in self._store.names("uncertain/"):
            attempt = self._read(name)
            if attempt is not None:
                yield attempt

    def visible(self, month: BillingMonth) -> str:
        """The run whose drop CloudZero's billed cost has shown last; empty if there is none."""
        text = self._store.read(f"visible/{month}.json")
        return "" if text is None else str(json.loads(text)["run_id"])

    def note_visible(self, month: BillingMonth, run_id: str) -> None:
        """Write down that CloudZero's billed cost shows what a run sent.

        Raises:
            StorageError: it could not be written.
        """
        told = {"run_id": run_id, "seen_at": datetime.now(UTC).isoformat()}
        self._store.write(f"visible/{month}.json", json.dumps(told, indent=2).encode())

    def note_finding(self, finding: Finding) -> None:
        """Write down what a later look found; of what was never wrong nothing is kept.

        Raises:
            StorageError: it could not be written.
        """
        name = f"findings/{finding.check}/{finding.billing_month}.json"
        if not finding.holds or self._store.read(name) is not None:
            self._store.write(name, finding.to_json())

    def findings(self) -> Iterator[Finding]:
        """What the last later looks found, of each check and month that was ever wrong."""
        for name in self._store.names("findings/"):
            text = self._store.read(name)
            if text is not None:
                yield Finding.from_json(text)

    def lasts(self) -> Iterator[Attempt]:
        """The last attempt of each month that was to send."""
        for name in self._store.names("last/"):
            attempt = self._read(name)
            if attempt is not None:
                yield attempt

    def _months(self, below: str) -> frozenset[BillingMonth]:
        return frozenset(
            BillingMonth.parse(name.removeprefix(below).removesuffix(".json"))
            for name in self._store.names(below)
        )

    def last_verified_before(self, month: BillingMonth) -> Attempt | None:
        """The receipt of the nearest earlier month that has one and was not withdrawn, or None."""
        return next(self.verified_before(month), None)

    def verified_before(self, month: BillingMonth) -> Iterator[Attempt]:
        """The receipts of earlier months that were not withdrawn, the nearest month first."""
        for earlier in sorted((m for m in self.receipted() if m < month), reverse=True):
            receipt = self.receipt(earlier)
            if receipt is not None and not receipt.decisions.get("clear_month"):
                yield receipt

    def waiting_for_accounts(self) -> Iterator[tuple[BillingMonth, Attempt]]:
        """Months that wait until CloudZero knows their accounts.

        Each with the attempt that names them: the last one where it was blocked for them, else the
        receipt, where that left some out.
        """
        for month in sorted(self.receipted() | self.attempted()):
            last = self.last(month)
            if last is not None and last.verdict is Verdict.BLOCKED and _unknown(last):
                yield month, last
                continue
            newest = last is not None and last.verdict.has_receipt
            receipt = last if newest else self.receipt(month)
            if receipt is not None and _unknown(receipt):
                yield month, receipt

    def unknown_accounts(self, attempt: Attempt) -> frozenset[str]:
        """The accounts that an attempt left out as unknown to CloudZero."""
        return frozenset(row["account_id"] for row in self.rows(attempt).get("unknown", ()))

    def attempts(self, month: BillingMonth) -> Iterator[Attempt]:
        """Every attempt of a month, in the order of their run ids."""
        for name in self._store.names(f"attempts/{month}/"):
            if not name.endswith(".rows.json"):
                attempt = self._read(name)
                if attempt is not None:
                    yield attempt

    def begin_sending(self, attempt: Attempt) -> None:
        """Write the attempt down before the first create.

        Raises:
            StorageError: it could not be written, so nothing may be sent.
        """
        sending = replace(attempt, verdict=Verdict.SENDING)
        self._write(f"attempts/{attempt.billing_month}/{attempt.run_id}.json", sending)
        self._write(f"sent/{attempt.billing_month}.json", sending)
        self._write(f"last/{attempt.billing_month}.json", sending)

    def close(
        self, attempt: Attempt, *, sent: bool, rows: dict[str, list[dict[str, Any]]] | None = None
    ) -> Attempt:
        """Write down how an attempt ended: its rows, the attempt, the pointers last.

        Args:
            attempt: with its final verdict.
            sent: whether anything was sent, so that it is the month's last that did.
            rows: lists of rows to lie beside it.

        Returns:
            The attempt as stored.

        Raises:
            StorageError: it could not be written.
        """
        month, name = attempt.billing_month, f"attempts/{attempt.billing_month}/{attempt.run_id}"
        if rows and any(rows.values()):
            attempt = replace(attempt, rows=f"{name}.rows.json")
            text = json.dumps(rows, indent=1, ensure_ascii=False).encode(errors="backslashreplace")
            self._store.write(attempt.rows, text)
        self._write(f"{name}.json", attempt)
        if attempt.ambiguous:
            self._write(f"uncertain/{month}/{attempt.run_id}.json", attempt)
        if attempt.verdict.has_receipt:
            self._write(f"receipts/{month}.json", attempt)
        if sent:
            self._point(f"sent/{month}.json", attempt)
        if attempt.verdict not in {Verdict.SUPERSEDED, Verdict.DRY_RUN}:
            self._point(f"last/{month}.json", attempt)
        return attempt

    def rows(self, attempt: Attempt) -> dict[str, list[dict[str, Any]]]:
        """The lists of rows that lie beside an attempt."""
        text = self._store.read(attempt.rows) if attempt.rows else None
        return json.loads(text) if text is not None else {}

    def uri(self, attempt: Attempt) -> str:
        """Where a person finds an attempt."""
        return self._store.uri(f"attempts/{attempt.billing_month}/{attempt.run_id}.json")

    def decide(
        self, month: BillingMonth, version: str, *, run_id: str, who: str, decided: dict[str, Any]
    ) -> None:
        """Record what a person decided about a version.

        Raises:
            StorageError: it could not be written.
        """
        record = {
            "run_id": run_id,
            "who": who,
            "at": datetime.now(UTC).isoformat(timespec="microseconds"),
            "decided": decided,
        }
        name = f"decisions/{month}/{version}/{run_id}.json"
        self._store.write(name, json.dumps(record, indent=2).encode())

    def decided(self, month: BillingMonth, version: str) -> list[dict[str, Any]]:
        """What was decided about a version, the earliest first."""
        names = self._store.names(f"decisions/{month}/{version}/")
        texts = [text for name in names if (text := self._store.read(name)) is not None]
        records: list[dict[str, Any]] = [json.loads(text) for text in texts]
        return sorted(records, key=lambda record: record["at"])

    def _read(self, name: str) -> Attempt | None:
        text = self._store.read(name)
        return None if text is None else Attempt.from_json(text)

    def _point(self, name: str, attempt: Attempt) -> None:
        """Let a pointer tell of an attempt, unless it tells of a later one already.

        What a killed run came to is written by others, maybe after the next run has sent.
        """
        found = self._read(name)
        if found is None or found.run_id == attempt.run_id or _at_or_before(found, attempt):
            self._write(name, attempt)

    def _write(self, name: str, attempt: Attempt) -> None:
        self._store.write(name, attempt.to_json())


def _at_or_before(one: Attempt, other: Attempt) -> bool:
    return datetime.fromisoformat(one.started_at) <= datetime.fromisoformat(other.started_at)


def _unknown(attempt: Attempt) -> int:
    """How many rows it left out, or was blocked for, as CloudZero does not know their accounts."""
    return int(attempt.ledger.get("account_unknown", {}).get("rows") or 0)


def _ended(attempt: Attempt) -> datetime:
    return datetime.fromisoformat(attempt.ended_at or attempt.started_at)
