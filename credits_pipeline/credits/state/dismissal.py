"""The dismissal: a person said that a month is not to be sent as it is, and nobody has to look."""

from dataclasses import dataclass
from typing import Self

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.storage import schema
from credits_pipeline.core.storage.store import Store
from credits_pipeline.credits.state.attempt import Attempt, Verdict

#: How a month ends of which CloudZero keeps what it held, so that nothing is left half done.
DISMISSABLE = frozenset({Verdict.BLOCKED, Verdict.HELD, Verdict.FAILED})
_BELOW = "dismissed/"


@dataclass(frozen=True)
class Dismissal:
    """What a person dismissed, as stored in JSON.

    It is about one version of the file and one kind of end: a new upload, or another end of the
    same version, waits for a person again.

    Attributes:
        billing_month: ``YYYY-MM``.
        verdict: of the last attempt; empty if there was none, and no file is expected.
        file_version: token of the version; empty if there is no file.
        who: the person.
        why: the reason; may be empty.
        at: when, in UTC.
        in_force: false once a person took it back.
    """

    billing_month: str
    verdict: str
    file_version: str
    who: str
    why: str
    at: str
    in_force: bool = True

    @property
    def because(self) -> str:
        """The reason as the end of a sentence; empty if there is none."""
        return f", because: {self.why}" if self.why else ""

    def covers(self, last: Attempt | None) -> bool:
        """Whether it is about how the month stands now.

        Args:
            last: the last attempt that meant to send, or None.
        """
        if not self.in_force:
            return False
        if last is None:
            return not self.file_version
        # A month without a file may fail for it after it was dismissed, as in a backfill.
        same = self.verdict == last.verdict or not (self.verdict or last.file_version)
        return last.verdict in DISMISSABLE and self.file_version == last.file_version and same

    def to_json(self) -> bytes:
        """The stored form."""
        return schema.to_json(self)

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Read the stored form.

        Raises:
            StorageError: it was stored by a later release.
        """
        return schema.from_json(cls, text, "The dismissal of")


class Dismissals:
    """The newest dismissal of each month, in the storage."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, dismissal: Dismissal) -> None:
        """Store a dismissal in place of an earlier one of its month.

        Raises:
            StorageError: it could not be written.
        """
        self._store.write(f"{_BELOW}{dismissal.billing_month}.json", dismissal.to_json())

    def of(self, month: BillingMonth, last: Attempt | None) -> Dismissal | None:
        """The dismissal of a month as it stands after its last attempt, or None."""
        if last is not None and last.verdict not in DISMISSABLE:
            return None
        text = self._store.read(f"{_BELOW}{month}.json")
        found = None if text is None else Dismissal.from_json(text)
        return found if found is not None and found.covers(last) else None

    def months(self) -> frozenset[BillingMonth]:
        """Months that a person ever dismissed."""
        return frozenset(
            BillingMonth.parse(name.removeprefix(_BELOW).removesuffix(".json"))
            for name in self._store.names(_BELOW)
        )
