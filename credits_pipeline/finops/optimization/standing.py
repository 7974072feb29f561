"""The state of an item: people's decisions, what scans see, what later bills prove. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from credits_pipeline.finops.decisions.item import State
from credits_pipeline.finops.optimization.item import Item
from credits_pipeline.finops.optimization.judged import (
    DISMISSED,
    DONE,
    OPEN,
    PLANNED,
    SNOOZED,
)
from credits_pipeline.finops.optimization.proving import NOT_SEEN, PROVED, Realised
from credits_pipeline.finops.optimization.thresholds import DEFAULTS, Thresholds
from credits_pipeline.finops.scans.life import GONE

#: States that no person sets.
GONE_BY_ITSELF = "gone"
STATES = (OPEN, PLANNED, DONE, PROVED, NOT_SEEN, DISMISSED, SNOOZED, GONE_BY_ITSELF)


@dataclass(frozen=True)
class Standing:
    """An item with its state.

    Attributes:
        item: the item.
        state: one of `STATES`.
        says: the reason for the state, in a sentence; empty if the word is enough.
        judged: the last decision; None if there is none.
        realised: what later bills show of it, by month.
    """

    item: Item
    state: str
    says: str = ""
    judged: State | None = None
    realised: tuple[Realised, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether its saving is still to be had."""
        return self.state in (OPEN, PLANNED)


def standing(
    item: Item,
    state: State | None,
    realised: Iterable[Realised],
    now: datetime,
    thresholds: Thresholds = DEFAULTS,
) -> Standing:
    """The state of one item.

    Args:
        item: after the newest scan.
        state: the last decision.
        realised: what later bills show of it.
        now: the moment.
        thresholds: the current ones.
    """
    word = OPEN if state is None else state.state
    told = tuple(realised)
    if state is not None and word == DONE:
        return _done(item, state, told)
    if item.seen == GONE:
        says = "The newest scan no longer finds it."
        return Standing(item, GONE_BY_ITSELF, says, state, told)
    if state is not None and word in (DISMISSED, SNOOZED):
        if state.until is not None and state.until <= now:
            says = f"{state.who} had {word} it until {state.until:%d %b %Y}."
            return Standing(item, OPEN, says, state, told)
        changed = material(item, thresholds) if word == DISMISSED else ""
        if changed:
            says = f"{state.who} had dismissed it ({state.reason}). It is open again: {changed}"
            return Standing(item, OPEN, says, state, told)
    if item.times and word == OPEN:
        return Standing(item, word, "It was gone, and is back.", state, told)
    return Standing(item, word, "", state, told)


def material(item: Item, thresholds: Thresholds = DEFAULTS) -> str:
    """What has changed so much since the decision that it no longer applies; empty for nothing."""
    if item.judged_at is None:
        return ""
    before: Mapping[str, str] = item.judged_material or {}
    for name in sorted({*before, *item.material}):
        was, is_now = before.get(name, "nothing"), item.material.get(name, "nothing")
        if was != is_now:
            return f"{name.replace('_', ' ')} was {was} and is {is_now}."
    if item.saving is None or item.judged_saving is None:
        return ""
    most = item.judged_saving * (1 + thresholds["material_change"] / 100)
    if item.saving > most and item.saving - item.judged_saving >= thresholds["least_saving"]:
        return (
            f"it would save {item.saving:.2f} {item.currency} a month, and "
            f"{item.judged_saving:.2f} when it was dismissed."
        )
    return ""


def _done(item: Item, state: State, realised: tuple[Realised, ...]) -> Standing:
    if not realised:
        says = "The first whole month after it was done will prove it or not."
        return Standing(item, DONE, says, state)
    last = realised[-1]
    amount = f"{last.realised:.2f} of {last.expected:.2f} {last.currency}"
    says = f"The bill of {last.billing_month} shows {amount}."
    return Standing(item, last.state, says, state, realised)


def total(standings: Sequence[Standing], currency: str, *states: str) -> Decimal:
    """The sum of the savings in some states, in one currency."""
    return sum(
        (
            one.item.saving
            for one in standings
            if one.state in states and one.item.saving is not None and one.item.currency == currency
        ),
        Decimal(0),
    )
