"""Findings of clouds beside ours: one item for each resource and action, whoever found it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from credits_pipeline.finops.optimization.opportunity import COMPUTE, DATA, Opportunity, Step
from credits_pipeline.finops.scans.columns import DATABASE
from credits_pipeline.finops.scans.findings import Outside
from credits_pipeline.finops.scans.resources import Resource

#: The step of each of our actions; theirs are rightsizing unless something says otherwise.
_IDLE = ("terminate", "delete", "release", "stop_idle")
_TABS = {"aws.ecs.service": "Containers", "aws.lambda.function": "Serverless", DATABASE: DATA}


@dataclass(frozen=True)
class Joined:
    """What can be done about one resource.

    Attributes:
        opportunities: one for each action.
        origins: who found those that are not from our rules, by action.
        also: who else found the same, by action: name and sentence.
    """

    opportunities: list[Opportunity]
    origins: Mapping[str, str]
    also: Mapping[str, Mapping[str, str]]


def join(resource: Resource, ours: Sequence[Opportunity], theirs: Iterable[Outside]) -> Joined:
    """Our findings and theirs about one resource; the same action is one item.

    Args:
        resource: that they are about.
        ours: the findings of our rules.
        theirs: the findings of the cloud.
    """
    known = {one.action: one for one in ours}
    origins: dict[str, str] = {}
    also: dict[str, dict[str, str]] = {}
    for one in theirs:
        told = (
            one.says
            if one.saving is None
            else f"{one.says} ({one.saving:,.2f} {one.currency} a month)"
        )
        also.setdefault(one.action, {})[one.origin] = told
        if one.action not in known:
            known[one.action] = _theirs(resource, one)
            origins[one.action] = one.origin
    return Joined(list(known.values()), origins, also)


def _theirs(resource: Resource, one: Outside) -> Opportunity:
    """A finding that only the cloud has: its share is their saving over the resource's cost."""
    share, why = (
        None,
        ("no bill contains the resource, and the cloud's own amount uses its own price"),
    )
    if one.saving is None:
        why = f"{one.origin} does not say"
    elif resource.cost is not None and resource.cost.list > 0:
        if one.currency and resource.cost.currency != one.currency:
            why = f"{one.origin} says it in {one.currency}, the bill is in {resource.cost.currency}"
        else:
            # Their amounts are at list price, or close to it.
            share, why = min(Fraction(1), Fraction(one.saving) / Fraction(resource.cost.list)), ""
    idle = one.action.startswith(_IDLE)
    return Opportunity(
        one.action,
        Step.IDLE if idle else Step.RIGHTSIZE,
        _TABS.get(resource.kind, COMPUTE),
        resource,
        one.says,
        one.do,
        share,
        confidence="medium",
        effort="medium",
        material={"says": one.says},
        why_unknown=why,
    )
