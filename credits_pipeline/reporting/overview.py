"""Every month at a glance: what its last run came to, and what CloudZero holds."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.state.attempt import Attempt
from credits_pipeline.credits.state.dismissal import Dismissal
from credits_pipeline.credits.state.journal import Journal


@dataclass(frozen=True)
class MonthState:
    """The state of one month.

    Attributes:
        month: the billing month.
        last: the last attempt that meant to send, whatever came of it.
        receipt: what CloudZero holds.
        looked: if no attempt meant to send, the newest of the others, such as a dry run.
        dismissed: who said that the month is not to be sent as it stands.
    """

    month: BillingMonth
    last: Attempt | None
    receipt: Attempt | None
    looked: Attempt | None = None
    dismissed: Dismissal | None = None

    @property
    def shown(self) -> Attempt | None:
        """The attempt that people are shown."""
        return self.last or self.receipt or self.looked

    @property
    def needs_a_person(self) -> bool:
        """Whether the last run stopped for somebody to look."""
        return self.last is not None and self.last.verdict.is_red and self.dismissed is None

    @property
    def in_order(self) -> bool:
        """Whether CloudZero holds the month, and no later run went wrong."""
        red = self.last is not None and self.last.verdict.is_red
        return self.receipt is not None and not red

    @property
    def decided(self) -> dict[str, Any]:
        """What people decided about the file's version, the latest decision of each kind."""
        told: dict[str, Any] = {}
        for record in self.last.decided if self.last else ():
            told |= record["decided"]
        return told

    def age(self, now: datetime) -> timedelta | None:
        """The time since the last run ended, or began if it has not ended; None without a run."""
        last = self.last or self.looked
        if last is None:
            return None
        return now - datetime.fromisoformat(last.ended_at or last.started_at)

    def as_json(self, now: datetime) -> dict[str, Any]:
        """One line of the overview as plain values, amounts as exact text."""
        age = self.age(now)
        last, receipt = self.last, self.receipt
        return {
            "billing_month": str(self.month),
            "verdict": None if last is None else last.verdict.value,
            "reason": "" if last is None else last.reason,
            "what_to_do": "" if last is None else last.what_to_do,
            "held_credit_usd": None if receipt is None else receipt.total_credit_usd,
            "held_accounts": None if receipt is None else receipt.unique_accounts,
            "held_file_version": None if receipt is None else receipt.file_version,
            "left_out_usd": None if last is None else last.left_out_usd,
            "file_version": None if last is None else last.file_version,
            "decided": self.decided,
            "dismissed": None if self.dismissed is None else asdict(self.dismissed),
            "run_id": None if last is None else last.run_id,
            "age_seconds": None if age is None else round(age.total_seconds()),
        }


def state_of(journal: Journal, month: BillingMonth) -> MonthState:
    """The state of a month.

    Raises:
        StorageError: the storage can't be read.
    """
    last, receipt = journal.last(month), journal.receipt(month)
    looked = None if last or receipt else journal.newest(month)
    return MonthState(month, last, receipt, looked, journal.dismissals.of(month, last))


def states(journal: Journal, first: BillingMonth, last: BillingMonth) -> Iterator[MonthState]:
    """Every month between two, the latest first, and earlier ones that something is known about.

    Only months that left something behind are read one by one.

    Raises:
        StorageError: the storage can't be read.
    """
    tried, receipted = journal.attempted(), journal.receipted()
    only_looked_at = journal.looked_at() - tried - receipted
    dismissed = journal.dismissals.months()
    month = last
    while month >= min({first, *tried, *receipted, *only_looked_at}):
        last_of = journal.last(month) if month in tried else None
        yield MonthState(
            month,
            last_of,
            journal.receipt(month) if month in receipted else None,
            journal.newest(month) if month in only_looked_at else None,
            journal.dismissals.of(month, last_of) if month in dismissed else None,
        )
        month = month.shift(-1)


def report_json(journal: Journal, state: MonthState) -> dict[str, Any]:
    """A month's last attempt and its receipt, each with its lists of rows, as plain values.

    Raises:
        StorageError: the storage can't be read.
    """

    def told(attempt: Attempt | None) -> dict[str, Any] | None:
        if attempt is None:
            return None
        return {**asdict(attempt), "row_lists": journal.rows(attempt)}

    return {
        "billing_month": str(state.month),
        "in_order": state.in_order,
        "dismissed": None if state.dismissed is None else asdict(state.dismissed),
        "last": told(state.last),
        "receipt": told(state.receipt),
    }
