"""The log of changes: extended in the transaction of each write, and never edited."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

import sqlalchemy as sa

from credits_pipeline.finops.decisions.body import Body
from credits_pipeline.finops.decisions.item import Author, Change
from credits_pipeline.finops.decisions.tables import CHANGE

Connecting = Callable[[], AbstractContextManager[sa.Connection]]


class Log:
    """Every change of the store."""

    def __init__(self, reading: Connecting) -> None:
        """Name the log.

        Args:
            reading: opens the database.
        """
        self._reading = reading

    def add(
        self,
        connection: sa.Connection,
        *,
        at: datetime,
        by: Author,
        kind: str,
        key: str,
        version: int,
        before: Body | None,
        after: Body | None,
        why: str,
    ) -> None:
        """Add a line, in the transaction of its change."""
        connection.execute(
            CHANGE.insert(),
            {
                "at": at,
                "who": by.who,
                "via": by.via,
                "kind": kind,
                "key": key,
                "version": version,
                "before": before,
                "after": after,
                "why": why,
            },
        )

    def read(
        self, kind: str | None = None, key: str | None = None, *, limit: int = 1000
    ) -> list[Change]:
        """The lines of a kind, of one thing, or of all, newest first."""
        query = sa.select(CHANGE).order_by(CHANGE.c.id.desc()).limit(limit)
        if kind is not None:
            query = query.where(CHANGE.c.kind == kind)
        if key is not None:
            query = query.where(CHANGE.c.key == key)
        with self._reading() as connection:
            return [Change(**row) for row in connection.execute(query).mappings()]
