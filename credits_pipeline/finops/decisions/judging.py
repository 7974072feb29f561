"""People's judgements of findings, and the months they closed: the store's two other tables.

Both have versions and log lines, like items.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from credits_pipeline.finops.decisions.body import Body
from credits_pipeline.finops.decisions.item import (
    Author,
    ChangedMeanwhileError,
    ClosedMonth,
    Ruling,
    State,
)
from credits_pipeline.finops.decisions.kind import CheckState, anything
from credits_pipeline.finops.decisions.log import Connecting, Log
from credits_pipeline.finops.decisions.tables import CLOSE, STATE

#: The kind of closings in the log.
CLOSING = "close"


#: As an expected version: whatever is there, because the writer has just read it, alone.
ANY_VERSION = -1


class States:
    """How findings were judged."""

    def __init__(
        self,
        reading: Connecting,
        writing: Connecting,
        now: Callable[[], datetime],
        check: CheckState = anything,
    ) -> None:
        """Name the table.

        Args:
            reading: opens the database.
            writing: opens it for a writer that is alone.
            now: tells the time.
            check: refuses a state that its kind of findings does not have.
        """
        self._reading, self._writing, self._now, self._check = reading, writing, now, check

    def of(self, subject_kind: str) -> dict[str, State]:
        """Every state of a kind of findings, by the finding's id."""
        query = sa.select(STATE).where(STATE.c.subject_kind == subject_kind)
        with self._reading() as connection:
            return {row["subject_id"]: State(**row) for row in connection.execute(query).mappings()}

    def set(
        self,
        subject_kind: str,
        subject_id: str,
        ruling: Ruling,
        *,
        by: Author,
        expected: int | None,
    ) -> State:
        """Judge a finding.

        Args:
            subject_kind: what kind of finding.
            subject_id: its stable id.
            ruling: what is decided about it.
            by: who judges.
            expected: the version that was read before; None if it was never judged.

        Raises:
            ChangedMeanwhileError: somebody else judged it since; nothing was written.
            InvalidDecisionError: its kind of findings does not have the state.
        """
        wanted = State(
            subject_kind, subject_id, ruling.state, 1, self._now(), by.who,
            ruling.until, ruling.reason, ruling.note, ruling.owner,
        )  # fmt: skip
        why = ruling.note or ruling.reason
        with self._writing() as connection:
            return self.write(connection, wanted, by=by, expected=expected, why=why)

    def all(self, connection: sa.Connection) -> list[State]:
        """Every state of every kind, in a transaction."""
        rows = connection.execute(sa.select(STATE)).mappings()
        return [State(**row) for row in rows]

    def write(
        self,
        connection: sa.Connection,
        wanted: State,
        *,
        by: Author,
        expected: int | None,
        why: str,
    ) -> State:
        """Write a state in a transaction; its version is one more than the current one.

        Raises:
            ChangedMeanwhileError: somebody else judged it since.
            InvalidDecisionError: its kind of findings does not have it.
        """
        self._check(wanted.subject_kind, wanted.subject_id, wanted.state, wanted.reason)
        this = (STATE.c.subject_kind == wanted.subject_kind) & (
            STATE.c.subject_id == wanted.subject_id
        )
        row = connection.execute(sa.select(STATE).where(this)).mappings().first()
        before = None if row is None else State(**row)
        found = replace(wanted, version=(before.version if before else 0) + 1)
        if expected not in (ANY_VERSION, before.version if before else None):
            raise ChangedMeanwhileError(
                wanted.subject_kind,
                wanted.subject_id,
                expected=expected,
                found=before,
                wanted=_said(found),
            )
        _write(connection, STATE, this, vars(found), new=before is None)
        Log(self._reading).add(
            connection,
            at=found.at,
            by=by,
            kind=found.subject_kind,
            key=found.subject_id,
            version=found.version,
            before=None if before is None else _said(before),
            after=_said(found),
            why=why,
        )
        return found


class ClosedMonths:
    """The months whose statements are frozen."""

    def __init__(
        self, reading: Connecting, writing: Connecting, now: Callable[[], datetime]
    ) -> None:
        """Name the table.

        Args:
            reading: opens the database.
            writing: opens it for a writer that is alone.
            now: tells the time.
        """
        self._reading, self._writing, self._now = reading, writing, now

    def all(self) -> list[ClosedMonth]:
        """Every month that was ever closed, by month and model."""
        with self._reading() as connection:
            found = [ClosedMonth(**row) for row in connection.execute(sa.select(CLOSE)).mappings()]
        return sorted(found, key=lambda closed: (closed.month, closed.model))

    def find(self, month: str, model: str) -> ClosedMonth | None:
        """A month's closing, reopened or not; None if there never was one."""
        with self._reading() as connection:
            return _closing(connection, month, model)

    def close(
        self,
        month: str,
        model: str,
        *,
        inputs_digest: str,
        totals_digest: str,
        by: Author,
        why: str = "",
    ) -> ClosedMonth:
        """Freeze a month.

        Args:
            month: as YYYY-MM.
            model: the allocation model.
            inputs_digest: of what the statement was made from.
            totals_digest: of the statement.
            by: who closes.
            why: in the author's words.

        Raises:
            ChangedMeanwhileError: it is closed already.
        """
        with self._writing() as connection:
            before = _closing(connection, month, model)
            if before is not None and before.reopened_at is None:
                raise ChangedMeanwhileError(
                    CLOSING, f"{month} {model}", expected=None, found=before, wanted=None
                )
            closed = ClosedMonth(
                month,
                model,
                (before.version if before else 0) + 1,
                inputs_digest,
                totals_digest,
                by.who,
                self._now(),
            )
            self._record(connection, before, closed, at=closed.at, by=by, why=why)
        return closed

    def reopen(
        self, month: str, model: str, *, expected: int, by: Author, why: str = ""
    ) -> ClosedMonth:
        """Open a closed month again; its digests stay.

        Raises:
            ChangedMeanwhileError: it is not closed, or was closed again since it was read.
        """
        with self._writing() as connection:
            before = _closing(connection, month, model)
            if before is None or before.reopened_at is not None or before.version != expected:
                raise ChangedMeanwhileError(
                    CLOSING, f"{month} {model}", expected=expected, found=before, wanted=None
                )
            at = self._now()
            opened = replace(before, version=before.version + 1, reopened_at=at, reopened_by=by.who)
            self._record(connection, before, opened, at=at, by=by, why=why)
        return opened

    def _record(
        self,
        connection: sa.Connection,
        before: ClosedMonth | None,
        after: ClosedMonth,
        *,
        at: datetime,
        by: Author,
        why: str,
    ) -> None:
        this = (CLOSE.c.month == after.month) & (CLOSE.c.model == after.model)
        _write(connection, CLOSE, this, vars(after), new=before is None)
        Log(self._reading).add(
            connection,
            at=at,
            by=by,
            kind=CLOSING,
            key=f"{after.month} {after.model}",
            version=after.version,
            before=None if before is None else _said(before),
            after=_said(after),
            why=why,
        )


def _closing(connection: sa.Connection, month: str, model: str) -> ClosedMonth | None:
    query = sa.select(CLOSE).where(CLOSE.c.month == month, CLOSE.c.model == model)
    row = connection.execute(query).mappings().first()
    return None if row is None else ClosedMonth(**row)


def _write(
    connection: sa.Connection,
    table: sa.Table,
    this: "sa.ColumnElement[bool]",
    values: dict[str, Any],
    *,
    new: bool,
) -> None:
    connection.execute(table.insert() if new else table.update().where(this), values)


def _said(found: State | ClosedMonth) -> Body:
    """Its form in the log."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in vars(found).items()
    }
