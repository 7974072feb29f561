"""A published version, opened for reading: one connection per file, one cursor per call."""

import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.publish.form import FORM, READING, PublishError
from credits_pipeline.finops.publish.pointer import FOLDER, Pointer, read_pointer

#: Versions that a process keeps open: the current one, and one that pages still show.
_OPEN = 2
_TAG = "tag_"
_lock = threading.Lock()
_opened: dict[Path, "Published"] = {}
#: Including those that somebody else still holds.
_alive: "weakref.WeakSet[Published]" = weakref.WeakSet()


@dataclass(frozen=True, eq=False)
class Published:
    """One version.

    Attributes:
        depot: where its files are.
        pointer: its pointer.
    """

    depot: Depot
    pointer: Pointer
    _connections: dict[str, duckdb.DuckDBPyConnection] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def version(self) -> str:
        """Its digest."""
        return self.pointer.version

    @property
    def published_at(self) -> str:
        """When it became current, ISO 8601."""
        return self.pointer.published_at

    @property
    def file(self) -> Path:
        """The file of its small marts."""
        return self.depot.here(f"{FOLDER}/{self.pointer.file}")

    def rows(self, text: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The answer of a query over the small marts. Threads may call it at once."""
        return self._read(self.pointer.file, text, values)

    def resource_rows(self, text: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The answer of a query over the costs of each resource."""
        return self._read(self.pointer.resources, text, values)

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """The tag keys that are columns, in order."""
        named = self.rows("SELECT name FROM pragma_table_info('spend_daily') ORDER BY cid")
        return tuple(name.removeprefix(_TAG) for (name,) in named if name.startswith(_TAG))

    def close(self) -> None:
        """Release its files."""
        with self._lock:
            for connection in self._connections.values():
                connection.close()
            self._connections.clear()

    def _read(self, name: str, text: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        # A connection shared by threads answers only one of them; each cursor is independent.
        with self._connection(name).cursor() as cursor:
            return cursor.execute(text, list(values)).fetchall()

    def _connection(self, name: str) -> duckdb.DuckDBPyConnection:
        with self._lock:
            if name not in self._connections:
                self._connections[name] = _connected(self.depot.here(f"{FOLDER}/{name}"))
            return self._connections[name]


def current_version(storage: str | Path) -> str | None:
    """The current version; None if nothing was published yet.

    Args:
        storage: ``FINOPS_STORAGE``.
    """
    pointer = read_pointer(Depot(str(storage)))
    return None if pointer is None else pointer.version


def open_current(storage: str | Path) -> Published | None:
    """The current version, opened once in this process; None if there is none yet.

    Args:
        storage: ``FINOPS_STORAGE``.

    Raises:
        ObjectsError: the storage can't be read.
    """
    depot = Depot(str(storage))
    pointer = read_pointer(depot)
    if pointer is None:
        return None
    key = depot.on_disk / pointer.file
    with _lock:
        found = _opened.pop(key, None)
        if found is None or found.pointer != pointer:
            found = Published(depot, pointer)
            _alive.add(found)
        _opened[key] = found
        while len(_opened) > _OPEN:
            # Not closed: a thread may be reading. The last user releases it.
            _opened.pop(next(iter(_opened)))
        return found


def is_open_here(file: Path) -> bool:
    """Whether this process has a published file open."""
    with _lock:
        return any(
            file == one.depot.on_disk / FOLDER / name
            for one in _alive
            for name in (one.pointer.file, one.pointer.resources)
        )


def _connected(file: Path) -> duckdb.DuckDBPyConnection:
    try:
        connection = duckdb.connect(str(file), read_only=True, config=READING)
    except duckdb.Error as error:
        raise PublishError(
            f"{file} is published, and can't be opened: {error}. What to do: run "
            "`credits-pipeline ingest`, which makes it again if it is gone; remove it first "
            "where it is damaged."
        ) from error
    form = connection.execute("SELECT form FROM about").fetchone()
    if form != (FORM,):
        connection.close()
        raise PublishError(
            f"{file} has form {form[0] if form else 'unknown'}, and this release reads form "
            f"{FORM}. What to do: run `credits-pipeline ingest`, which publishes it again."
        )
    return connection
