"""The data of the page Governance: an evaluation, policies, the violations that a person sees."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

import streamlit as st

from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops.decisions import DecisionsError
from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.governance.ledger import Ledger, Record
from credits_pipeline.finops.governance.opening import Decided, decided
from credits_pipeline.finops.governance.violations import Seen, Status, Violation, seen_now
from credits_pipeline.finops.objects import ObjectsError
from credits_pipeline.finops.pages.frame import Frame
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.queries.exactly import total
from credits_pipeline.finops.queries.scope import Scope
from credits_pipeline.finops.queries.words import blank

#: Why it is not available.
ERRORS = (ObjectsError, DecisionsError, SettingError)
#: Words of a scope that resources have a value for; so has every other tag.
_NOT_OF_RESOURCES = ("category", "charge", "source")


@dataclass(frozen=True)
class Governed:
    """The data to show.

    Attributes:
        record: the newest evaluation; None before the first.
        decided: people's decisions.
        seen: the violations in the scope, the most expensive first.
        is_whole: nothing is left out of them.
    """

    record: Record | None
    decided: Decided
    seen: Sequence[Seen]
    is_whole: bool

    @property
    def open(self) -> list[Seen]:
        """Those that nobody has accepted and no evaluation has seen gone."""
        return [one for one in self.seen if one.status is Status.OPEN]

    @property
    def high(self) -> int:
        """How many of these are of high severity."""
        return sum(1 for one in self.open if one.violation.is_high)

    def of(self, policy: str) -> list[Seen]:
        """The violations of one policy that are not fixed."""
        return [
            one
            for one in self.seen
            if one.violation.policy == policy and one.status is not Status.FIXED
        ]


def governed(frame: Frame) -> Governed:
    """What the person sees; the page ends with the reason if it is not available."""
    strange = not_of_resources(frame.scope)
    if strange:
        st.info(
            f"Resources have no {' and no '.join(strange)}, so the filter matches none of them. "
            "Remove it to see violations."
        )
        st.stop()
    try:
        return known(frame)
    except ERRORS as error:
        st.error(plain(error))
        st.stop()


def not_of_resources(scope: Scope) -> list[str]:
    """Words of a scope that resources have no value for."""
    return [word for word in scope.filters if word in _NOT_OF_RESOURCES]


def known(frame: Frame) -> Governed:
    """What the person sees.

    Raises:
        ObjectsError: the storage can't be read.
        DecisionsError: the decisions can't be read.
        SettingError: a setting can't be used.
    """
    ledger = Ledger(frame.looking.published.depot)
    record = ledger.current()
    violations, found = _kept(ledger, record), decided()
    names = frame.looking.account_names()
    inside = [one for one in violations if holds(one, frame.scope, names)]
    return Governed(
        record,
        found,
        seen_now(inside, found.said, datetime.now(UTC)),
        is_whole=not frame.scope.filters,
    )


@lru_cache(maxsize=4)
def _read(root: str, version: str) -> tuple[Violation, ...]:
    return tuple(Ledger(Depot(root)).violations(version))


def _kept(ledger: Ledger, record: Record | None) -> Sequence[Violation]:
    """A version never changes, and people look at the same ones."""
    return () if record is None else _read(ledger.depot.root, record.version)


def holds(one: Violation, scope: Scope, names: dict[str, str]) -> bool:
    """Whether a violation is in a scope, like its charges."""
    told = {
        "cloud": one.provider,
        "account": one.account,
        "service": one.service,
        "region": "" if one.region == "global" else one.region,
    }
    for word, wanted in scope.filters.items():
        value = told[word] if word in told else one.tags.get(word, "")
        shown = {value, names.get(value, value)} if word == "account" else {value}
        if not (shown & set(wanted) if value else blank(word) in wanted):
            return False
    return True


def cost_of(found: Sequence[Seen], currency: str) -> tuple[Decimal, int]:
    """The monthly cost of violations in a currency, each resource once; and how many have none.

    Args:
        found: violations.
        currency: of the page; other currencies are never added to it.
    """
    costs: dict[tuple[str, str, str, str], Decimal] = {}
    missing = 0
    for one in found:
        each = one.violation
        if each.cost_month is None or each.currency != currency:
            missing += 1
        else:
            costs[each.key] = each.cost_month
    return total(costs.values()), missing
