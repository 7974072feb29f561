"""The differences between two sets of decisions, such as a store and its files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from credits_pipeline.finops.decisions.body import canonical

#: Bodies by folder (a kind of items, or ``states/<kind of findings>``) and id.
Contents = Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class Difference:
    """One thing on which two sets differ.

    Attributes:
        folder: a kind of items, or ``states/<kind of findings>``.
        id: of the thing.
        before: what the first says; None if it has none.
        after: what the second says; None if it has none.
    """

    folder: str
    id: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @property
    def what(self) -> Literal["added", "changed", "removed"]:
        """What must be done to the first to make it equal to the second."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"

    def fields(self) -> dict[str, tuple[Any, Any]]:
        """The fields that differ, each with what it says before and after."""
        before, after = self.before or {}, self.after or {}
        return {
            name: (before.get(name), after.get(name))
            for name in sorted({*before, *after})
            if before.get(name) != after.get(name)
        }


def differences(before: Contents, after: Contents, *, prune: bool = True) -> tuple[Difference, ...]:
    """Everything on which two sets differ, by folder and id.

    Args:
        before: the first.
        after: the second.
        prune: whether what only the first has counts.
    """
    found = []
    for folder in sorted({*before, *after}):
        old, new = before.get(folder, {}), after.get(folder, {})
        for id_ in sorted({*old, *new}):
            one = Difference(folder, id_, old.get(id_), new.get(id_))
            if one.after is None and not prune:
                continue
            if canonical(one.before) != canonical(one.after):
                found.append(one)
    return tuple(found)
