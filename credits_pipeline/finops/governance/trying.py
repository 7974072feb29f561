"""A policy tried before it is saved: what it would find now, with a few examples. Saves nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from credits_pipeline.finops.governance.evaluating import Outcome, evaluate
from credits_pipeline.finops.governance.fence import FenceError
from credits_pipeline.finops.governance.governing import Table
from credits_pipeline.finops.governance.policy import Policy
from credits_pipeline.finops.queries.exactly import total

_EXAMPLES = 5


@dataclass(frozen=True)
class Example:
    """One resource that a policy would find.

    Attributes:
        resource: its row.
        says: the sentence.
    """

    resource: Mapping[str, Any]
    says: str


@dataclass(frozen=True)
class Tried:
    """What a policy would find now.

    Attributes:
        policy: which.
        broken: how many resources.
        clean: how many others.
        not_known: how many can't be judged.
        cost: the monthly cost of the broken ones, by currency.
        examples: a few of them, the most expensive first.
    """

    policy: Policy
    broken: int
    clean: int
    not_known: int
    cost: Mapping[str, Decimal]
    examples: Sequence[Example]


def try_policy(policy: Policy, table: Table) -> Tried:
    """Evaluate a policy, whether it is on or off.

    Raises:
        FenceError: it can't be computed, or exceeds its limits.
    """
    (outcome,) = evaluate([policy], table.file)
    if outcome.error:
        raise FenceError(outcome.error)
    return _tried(outcome, table.resources)


def _tried(outcome: Outcome, resources: Sequence[Mapping[str, Any]]) -> Tried:
    found = [Example(resources[number - 1], says) for number, says in outcome.broken.items()]
    found.sort(key=lambda one: (-(one.resource["cost_month"] or Decimal(0)), one.says))
    costs: dict[str, list[Decimal]] = {}
    for one in found:
        if one.resource["cost_month"] is not None:
            costs.setdefault(one.resource["currency"] or "", []).append(one.resource["cost_month"])
    return Tried(
        outcome.policy,
        len(found),
        outcome.clean,
        len(outcome.not_known),
        {currency: total(each) for currency, each in sorted(costs.items())},
        found[:_EXAMPLES],
    )
