"""What people decide about money: stored once, never lost, each change with who, when and why.

Items (sources, budgets, rules …) have versions: an author who saves on top of another's change is
shown what changed. States (of findings) and closed months are stored beside them. Every write adds
a change to the log, in the same transaction. A snapshot is the items at one moment, stored by
digest.
"""

from credits_pipeline.finops.decisions.body import Body, InvalidBodyError
from credits_pipeline.finops.decisions.fault import DecisionsError
from credits_pipeline.finops.decisions.item import (
    Author,
    Change,
    ChangedMeanwhileError,
    ClosedMonth,
    Item,
    Ruling,
    Snapshot,
    State,
)
from credits_pipeline.finops.decisions.kind import InvalidDecisionError, ItemKind, JudgedKind
from credits_pipeline.finops.decisions.store import DecisionStore

__all__ = [
    "Author",
    "Body",
    "Change",
    "ChangedMeanwhileError",
    "ClosedMonth",
    "DecisionStore",
    "DecisionsError",
    "InvalidBodyError",
    "InvalidDecisionError",
    "Item",
    "ItemKind",
    "JudgedKind",
    "Ruling",
    "Snapshot",
    "State",
]
