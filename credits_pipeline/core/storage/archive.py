"""What each asset made, under names that are written once, with a pointer to the current one.

::

    <noun>/<month>/<run id>/...            the files of one run, and entry.json that names them
    current/<noun>/<month>.json            a copy of the newest entry.json, written last

The pointer never goes back: a run that began earlier and writes later leaves it as it is.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.storage.store import StorageError, Store


@dataclass(frozen=True)
class Entry:
    """One thing that was made.

    Attributes:
        noun: the asset's name.
        month: ``YYYY-MM``.
        run_id: of the run that made it.
        version: the token of the file version it was made from.
        digest: of its content; equal digests mean equal content.
        files: the names of its files, below its folder.
        made_at: when writing it began, in UTC; empty where an earlier release wrote it.
    """

    noun: str
    month: str
    run_id: str
    version: str
    digest: str
    files: tuple[str, ...]
    made_at: str = ""

    @property
    def folder(self) -> str:
        """Where its files lie in the store."""
        return f"{self.noun}/{self.month}/{self.run_id}"


class Archive:
    """Everything that the assets made, by noun and month."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(
        self,
        noun: str,
        month: BillingMonth,
        *,
        run_id: str,
        version: str,
        digest: str,
        files: Mapping[str, bytes],
    ) -> Entry:
        """Write the files of one noun, then its entry, then the pointer.

        Raises:
            StorageError: nothing is current that was not written whole.
        """
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        entry = Entry(noun, str(month), run_id, version, digest, tuple(files), now)
        for name, data in files.items():
            self._store.write(f"{entry.folder}/{name}", data)
        text = json.dumps(asdict(entry), indent=2).encode()
        self._store.write(f"{entry.folder}/entry.json", text)

        def renewed(found: bytes | None) -> bytes | None:
            later = found is not None and _entry(found).made_at > entry.made_at
            return None if later else text

        self._store.update(_pointer(noun, month), renewed)
        return entry

    def find(self, noun: str, month: BillingMonth, *, run_id: str | None = None) -> Entry | None:
        """What this run made of a noun if it did, else what is current; None if there is nothing.

        Raises:
            StorageError: the store can't be read.
        """
        text = None
        if run_id is not None:
            text = self._store.read(f"{noun}/{month}/{run_id}/entry.json")
        if text is None:
            text = self._store.read(_pointer(noun, month))
        return None if text is None else _entry(text)

    def own(self, noun: str, month: BillingMonth, run_id: str) -> Entry | None:
        """What one run made of a noun; None if it made nothing, or that is not kept any more.

        Raises:
            StorageError: the store can't be read.
        """
        found = self.find(noun, month, run_id=run_id)
        return found if found is not None and found.run_id == run_id else None

    def files(self, entry: Entry) -> dict[str, bytes]:
        """The content of an entry's files.

        Raises:
            StorageError: a file is missing or can't be read.
        """
        found = {name: self._store.read(f"{entry.folder}/{name}") for name in entry.files}
        missing = [name for name, data in found.items() if data is None]
        if missing:
            raise StorageError(
                f"{self.uri(entry)} has lost {', '.join(missing)}. What to do: materialise "
                f"{entry.noun} of {entry.month} again."
            )
        return {name: data for name, data in found.items() if data is not None}

    def uri(self, entry: Entry) -> str:
        """Where a person finds an entry's files."""
        return self._store.uri(entry.folder)


def _entry(text: bytes) -> Entry:
    stored = json.loads(text)
    return Entry(**{**stored, "files": tuple(stored["files"])})


def _pointer(noun: str, month: BillingMonth) -> str:
    return f"current/{noun}/{month}.json"
