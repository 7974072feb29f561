"""Archives of statements, kept once they are made: whole ones, and the parts of some owners.

An archive of many owners takes as long as printing each of them, so a run makes it and readers get
the stored one.
"""

import io
import zipfile
from collections.abc import Callable

from credits_pipeline.finops.chargeback import documents, files
from credits_pipeline.finops.chargeback.opening import Office
from credits_pipeline.finops.chargeback.statement import label
from credits_pipeline.finops.chargeback.view import CLOSED, View
from credits_pipeline.finops.decisions.body import digest
from credits_pipeline.finops.depot import Depot

_FOLDER = "chargeback/archives"
#: More than the documents of some thousand owners.
_LIMIT = 1 << 30


def keep_archive(office: Office, view: View, say: Callable[[str], None]) -> str:
    """Keep the archive of a whole statement, where it is not kept yet; its key.

    Of a month that is open only the newest is kept.

    Raises:
        DocumentError: it can't be printed.
    """
    depot, key = _depot(office), _key(view)
    if archived(office, view) is None:
        content = documents.archive(View(view.statement, None, view.previous, view.closing), say)
        depot.place.put(key, content)
        if view.state != CLOSED:
            depot.forget([old for old in depot.keys(_open_folder(view)) if old != key])
    return key


def archived(office: Office, view: View) -> str | None:
    """Where the archive of a whole statement is kept as it is now; None where it is not."""
    key = _key(view)
    return key if key in _depot(office).keys(key) else None


def read_archive(office: Office, key: str, view: View) -> bytes:
    """What is kept, for one reader: all of it, or the documents of a view's owners alone.

    Args:
        office: whose storage it is in.
        key: as `archived` gives it.
        view: the reader's.

    Raises:
        ObjectsError: it can't be read.
    """
    content = _depot(office).place.read(key, _LIMIT)
    if view.only is None:
        return content
    to = view.statement.to
    theirs = {
        f"{to}s/{documents.word_of(label(owner))}.{ending}"
        for owner in view.only
        for ending in ("pdf", "csv")
    }
    with zipfile.ZipFile(io.BytesIO(content)) as whole:
        return files.as_zip({name: whole.read(name) for name in whole.namelist() if name in theirs})


def _depot(office: Office) -> Depot:
    return office.books.published.depot


def _key(view: View) -> str:
    statement = view.statement
    if view.state == CLOSED and view.closing is not None:
        folder = f"{_FOLDER}/{statement.month}"
        return f"{folder}/{statement.digest[:16]}-{view.closing.version}.zip"
    # All that is printed of an open month: it, the month before it, and that it was closed once.
    of = [
        statement.digest,
        view.previous.digest if view.previous else "",
        view.closing.version if view.closing else 0,
    ]
    return f"{_open_folder(view)}{digest(of)[:32]}.zip"


def _open_folder(view: View) -> str:
    statement = view.statement
    return f"{_FOLDER}/{statement.month}/open/{documents.word_of(statement.model)}/"
