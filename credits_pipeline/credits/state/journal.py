"""Attempts, receipts and decisions in the storage.

::

    attempts/<month>/<run id>.json         one per run
    attempts/<month>/<run id>.rows.json    its lists of rows: rejected, duplicates, unknown, changes
    receipts/<month>.json                  what CloudZero holds
    sent/<month>.json                      the last attempt that sent anything
    last/<month>.json                      the last attempt that meant to send, however it ended
    uncertain/<month>/<run id>.json        a copy of an attempt with a request that may come late
    visible/<month>.json                   the last attempt that CloudZero's billed cost has shown
    findings/<check>/<month>.json          what the last later check found, from the first fault on
    decisions/<month>/<version>/<run id>.json   what a person decided about a version, in which run
    dismissed/<month>.json                 who said that the month is not to be sent as it is
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.storage.store import Store
from credits_pipeline.credits.state.attempt import Attempt, Verdict
from credits_pipeline.credits.state.decision import (
    decision_record,
    decisions_about,
    keep_decision,
)
from credits_pipeline.credits.state.dismissal import Dismissals
from credits_pipeline.credits.state.finding import Finding

#: The smallest difference between two stored moments.
_TICK = timedelta(milliseconds=1)


class Journal:
    """What every run left behind.

    Attributes:
        dismissals: what people said is not to be sent.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.dismissals = Dismissals(store)

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
        """The last attempt of a month that meant to send, or None.

        A superseded run or a dry run does not say whether the month needs another run.
        """
        return self._read(f"last/{month}.json")

    def receipted(self) -> frozenset[BillingMonth]:
        """Months that have a receipt."""
        return self._months("receipts/")

    def attempted(self) -> frozenset[BillingMonth]:
        """Months that a run meant to send, however it ended."""
        return self._months("last/")

    def sent_to(self) -> frozenset[BillingMonth]:
        """Months that anything was ever sent to."""
        return self._months("sent/")

    def looked_at(self) -> frozenset[BillingMonth]:
        """Months of which any run left an attempt, including dry runs and superseded ones."""
        return frozenset(
            BillingMonth.parse(name.split("/")[1]) for name in self._store.names("attempts/")
        )

    def newest(self, month: BillingMonth) -> Attempt | None:
        """The attempt of a month that began last, whether or not it meant to send; None if none."""
        return max(self.attempts(month), key=lambda attempt: attempt.started_at, default=None)

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
        """The run whose drop CloudZero's billed cost showed last; empty if there is none."""
        text = self._store.read(f"visible/{month}.json")
        return "" if text is None else str(json.loads(text)["run_id"])

    def note_visible(self, sent: Attempt) -> None:
        """Record that CloudZero's billed cost shows what an attempt sent.

        A check that ends late does not undo what the check of a later drop has seen.

        Raises:
            StorageError: it could not be written.
        """
        told = {
            "run_id": sent.run_id,
            "sent_at": sent.ended_at,
            "seen_at": datetime.now(UTC).isoformat(),
        }

        def renewed(text: bytes | None) -> bytes | None:
            before = {} if text is None else json.loads(text)
            since = str(before.get("sent_at", ""))
            if since and datetime.fromisoformat(since) > datetime.fromisoformat(sent.ended_at):
                return None
            return json.dumps(told, indent=2).encode()

        self._store.update(f"visible/{sent.billing_month}.json", renewed)

    def note_finding(self, finding: Finding) -> None:
        """Record what a later check found; nothing is stored for a month that was never wrong.

        Raises:
            StorageError: it could not be written.
        """
        name = f"findings/{finding.check}/{finding.billing_month}.json"

        def renewed(text: bytes | None) -> bytes | None:
            if text is None:
                return None if finding.holds else finding.to_json()
            older = datetime.fromisoformat(Finding.from_json(text).found_at)
            return finding.to_json() if older <= datetime.fromisoformat(finding.found_at) else None

        self._store.update(name, renewed)

    def findings(self) -> Iterator[Finding]:
        """The results of the last later checks, for each check and month that was ever wrong."""
        for name in self._store.names("findings/"):
            text = self._store.read(name)
            if text is not None:
                yield Finding.from_json(text)

    def lasts(self) -> Iterator[Attempt]:
        """The last attempt of each month that meant to send."""
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
            if receipt is not None and not receipt.withdrawn:
                yield receipt

    def waiting_for_accounts(self) -> Iterator[tuple[BillingMonth, Attempt]]:
        """Months that wait until CloudZero knows their accounts.

        Each comes with the attempt that names them: the last one if it was blocked for them,
        otherwise the receipt, if that left some out.
        """
        for month in sorted(self.receipted() | self.attempted()):
            last = self.last(month)
            if last is not None and last.verdict is Verdict.BLOCKED and _unknown(last):
                if self.dismissals.of(month, last) is None:
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
        """Write the attempt before the first create.

        Raises:
            StorageError: it could not be written, so nothing may be sent.
        """
        sending = replace(attempt, verdict=Verdict.SENDING)
        self._write(f"attempts/{attempt.billing_month}/{attempt.run_id}.json", sending)
        self._point(f"sent/{attempt.billing_month}.json", sending)
        self._point(f"last/{attempt.billing_month}.json", sending)

    def moment_after(self, month: BillingMonth, now: datetime) -> datetime:
        """The recorded start of a drop that begins now, under the stream's lock.

        Pointers move to what began later, and another machine's clock may be ahead of this one's.
        """
        told = (self.receipt(month), self.last_sent(month), self.last(month))
        begun = [datetime.fromisoformat(attempt.started_at) for attempt in told if attempt]
        return max([now, *(moment + _TICK for moment in begun)])

    def close(
        self,
        attempt: Attempt,
        *,
        sent: bool,
        rows: dict[str, list[dict[str, Any]]] | None = None,
        to_send: bool = True,
    ) -> Attempt:
        """Record how an attempt ended: its rows, the attempt, the pointers last.

        Args:
            attempt: with its final verdict.
            sent: whether anything was sent, so that it is the month's last that did.
            rows: lists of rows to store beside it.
            to_send: whether the run meant to send the month; otherwise its state does not change.

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
            self._point(f"receipts/{month}.json", attempt)
        if sent:
            self._point(f"sent/{month}.json", attempt)
        if to_send and attempt.verdict not in {Verdict.SUPERSEDED, Verdict.DRY_RUN}:
            self._point(f"last/{month}.json", attempt)
        return attempt

    def rows(self, attempt: Attempt) -> dict[str, list[dict[str, Any]]]:
        """The lists of rows stored beside an attempt."""
        text = self._store.read(attempt.rows) if attempt.rows else None
        return json.loads(text) if text is not None else {}

    def uri(self, attempt: Attempt) -> str:
        """Where a person finds an attempt."""
        return self._store.uri(f"attempts/{attempt.billing_month}/{attempt.run_id}.json")

    def decide(
        self,
        month: BillingMonth,
        version: str,
        *,
        run_id: str,
        who: str,
        why: str,
        decided: dict[str, Any],
        receipt: str,
    ) -> None:
        """Record what a person decided about a version.

        Args:
            month: the billing month.
            version: its token.
            run_id: the run that received it.
            who: the person.
            why: the reason; may be empty.
            decided: the decisions by name.
            receipt: the run of the receipt in force; empty for none.

        Raises:
            StorageError: it could not be written.
        """
        record = decision_record(run_id=run_id, who=who, why=why, decided=decided, receipt=receipt)
        keep_decision(self._store, month, version, record)

    def decided(self, month: BillingMonth, version: str) -> list[dict[str, Any]]:
        """What was decided about a version, the earliest first."""
        return decisions_about(self._store, month, version)

    def _read(self, name: str) -> Attempt | None:
        text = self._store.read(name)
        return None if text is None else Attempt.from_json(text)

    def _point(self, name: str, attempt: Attempt) -> None:
        """Move a pointer to an attempt, unless it already points to a later one.

        This is the rule of all pointers to attempts. The result of a killed run is written by
        others, perhaps after the next run has sent; so the pointer is read again while nobody else
        can move it.
        """

        def renewed(text: bytes | None) -> bytes | None:
            found = None if text is None else Attempt.from_json(text)
            if found is None or found.run_id == attempt.run_id or _at_or_before(found, attempt):
                return attempt.to_json()
            return None

        self._store.update(name, renewed)

    def _write(self, name: str, attempt: Attempt) -> None:
        self._store.write(name, attempt.to_json())


def _at_or_before(one: Attempt, other: Attempt) -> bool:
    return datetime.fromisoformat(one.started_at) <= datetime.fromisoformat(other.started_at)


def _unknown(attempt: Attempt) -> int:
    """How many rows it left out, or was blocked for, because their accounts are unknown."""
    return int(attempt.ledger.get("account_unknown", {}).get("rows") or 0)


def _ended(attempt: Attempt) -> datetime:
    return datetime.fromisoformat(attempt.ended_at or attempt.started_at)
