"""Closes a month and reopens it: the statement is stored first, then one row records it.

If this is interrupted, the month is closed or open: a stored statement that no row names is only a
file.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops import settings
from credits_pipeline.finops.chargeback.kept import KeptStatements
from credits_pipeline.finops.chargeback.model import Model
from credits_pipeline.finops.chargeback.statement import Statement
from credits_pipeline.finops.chargeback.stating import Books
from credits_pipeline.finops.decisions import Author, ClosedMonth, DecisionStore
from credits_pipeline.finops.decisions.opening import closings_are_kept


class ClosingError(Exception):
    """The month can't be closed, or not be opened again; the message says why and what to do."""


class ClosedMonths:
    """The months that are closed, with what was stated."""

    def __init__(self, found: Iterable[ClosedMonth], kept: KeptStatements) -> None:
        """Take their current state.

        Args:
            found: every closing of the store.
            kept: the statements.
        """
        self._found = {(one.month, one.model): one for one in found}
        self._kept = kept
        self._read: dict[str, Statement] = {}

    def find(self, month: str, model: str) -> ClosedMonth | None:
        """A month's closing, reopened or not; None if there never was one."""
        return self._found.get((month, model))

    def all(self) -> list[ClosedMonth]:
        """Every closing, by month and model."""
        return [self._found[key] for key in sorted(self._found)]

    def statement(self, month: str, model: str) -> Statement | None:
        """What was closed; None if the month is open.

        Raises:
            KeptError: it no longer exists.
        """
        found = self.find(month, model)
        if found is None or found.reopened_at is not None:
            return None
        digest = found.totals_digest
        if digest not in self._read:
            self._read[digest] = self._kept.read(digest)
        return self._read[digest]


@contextmanager
def open_closings() -> Iterator[DecisionStore]:
    """The database in which closings are recorded, even if decisions are in files.

    Raises:
        SettingError: the settings name none.
        DecisionsError: it can't be reached.
    """
    with DecisionStore.open(settings.database_url()) as store:
        yield store


def read_closed(kept: KeptStatements) -> ClosedMonths:
    """The months that are closed now.

    Raises:
        SettingError: the settings name no database.
        DecisionsError: it can't be reached.
    """
    if not closings_are_kept():
        return ClosedMonths([], kept)
    with open_closings() as store:
        return ClosedMonths(store.closed_months.all(), kept)


def close_month(
    books: Books,
    kept: KeptStatements,
    store: DecisionStore,
    month: BillingMonth,
    model: Model,
    *,
    by: Author,
    today: date,
    seen: str | None = None,
    why: str = "",
) -> tuple[ClosedMonth, Statement]:
    """Freeze the statement of a month.

    Args:
        books: its inputs.
        kept: where it is kept.
        store: where it is recorded.
        month: the billing month.
        model: under which model.
        by: who closes.
        today: in UTC.
        seen: the digest of the statement that the person saw; None to close in any case.
        why: in the author's words.

    Raises:
        ClosingError: it can't be closed.
        ChangedMeanwhileError: somebody else closed it.
    """
    if today < month.shift(1).start.date():
        raise ClosingError(
            f"{month} has not ended: it can be closed from {month.shift(1)}-01 on, when its bills "
            "are complete."
        )
    statement = books.draft(month, model)
    if not statement.sections:
        raise ClosingError(
            f"There is no bill for {month}, so there is nothing to close. What to do: "
            f"credits-pipeline ingest --month {month}."
        )
    if not statement.holds:
        raise ClosingError(
            f"The statement of {month} does not add up to the invoices, and is not closed. What to "
            "do: look at its check, and report this."
        )
    if statement.faults:
        raise ClosingError(f"{month} can't be closed yet. {' '.join(statement.faults)}")
    if seen is not None and statement.digest != seen:
        raise ClosingError(
            f"The statement of {month} has changed since you looked at it: a bill or a decision is "
            "newer. What to do: look at it again, and close what you see."
        )
    kept.keep(statement)
    closed = store.closed_months.close(
        str(month),
        model.name,
        inputs_digest=statement.inputs_digest,
        totals_digest=statement.digest,
        by=by,
        why=why,
    )
    return closed, statement


def reopen_month(
    store: DecisionStore, month: BillingMonth, model: str, *, by: Author, why: str
) -> ClosedMonth:
    """Open a closed month again; its statement is kept.

    Raises:
        ClosingError: it is not closed, or there is no reason why.
        ChangedMeanwhileError: somebody else opened it.
    """
    if not why.strip():
        raise ClosingError(f"Reopening {month} needs a reason. What to do: say why.")
    found = store.closed_months.find(str(month), model)
    if found is None or found.reopened_at is not None:
        raise ClosingError(f"{month} is not closed under the model {model!r}.")
    return store.closed_months.reopen(
        str(month), model, expected=found.version, by=by, why=why.strip()
    )
