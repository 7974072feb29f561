"""Opens the decisions that the settings name: a database, or files in git."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import make_url

from credits_pipeline.finops import settings
from credits_pipeline.finops.decisions.body import Body
from credits_pipeline.finops.decisions.exchange import Contents
from credits_pipeline.finops.decisions.files import FileDecisions
from credits_pipeline.finops.decisions.item import (
    Author,
    ClosedMonth,
    Item,
    Ruling,
    Snapshot,
    State,
)
from credits_pipeline.finops.decisions.kind import check_item, check_state
from credits_pipeline.finops.decisions.store import DecisionStore


class Judging(Protocol):
    """How findings were judged, in a database or in files."""

    def of(self, subject_kind: str) -> dict[str, State]:
        """Every state of a kind of findings, by the finding's id."""
        ...

    def set(
        self,
        subject_kind: str,
        subject_id: str,
        ruling: Ruling,
        *,
        by: Author,
        expected: int | None,
    ) -> State:
        """Judge a finding."""
        ...


class Decisions(Protocol):
    """What a database and a folder of files have in common."""

    @property
    def states(self) -> Judging:
        """How findings were judged."""
        ...

    def contents(self) -> Contents:
        """Every item and every non-empty state, by folder and id."""
        ...

    def item(self, kind: str, id_: str) -> Item | None:
        """One item; None if there is none."""

    def items(self, kind: str) -> list[Item]:
        """Every item of a kind, by id."""
        ...

    def snapshot(self, kinds: Collection[str] | None = None) -> Snapshot:
        """The items as they are now."""
        ...

    def put(
        self, kind: str, id_: str, body: Body, *, by: Author, expected: int | None, why: str = ""
    ) -> Item:
        """Write an item."""
        ...

    def delete(self, kind: str, id_: str, *, by: Author, expected: int, why: str = "") -> None:
        """Remove an item."""


def are_kept() -> bool:
    """Whether anything may have been decided here: there are files, a database server, or its file.

    Raises:
        SettingError: the settings name neither.
    """
    return settings.decisions_folder() is not None or closings_are_kept()


def closings_are_kept() -> bool:
    """Whether a month may have been closed here: there is a database server, or its file.

    Raises:
        SettingError: the settings name neither.
    """
    if settings.DATABASE_URL.text():
        return True
    if not settings.is_folder(settings.storage_root()):
        return False
    return Path(make_url(settings.database_url()).database or "").is_file()


def closed_months() -> list[ClosedMonth]:
    """Every month that was ever closed here; always in the database, wherever decisions are.

    Raises:
        SettingError: the settings name no database.
        DecisionsError: it can't be reached.
    """
    if not closings_are_kept():
        return []
    with DecisionStore.open(settings.database_url()) as store:
        return store.closed_months.all()


@contextmanager
def open_decisions() -> Iterator[Decisions]:
    """Open them until the block ends; a database without tables gets them.

    Raises:
        SettingError: the settings name neither a database nor files.
        DecisionsError: they can't be read.
    """
    folder = settings.decisions_folder()
    if folder is not None:
        yield FileDecisions(folder, check_item=check_item, check_state=check_state)
        return
    with DecisionStore.open(
        settings.database_url(), check_item=check_item, check_state=check_state
    ) as store:
        yield store
