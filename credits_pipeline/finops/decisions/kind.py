"""Kinds of decisions: their names, and what an item must say to be accepted.

A room with a kind adds one line to `ITEMS` or `JUDGED`, and has the kind at that place. From then
on the store, the files, export, import and the log know it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from credits_pipeline.finops.decisions.body import Body
from credits_pipeline.finops.decisions.fault import DecisionsError

_ROOM = "credits_pipeline.finops"
#: Where each kind of items is described. A room is imported when one of its items is checked.
ITEMS = {
    "allocation_metric": f"{_ROOM}.chargeback.kinds:METRIC",
    "allocation_model": f"{_ROOM}.chargeback.kinds:MODEL",
    "exchange_rates": f"{_ROOM}.chargeback.kinds:RATES",
    "invoice": f"{_ROOM}.invoices.stated:DECIDED",
    "source": f"{_ROOM}.sources.source:DECIDED",
    "statement_owner": f"{_ROOM}.chargeback.kinds:OWNER",
    "view": f"{_ROOM}.decisions.saved_view:DECIDED",
    "policy": f"{_ROOM}.governance.judging:DECIDED",
    "budget": f"{_ROOM}.budgets.budget:DECIDED",
}
#: Where the states of each kind of findings are described.
JUDGED: dict[str, str] = {
    "violation": f"{_ROOM}.governance.judging:JUDGED",
    "anomaly": f"{_ROOM}.anomalies.anomaly:JUDGED",
    "recommendation": f"{_ROOM}.optimization.judged:DECIDED",
}


CheckItem = Callable[[str, str, Body], None]
CheckState = Callable[[str, str, str, str], None]


class InvalidDecisionError(DecisionsError):
    """It can't be stored; the message names each fault."""


@dataclass(frozen=True)
class ItemKind:
    """One kind of items.

    Attributes:
        name: in the store, the log and folders, such as budget.
        check: takes an id and a body, and raises a ValueError that names every fault.
        plural: for people.
    """

    name: str
    check: Callable[[str, Body], object]
    plural: str


@dataclass(frozen=True)
class JudgedKind:
    """How one kind of findings is judged.

    Attributes:
        name: in the store, the log and folders, such as anomaly.
        states: the words that a state may be; a finding that was never judged has the first.
        reasons: the allowed reasons, by state; a state that is not listed needs none.
        plural: for people.
    """

    name: str
    states: tuple[str, ...]
    plural: str
    reasons: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def check(self, state: str, reason: str) -> None:
        """Refuse a word that does not belong to it.

        Raises:
            ValueError: it names what there is.
        """
        if state not in self.states:
            raise ValueError(f"its state is {state!r}, and is one of {', '.join(self.states)}")
        allowed = self.reasons.get(state)
        if allowed is not None and reason not in allowed:
            raise ValueError(
                f"a {self.name} that is {state} has the reason {reason!r}, and needs one of "
                f"{', '.join(allowed)}"
            )


def anything(*_: object) -> None:
    """Refuse nothing."""


def check_item(kind: str, id_: str, body: Body) -> None:
    """Refuse an item that its kind can't use.

    Raises:
        InvalidDecisionError: there is no such kind, or the body is wrong.
    """
    if kind not in ITEMS:
        raise InvalidDecisionError(
            f"there is no kind of decisions {kind!r}. What to do: use one of "
            f"{', '.join(sorted(ITEMS))}."
        )
    try:
        item_kind(kind).check(id_, body)
    except ValueError as error:
        raise InvalidDecisionError(
            f"the {kind} {id_!r} can't be stored: {_whole(error)}"
        ) from error


def check_state(subject_kind: str, subject_id: str, state: str, reason: str) -> None:
    """Refuse a state that its kind of findings does not have.

    Raises:
        InvalidDecisionError: there is no such kind, state or reason.
    """
    if subject_kind not in JUDGED:
        raise InvalidDecisionError(
            f"nobody can judge a {subject_kind!r}. What to do: use one of "
            f"{', '.join(sorted(JUDGED)) or 'none'}."
        )
    try:
        judged_kind(subject_kind).check(state, reason)
    except ValueError as error:
        raise InvalidDecisionError(
            f"the state of {subject_kind} {subject_id!r} can't be stored: {_whole(error)}"
        ) from error


def item_kind(name: str) -> ItemKind:
    """One kind of items, from its room."""
    found: ItemKind = _found(ITEMS[name])
    return found


def judged_kind(name: str) -> JudgedKind:
    """How one kind of findings is judged, from its room."""
    found: JudgedKind = _found(JUDGED[name])
    return found


@cache
def _found(where: str) -> Any:
    module, _, name = where.partition(":")
    return getattr(import_module(module), name)


def _whole(error: Exception) -> str:
    told = str(error)
    return told if "What to do:" in told else f"{told}. What to do: change it and save again."
