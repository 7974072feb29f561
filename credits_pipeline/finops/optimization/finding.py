"""From resources to recommendations: every rule on every resource, savings in order, what is open.

Pure: rows in, items and what is not known out.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from credits_pipeline.finops.decisions.item import State
from credits_pipeline.finops.optimization import rules, rules_services
from credits_pipeline.finops.optimization.item import RULES as BY_RULES
from credits_pipeline.finops.optimization.item import Item
from credits_pipeline.finops.optimization.ledger import savings
from credits_pipeline.finops.optimization.opportunity import Opportunity, Step, Unknown
from credits_pipeline.finops.optimization.outside import Joined, join
from credits_pipeline.finops.optimization.prices import NONE, Prices
from credits_pipeline.finops.optimization.thresholds import DEFAULTS, Thresholds
from credits_pipeline.finops.scans.billed import parsed
from credits_pipeline.finops.scans.findings import HUB, Outside
from credits_pipeline.finops.scans.inventory import KNOWN, UNKNOWN
from credits_pipeline.finops.scans.life import Sighting, finding_id, sight
from credits_pipeline.finops.scans.resources import Resource

RULES: tuple[rules.Rule, ...] = (*rules.RULES, *rules_services.RULES)
#: How many reasons are reported for each action that could not decide.
_REASONS = 5


@dataclass
class Found:
    """What the rules found.

    Attributes:
        items: by id.
        resources: how many were checked, by kind.
        unknown: ids of what could not be decided.
        reasons: by tab and action, why, and how often.
        no_evidence: resources for which some rule could decide nothing.
    """

    items: dict[str, Item] = field(default_factory=dict)
    resources: Counter[str] = field(default_factory=Counter)
    unknown: set[str] = field(default_factory=set)
    reasons: dict[tuple[str, str], Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    no_evidence: int = 0

    def note(self, unknown: Sequence[Unknown]) -> None:
        """Record what rules could not decide about one resource."""
        for one in unknown:
            self.unknown.add(finding_id(one.action, one.resource.key))
            counted = self.reasons[one.tab, one.action]
            counted["resources"] += 1
            for column, why in one.lacks.items():
                counted[f"{column}: {why}"] += 1
        self.no_evidence += bool(unknown)

    def not_known(self) -> list[dict[str, Any]]:
        """What could not be decided, as JSON: tab, action, how many resources, why."""
        return [
            {
                "tab": tab,
                "action": action,
                "resources": counted["resources"],
                "reasons": {
                    why: number
                    for why, number in counted.most_common(_REASONS + 1)
                    if why != "resources"
                },
            }
            for (tab, action), counted in sorted(self.reasons.items())
        ]


def judge(
    resource: Resource, thresholds: Thresholds = DEFAULTS, prices: Prices = NONE
) -> tuple[list[Opportunity], list[Unknown]]:
    """What every rule says about one resource."""
    found, unknown = [], []
    for rule in RULES:
        verdict = rule(resource, thresholds, prices)
        if isinstance(verdict, Opportunity):
            found.append(verdict)
        elif isinstance(verdict, Unknown):
            unknown.append(verdict)
    return found, unknown


def find(
    rows: Iterable[Mapping[str, Any]],
    at: datetime,
    *,
    thresholds: Thresholds = DEFAULTS,
    prices: Prices = NONE,
    outside: Sequence[Outside] = (),
) -> Found:
    """Every recommendation that follows from the table of resources.

    Args:
        rows: of the table.
        at: the scan's as-of time.
        thresholds: the current ones.
        prices: those that were seen.
        outside: findings of the clouds themselves.
    """
    result = Found()
    by_resource: dict[tuple[str, str], list[Outside]] = defaultdict(list)
    for one in outside:
        by_resource[one.account, one.short].append(one)
    for row in rows:
        resource = Resource.of(row)
        result.resources[resource.kind] += 1
        found, unknown = judge(resource, thresholds, prices)
        theirs = by_resource.pop((resource.account, resource.id), [])
        joined = join(resource, found, theirs)
        result.note(unknown)
        _add(result, joined, parsed(row["cost_lines"]), at, thresholds["least_saving"])
    for left in by_resource.values():
        # The inventory has no such resource: only the cloud's finding describes it.
        for one in left:
            joined = join(one.alone(at), [], [one])
            _add(result, joined, (), at, thresholds["least_saving"])
    return result


def merge(
    before: Iterable[Item],
    found: Found,
    states: Mapping[str, State],
    parts: Sequence[Mapping[str, Any]],
    at: datetime,
) -> Iterator[Item]:
    """Every item after one more scan, by saving: what is new, what stayed, what is gone.

    Args:
        before: the items after the previous scan.
        found: what this scan found.
        states: people's decisions, by id.
        parts: what could be read.
        at: the scan's as-of time.
    """
    known = {item.id: item for item in before}
    looked = {
        item.id: item.id not in found.unknown and not _unseen(item, parts)
        for item in known.values()
    }
    sightings = sight(
        [
            Sighting(item.id, item.first_at, item.last_at, item.seen, item.times)
            for item in known.values()
        ],
        found.items.keys(),
        looked,
        at,
    )
    merged = []
    for id_, sighting in sightings.items():
        item = found.items.get(id_) or known[id_]
        item = item.but(
            first_at=sighting.first_at,
            last_at=sighting.last_at,
            seen=sighting.seen,
            times=sighting.times,
        )
        merged.append(_judged(item, known.get(id_), states.get(id_)))
    yield from sorted(merged, key=_order)


def _order(item: Item) -> tuple[bool, Decimal, str]:
    """By saving; what is bought comes after what is switched off, as its amount counts on that."""
    return item.step >= Step.COMMITMENT, -(item.saving or Decimal(0)), item.id


def _judged(item: Item, before: Item | None, state: State | None) -> Item:
    """An item with its values when it was last judged: what that person saw."""
    if state is None:
        return item
    if before is not None and before.judged_at == state.at:
        return item.but(
            judged_at=before.judged_at,
            judged_saving=before.judged_saving,
            judged_cost=before.judged_cost,
            judged_material=before.judged_material,
        )
    then = before or item
    return item.but(
        judged_at=state.at,
        judged_saving=then.saving,
        judged_cost=then.resource_cost,
        judged_material=then.material,
    )


def _unseen(item: Item, parts: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the scan could not read where an item's resource is, or not its origin."""
    return any(
        _hides_resource(part, item) or (item.origin != BY_RULES and _hides_origin(part, item))
        for part in parts
        if part["state"] != KNOWN
    )


def _hides_resource(part: Mapping[str, Any], item: Item) -> bool:
    return (
        part["state"] == UNKNOWN
        and part["account"] == item.account
        and part["region"] in ("", item.region)
        and part["what"] in (item.kind, "account")
    )


def _hides_origin(part: Mapping[str, Any], item: Item) -> bool:
    """Whether an item's origin did not answer, or not completely."""
    if not part["account"]:
        return True  # a file, or all findings: whose they would be is not known
    return part["what"] == item.origin and (
        # The hub is asked in one account, for all.
        item.origin == HUB
        or (part["account"] == item.account and part["region"] in ("", item.region))
    )


def _add(result: Found, joined: Joined, lines: Sequence[Any], at: datetime, least: Decimal) -> None:
    for opportunity, saving in savings(joined.opportunities, lines):
        if saving.effective is not None and saving.effective < least:
            continue
        item = Item.of(
            opportunity,
            saving,
            at,
            origin=joined.origins.get(opportunity.action, "rules"),
            also=joined.also.get(opportunity.action, {}),
        )
        result.items[item.id] = item
