"""The day's calls of CloudZero's costs endpoint, and the answers that are valid for that day.

CloudZero accepts 60 calls a day in all, and others use them too (CloudZero contract, section 3)::

    costs/<YYYY-MM-DD>/calls/<moment> <what for>.json   one per call, written before it is made
    costs/<YYYY-MM-DD>/<name>.json                      an answer
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from credits_pipeline.core.storage.store import Store


class BudgetSpentError(Exception):
    """The day's calls are used up; the message says how many there were."""


@dataclass(frozen=True)
class CostsDay:
    """One UTC day.

    Attributes:
        store: where it is stored.
        now: an aware moment of the day.
        allowed: calls that may be made on the day.
    """

    store: Store
    now: datetime
    allowed: int

    @property
    def day(self) -> str:
        """The day, ``YYYY-MM-DD``."""
        return self.now.astimezone(UTC).date().isoformat()

    @property
    def made(self) -> int:
        """Calls made so far."""
        return sum(1 for _ in self.store.names(f"costs/{self.day}/calls/"))

    def spend(self, what_for: str) -> None:
        """Take a call from the day's budget, before it is made.

        Raises:
            BudgetSpentError: there is none left.
            StorageError: it can't be recorded, so it must not be made.
        """
        made = self.made
        if made >= self.allowed:
            raise BudgetSpentError(
                f"all {self.allowed} costs calls of {self.day} are made: they start again at "
                "midnight UTC, and CLOUDZERO_COSTS_CALLS sets how many there are"
            )
        self.note(what_for)

    def note(self, what_for: str) -> None:
        """Record a call that was made regardless of the budget.

        Raises:
            StorageError: it can't be written.
        """
        at = datetime.now(UTC)
        name = f"costs/{self.day}/calls/{at:%H%M%S.%f} {what_for}.json"
        told = {"at": at.isoformat(), "what_for": what_for}
        self.store.write(name, json.dumps(told).encode())

    def answer(self, name: str) -> Any:
        """What was stored under a name on this day, or None."""
        text = self.store.read(f"costs/{self.day}/{name}.json")
        return None if text is None else json.loads(text)

    def answers(self, below: str) -> Iterator[str]:
        """The names of answers that begin with this text."""
        start = f"costs/{self.day}/"
        for name in self.store.names(start + below):
            yield name.removeprefix(start).removesuffix(".json")

    def keep(self, name: str, value: Any) -> None:
        """Store an answer for the day.

        Raises:
            StorageError: it can't be written.
        """
        self.store.write(f"costs/{self.day}/{name}.json", json.dumps(value, indent=1).encode())
