"""What the store returns: items, states, closed months, changes, snapshots, refusals."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from credits_pipeline.finops.decisions.body import Body, digest
from credits_pipeline.finops.decisions.fault import DecisionsError

Via = Literal["ui", "file", "cli", "api"]


@dataclass(frozen=True)
class Author:
    """Who writes.

    Attributes:
        who: a person or a machine, such as an e-mail address.
        via: the tool or channel used.
    """

    who: str
    via: Via


@dataclass(frozen=True)
class Item:
    """One decision.

    Attributes:
        kind: such as source or budget.
        id: within its kind.
        body: what was decided.
        version: 1 when it is new, one more with each change.
        updated_at: of the last change, UTC.
        updated_by: who made it.
    """

    kind: str
    id: str
    body: Body
    version: int
    updated_at: datetime
    updated_by: str


@dataclass(frozen=True)
class State:
    """How somebody judged a finding: a recommendation, a violation, an anomaly.

    Attributes:
        subject_kind: what kind of finding.
        subject_id: its stable id.
        state: a word of that kind, such as dismissed.
        version: 1 when it is first judged, one more with each change.
        at: of the last change, UTC.
        who: made it.
        until: when it is open again; None for never.
        reason: a word of that kind.
        note: free text.
        owner: who has to act.
    """

    subject_kind: str
    subject_id: str
    state: str
    version: int
    at: datetime
    who: str
    until: datetime | None = None
    reason: str = ""
    note: str = ""
    owner: str = ""


@dataclass(frozen=True)
class Ruling:
    """What somebody decides about a finding.

    Attributes:
        state: a word of that kind of findings, such as dismissed.
        until: when it is open again; None for never.
        reason: a word of that kind.
        note: free text.
        owner: who has to act.
    """

    state: str
    until: datetime | None = None
    reason: str = ""
    note: str = ""
    owner: str = ""


@dataclass(frozen=True)
class ClosedMonth:
    """A month whose statement was frozen.

    Attributes:
        month: as YYYY-MM.
        model: the allocation model that it was closed under.
        version: one more with each closing and reopening.
        inputs_digest: of what the statement was made from.
        totals_digest: of the statement.
        who: closed it.
        at: when, UTC.
        reopened_at: when it was opened again; None while it is closed.
        reopened_by: who opened it again.
    """

    month: str
    model: str
    version: int
    inputs_digest: str
    totals_digest: str
    who: str
    at: datetime
    reopened_at: datetime | None = None
    reopened_by: str = ""


@dataclass(frozen=True)
class Change:
    """One line of the log, which is append-only.

    Attributes:
        id: in the order of writing.
        at: when, UTC.
        who: wrote.
        via: the tool or channel used.
        kind: of the thing changed.
        key: its id.
        version: its version after the change.
        before: what it said; None if it was new.
        after: what it says; None if it was removed.
        why: as the author put it; may be empty.
    """

    id: int
    at: datetime
    who: str
    via: str
    kind: str
    key: str
    version: int
    before: Body | None
    after: Body | None
    why: str


@dataclass(frozen=True)
class Snapshot:
    """Items as they were at one moment; equal content has an equal digest.

    Attributes:
        contents: the body of each item, by kind and id.
        digest: of the contents.
    """

    contents: dict[str, dict[str, dict[str, Any]]]
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        """Compute the digest."""
        object.__setattr__(self, "digest", digest(self.contents))

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """The bodies of one kind, by id."""
        return self.contents.get(kind, {})


class ChangedMeanwhileError(DecisionsError):
    """Somebody else changed it since it was read; nothing was written.

    Attributes:
        kind: of the thing.
        key: its id.
        expected: the version that the writer had read; None for “there is none”.
        found: the current item; None if it was removed.
        wanted: what the writer wanted; None if it was to be removed.
    """

    def __init__(
        self,
        kind: str,
        key: str,
        *,
        expected: int | None,
        found: Item | State | ClosedMonth | None,
        wanted: Body | None,
    ) -> None:
        """Say what changed, field by field."""
        self.kind, self.key, self.expected, self.found, self.wanted = (
            kind,
            key,
            expected,
            found,
            wanted,
        )
        super().__init__(
            f"{_told(kind, key, expected, found)}{self._fields()} Nothing was written. What to do: "
            "look at the current values, then save again."
        )

    def differences(self) -> dict[str, tuple[Any, Any]]:
        """Each field on which both differ: its current value, and the wanted one."""
        if not isinstance(self.found, Item) or self.wanted is None:
            return {}
        now, wanted = self.found.body, self.wanted
        return {
            name: (now.get(name), wanted.get(name))
            for name in sorted({*now, *wanted})
            if now.get(name) != wanted.get(name)
        }

    def _fields(self) -> str:
        told = "; ".join(
            f"{name} is {now!r}, you wrote {wanted!r}"
            for name, (now, wanted) in self.differences().items()
        )
        return f" {told}." if told else ""


def _told(
    kind: str, key: str, expected: int | None, found: Item | State | ClosedMonth | None
) -> str:
    name = f"The {kind.replace('_', ' ')} {key!r}"
    if found is None:
        return f"{name} no longer exists."
    by, at = (
        (found.updated_by, found.updated_at) if isinstance(found, Item) else (found.who, found.at)
    )
    when = f"{at:%Y-%m-%d %H:%M:%S} UTC by {by}"
    if expected is None:
        return f"{name} is there already, in version {found.version} of {when}."
    return (
        f"{name} was changed: you had read version {expected}, it is version {found.version} of "
        f"{when}."
    )
