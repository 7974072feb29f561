"""The store of decisions in a database: items with versions, and the log of every change.

What is written goes in with its line of the log or not at all. SQLite and PostgreSQL keep the same.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa

from credits_pipeline.finops.decisions import connecting
from credits_pipeline.finops.decisions.body import Body, checked
from credits_pipeline.finops.decisions.item import (
    Author,
    Change,
    ChangedMeanwhileError,
    Item,
    Snapshot,
)
from credits_pipeline.finops.decisions.judging import ClosedMonths, States
from credits_pipeline.finops.decisions.log import Log
from credits_pipeline.finops.decisions.migrating import migrate
from credits_pipeline.finops.decisions.tables import ITEM, SNAPSHOT


def _now() -> datetime:
    return datetime.now(UTC)


class DecisionStore:
    """What people decide, in one database.

    Attributes:
        log: every change, newest first.
        states: how findings were judged.
        closed_months: the months whose statements are frozen.
    """

    def __init__(self, engine: sa.Engine, now: Callable[[], datetime] = _now) -> None:
        """Take an engine whose tables are there; `open` makes both.

        Args:
            engine: of the database.
            now: tells the time of changes.
        """
        self._engine, self._now = engine, now
        self.log = Log(self._reading)
        self.states = States(self._reading, self._writing, now)
        self.closed_months = ClosedMonths(self._reading, self._writing, now)

    @classmethod
    def open(cls, url: str, now: Callable[[], datetime] = _now) -> Self:
        """Open a database, and make or change its tables first where that is needed.

        Args:
            url: as SQLAlchemy writes it.
            now: tells the time of changes.

        Raises:
            DecisionsError: it can't be reached or used.
        """
        engine = connecting.engine_of(url)
        with connecting.told(engine):
            migrate(engine)
        return cls(engine, now)

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
        """Let go of the database."""
        self._engine.dispose()

    def item(self, kind: str, id_: str) -> Item | None:
        """One thing; None where there is none, or not any more."""
        with self._reading() as connection:
            return self._item(connection, kind, id_)

    def items(self, kind: str) -> list[Item]:
        """Every thing of a kind, by id."""
        query = sa.select(ITEM).where(ITEM.c.kind == kind, ~ITEM.c.deleted)
        with self._reading() as connection:
            found = [_read(row) for row in connection.execute(query)]
        # Databases sort text by rules of their own.
        return sorted(found, key=lambda item: item.id)

    def put(
        self, kind: str, id_: str, body: Body, *, by: Author, expected: int | None, why: str = ""
    ) -> Item:
        """Write a thing.

        Args:
            kind: of it.
            id_: within its kind.
            body: what it says from now on.
            by: who writes.
            expected: the version that was read before; None where there must be none yet.
            why: in the author's words.

        Raises:
            ChangedMeanwhileError: somebody else wrote since; nothing was written.
            InvalidBodyError: the body can't be kept.
        """
        wanted = checked(body)
        with self._writing() as connection:
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
            item = Item(
                kind, id_, wanted, (before.version if before else 0) + 1, self._now(), by.who
            )
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

    def delete(self, kind: str, id_: str, *, by: Author, expected: int, why: str = "") -> None:
        """Take a thing away; the log keeps what it said.

        Raises:
            ChangedMeanwhileError: somebody else wrote since, or took it away; nothing was written.
        """
        with self._writing() as connection:
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

    def changes(
        self, kind: str | None = None, key: str | None = None, *, limit: int = 1000
    ) -> list[Change]:
        """The log, newest first."""
        return self.log.read(kind, key, limit=limit)

    def snapshot(self, kinds: Collection[str] | None = None) -> Snapshot:
        """The items as they are now, kept so that its digest finds them again.

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
        """What a digest stands for; None where it was not kept here."""
        query = sa.select(SNAPSHOT.c.contents).where(SNAPSHOT.c.digest == digest)
        with self._reading() as connection:
            contents = connection.execute(query).scalar()
        return None if contents is None else Snapshot(contents)

    def _keep(self, taken: Snapshot) -> None:
        with self._writing() as connection:
            there = sa.select(SNAPSHOT.c.digest).where(SNAPSHOT.c.digest == taken.digest)
            if connection.execute(there).first() is None:
                connection.execute(
                    SNAPSHOT.insert(),
                    {"digest": taken.digest, "at": self._now(), "contents": taken.contents},
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


def _read(row: "sa.Row[Any]") -> Item:
    return Item(row.kind, row.id, row.body, row.version, row.updated_at, row.updated_by)
