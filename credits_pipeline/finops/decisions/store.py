"""The store of decisions in a database: items with versions, and the log of every change.

A write goes in together with its log line or not at all. SQLite and PostgreSQL store the same.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa

from credits_pipeline.finops.decisions import connecting
from credits_pipeline.finops.decisions.body import Body, checked
from credits_pipeline.finops.decisions.exchange import Contents, Difference, differences
from credits_pipeline.finops.decisions.item import (
    Author,
    Change,
    ChangedMeanwhileError,
    Item,
    Snapshot,
)
from credits_pipeline.finops.decisions.judging import ANY_VERSION, ClosedMonths, States
from credits_pipeline.finops.decisions.kind import (
    CheckItem,
    CheckState,
    InvalidDecisionError,
    anything,
)
from credits_pipeline.finops.decisions.log import Log
from credits_pipeline.finops.decisions.migrating import migrate
from credits_pipeline.finops.decisions.said import folder_of, judged_of, read_state, said
from credits_pipeline.finops.decisions.tables import ITEM, LONGEST_ID, SNAPSHOT


def _now() -> datetime:
    return datetime.now(UTC)


class DecisionStore:
    """What people decide, in one database.

    Attributes:
        log: every change, newest first.
        states: how findings were judged.
        closed_months: the months whose statements are frozen.
    """

    def __init__(
        self,
        engine: sa.Engine,
        now: Callable[[], datetime] = _now,
        *,
        check_item: CheckItem = anything,
        check_state: CheckState = anything,
    ) -> None:
        """Take an engine whose tables exist; `open` creates both.

        Args:
            engine: of the database.
            now: tells the time of changes.
            check_item: refuses an item that its kind can't use.
            check_state: refuses a state that its kind of findings does not have.
        """
        self._engine, self._now, self._check_item = engine, now, check_item
        self.log = Log(self._reading)
        self.states = States(self._reading, self._writing, now, check_state)
        self.closed_months = ClosedMonths(self._reading, self._writing, now)

    @classmethod
    def open(
        cls,
        url: str,
        now: Callable[[], datetime] = _now,
        *,
        check_item: CheckItem = anything,
        check_state: CheckState = anything,
    ) -> Self:
        """Open a database, after creating or changing its tables if needed.

        Args:
            url: as SQLAlchemy writes it.
            now: tells the time of changes.
            check_item: refuses an item that its kind can't use.
            check_state: refuses a state that its kind of findings does not have.

        Raises:
            DecisionsError: it can't be reached or used.
        """
        engine = connecting.engine_of(url)
        with connecting.told(engine):
            migrate(engine)
        return cls(engine, now, check_item=check_item, check_state=check_state)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the database."""
        self._engine.dispose()

    def item(self, kind: str, id_: str) -> Item | None:
        """One item; None if there is none, or no longer."""
        with self._reading() as connection:
            return self._item(connection, kind, id_)

    def items(self, kind: str) -> list[Item]:
        """Every thing of a kind, by id."""
        query = sa.select(ITEM).where(ITEM.c.kind == kind, ~ITEM.c.deleted)
        with self._reading() as connection:
            found = [_read(row) for row in connection.execute(query)]
        # Databases sort text by their own rules.
        return sorted(found, key=lambda item: item.id)

    def put(
        self, kind: str, id_: str, body: Body, *, by: Author, expected: int | None, why: str = ""
    ) -> Item:
        """Write an item.

        Args:
            kind: of it.
            id_: within its kind.
            body: its new content.
            by: who writes.
            expected: the version that was read before; None if there must be none yet.
            why: in the author's words.

        Raises:
            ChangedMeanwhileError: somebody else wrote since; nothing was written.
            InvalidBodyError: the body can't be stored.
            InvalidDecisionError: its kind can't use it.
        """
        with self._writing() as connection:
            return self._put(connection, kind, id_, body, by=by, expected=expected, why=why)

    def delete(self, kind: str, id_: str, *, by: Author, expected: int, why: str = "") -> None:
        """Remove an item; the log keeps its content.

        Raises:
            ChangedMeanwhileError: somebody else wrote or removed it since; nothing was written.
        """
        with self._writing() as connection:
            self._delete(connection, kind, id_, by=by, expected=expected, why=why)

    def changes(
        self, kind: str | None = None, key: str | None = None, *, limit: int = 1000
    ) -> list[Change]:
        """The log, newest first."""
        return self.log.read(kind, key, limit=limit)

    def contents(self) -> Contents:
        """Every item and every non-empty state, as files have them."""
        with self._reading() as connection:
            return self._contents(connection)

    def take_in(
        self, wanted: Contents, *, by: Author, why: str = "", prune: bool = False
    ) -> tuple[Difference, ...]:
        """Make the store equal to the files, completely or not at all.

        Args:
            wanted: what they say.
            by: who imports them.
            why: in the author's words.
            prune: whether items without a file are removed.

        Returns:
            What changed.

        Raises:
            InvalidDecisionError: one can't be kept; nothing was written.
            InvalidBodyError: the same.
        """
        with self._writing() as connection:
            found = differences(self._contents(connection), wanted, prune=prune)
            for one in found:
                self._take_in(connection, one, by=by, why=why)
        return found

    def snapshot(self, kinds: Collection[str] | None = None) -> Snapshot:
        """The current items, stored so that the digest finds them again.

        Args:
            kinds: which; None for all.
        """
        query = sa.select(ITEM.c.kind, ITEM.c.id, ITEM.c.body).where(~ITEM.c.deleted)
        if kinds is not None:
            query = query.where(ITEM.c.kind.in_(sorted(kinds)))
        contents: dict[str, dict[str, dict[str, Any]]] = {}
        with self._reading() as connection:
            for row in connection.execute(query):
                contents.setdefault(row.kind, {})[row.id] = row.body
        taken = Snapshot(contents)
        if self.kept_snapshot(taken.digest) is None:
            self._keep(taken)
        return taken

    def kept_snapshot(self, digest: str) -> Snapshot | None:
        """The snapshot of a digest; None if it was not stored here."""
        query = sa.select(SNAPSHOT.c.contents).where(SNAPSHOT.c.digest == digest)
        with self._reading() as connection:
            contents = connection.execute(query).scalar()
        return None if contents is None else Snapshot(contents)

    def _contents(self, connection: sa.Connection) -> Contents:
        found: dict[str, dict[str, Any]] = {}
        query = sa.select(ITEM.c.kind, ITEM.c.id, ITEM.c.body).where(~ITEM.c.deleted)
        for row in connection.execute(query):
            found.setdefault(row.kind, {})[row.id] = row.body
        for state in self.states.all(connection):
            body = said(state)
            if body:
                found.setdefault(folder_of(state.subject_kind), {})[state.subject_id] = body
        return found

    def _take_in(self, connection: sa.Connection, one: Difference, *, by: Author, why: str) -> None:
        judged = judged_of(one.folder)
        if judged is not None:
            state = read_state(judged, one.id, one.after or {}, self._now(), by.who)
            self.states.write(connection, state, by=by, expected=ANY_VERSION, why=why)
            return
        row = self._row(connection, one.folder, one.id)
        version = None if row is None or row.deleted else row.version
        if one.after is None:
            self._delete(connection, one.folder, one.id, by=by, expected=version or 0, why=why)
        else:
            self._put(connection, one.folder, one.id, one.after, by=by, expected=version, why=why)

    def _keep(self, taken: Snapshot) -> None:
        with self._writing() as connection:
            there = sa.select(SNAPSHOT.c.digest).where(SNAPSHOT.c.digest == taken.digest)
            if connection.execute(there).first() is None:
                connection.execute(
                    SNAPSHOT.insert(),
                    {"digest": taken.digest, "at": self._now(), "contents": taken.contents},
                )

    def _put(
        self,
        connection: sa.Connection,
        kind: str,
        id_: str,
        body: Body,
        *,
        by: Author,
        expected: int | None,
        why: str,
    ) -> Item:
        wanted = checked(body)
        _check_id(kind, id_)
        self._check_item(kind, id_, wanted)
        before = self._row(connection, kind, id_)
        there = before is not None and not before.deleted
        if (before.version if before is not None and there else None) != expected:
            raise ChangedMeanwhileError(
                kind,
                id_,
                expected=expected,
                found=_read(before) if before is not None and there else None,
                wanted=wanted,
            )
        item = Item(kind, id_, wanted, (before.version if before else 0) + 1, self._now(), by.who)
        self._write(connection, item, before, deleted=False)
        self.log.add(
            connection,
            at=item.updated_at,
            by=by,
            kind=kind,
            key=id_,
            version=item.version,
            before=before.body if before is not None and there else None,
            after=wanted,
            why=why,
        )
        return item

    def _delete(
        self,
        connection: sa.Connection,
        kind: str,
        id_: str,
        *,
        by: Author,
        expected: int,
        why: str,
    ) -> None:
        before = self._row(connection, kind, id_)
        if before is None or before.deleted or before.version != expected:
            raise ChangedMeanwhileError(
                kind,
                id_,
                expected=expected,
                found=_read(before) if before is not None and not before.deleted else None,
                wanted=None,
            )
        gone = Item(kind, id_, before.body, before.version + 1, self._now(), by.who)
        self._write(connection, gone, before, deleted=True)
        self.log.add(
            connection,
            at=gone.updated_at,
            by=by,
            kind=kind,
            key=id_,
            version=gone.version,
            before=before.body,
            after=None,
            why=why,
        )

    def _item(self, connection: sa.Connection, kind: str, id_: str) -> Item | None:
        row = self._row(connection, kind, id_)
        return None if row is None or row.deleted else _read(row)

    def _row(self, connection: sa.Connection, kind: str, id_: str) -> "sa.Row[Any] | None":
        query = sa.select(ITEM).where(ITEM.c.kind == kind, ITEM.c.id == id_)
        return connection.execute(query).first()

    def _write(
        self, connection: sa.Connection, item: Item, before: "sa.Row[Any] | None", *, deleted: bool
    ) -> None:
        values = {
            "body": item.body,
            "version": item.version,
            "deleted": deleted,
            "updated_at": item.updated_at,
            "updated_by": item.updated_by,
        }
        if before is None:
            connection.execute(ITEM.insert(), {"kind": item.kind, "id": item.id, **values})
            return
        this = ITEM.update().where(ITEM.c.kind == item.kind, ITEM.c.id == item.id)
        connection.execute(this, values)

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with connecting.told(self._engine), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with connecting.told(self._engine), connecting.writing(self._engine) as connection:
            yield connection


def _check_id(kind: str, id_: str) -> None:
    """Refuse what SQLite would keep and PostgreSQL would not."""
    checked({"its id": id_})
    if len(id_) > LONGEST_ID:
        raise InvalidDecisionError(
            f"the {kind} {id_!r} can't be stored: its id has {len(id_)} letters, and there is room "
            f"for {LONGEST_ID}. What to do: choose a shorter name."
        )


def _read(row: "sa.Row[Any]") -> Item:
    return Item(row.kind, row.id, row.body, row.version, row.updated_at, row.updated_by)
