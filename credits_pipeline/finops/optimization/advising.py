"""Savings Plans as recommendations, one per payer: computed on what other savings leave."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from credits_pipeline.core.money import to_text
from credits_pipeline.finops.optimization.finding import Found
from credits_pipeline.finops.optimization.item import Item
from credits_pipeline.finops.optimization.ledger import CENT, Saving
from credits_pipeline.finops.optimization.opportunity import (
    COMMITMENT,
    Opportunity,
    Step,
    Unknown,
    number,
)
from credits_pipeline.finops.optimization.plans import Advice, Hour, advise
from credits_pipeline.finops.optimization.thresholds import Thresholds
from credits_pipeline.finops.scans.columns import EC2, FUNCTION, SERVICE
from credits_pipeline.finops.scans.resources import Cost, Resource

ACTION = "buy_savings_plan"
#: The resource of such an item: there is none yet.
KIND, PLAN = "aws.savingsplans.plan", "compute-savings-plan"
_COVERED = (EC2, FUNCTION, SERVICE)


def discount_of(
    prices: Iterable[Mapping[str, Any]], machines: Mapping[tuple[str, str], int]
) -> Decimal | None:
    """How much cheaper a plan is than on demand, over the running machines; None if not known.

    Args:
        prices: rows of the scan's prices.
        machines: how many run, by region and type.
    """
    price = rate = Decimal(0)
    for row in prices:
        count = machines.get((row["region"], row["instance_type"]), 0)
        if count and row["price"] and row["plan_rate"]:
            price += row["price"] * count
            rate += row["plan_rate"] * count
    return None if not price else (1 - rate / price).quantize(Decimal("0.0001"))


def add_plans(
    found: Found,
    hours: Mapping[tuple[str, str], tuple[Sequence[Hour], bool]],
    payers: Mapping[str, str],
    discount: Decimal | None,
    at: datetime,
    thresholds: Thresholds,
) -> list[dict[str, Any]]:
    """Add what to commit to; returns the computation for each payer, as JSON.

    Args:
        found: what the rules found; it is extended.
        hours: by payer and currency, and whether a bill has only days.
        payers: of each account.
        discount: of a plan; None if not known.
        at: the scan's as-of time.
        thresholds: the current ones.
    """
    told = []
    for (payer, currency), (some, by_day) in sorted(hours.items()):
        if not some or not any(one.on_demand for one in some):
            continue
        if discount is None:
            resource = _resource(payer, at, None)
            lacks = {"plan_rate": "the rates of Savings Plans of these machines are not known"}
            found.note([Unknown(ACTION, COMMITMENT, resource, lacks)])
            continue
        saved = _saved(found.items.values(), payers, payer, currency)
        advice = advise(
            payer, currency, some, discount, saved=saved, spread=thresholds["stable_spread"],
            by_day=by_day,
        )  # fmt: skip
        if advice is None:
            continue
        told.append(as_json(advice))
        if advice.saving >= thresholds["least_saving"]:
            item = _item(advice, at)
            found.items[item.id] = item
    return told


def as_json(advice: Advice) -> dict[str, Any]:
    """The computation, amounts as text."""
    found = asdict(advice)
    found["lookbacks"] = [_texts(one) for one in found["lookbacks"]]
    return _texts(found)


def _texts(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: to_text(v) if isinstance(v, Decimal) else v for k, v in values.items()}


def _saved(items: Iterable[Item], payers: Mapping[str, str], payer: str, currency: str) -> Decimal:
    """A month's on-demand cost of a payer that is saved before a plan is bought."""
    whole = Decimal(0)
    for item in items:
        mine = payers.get(item.account) == payer and item.currency == currency
        if item.saving is None or not mine or item.kind not in _COVERED:
            continue
        free = 1 - item.covered / item.of_cost if item.of_cost else Decimal(1)
        whole += (item.saving * free).quantize(CENT)
    return whole


def _resource(payer: str, at: datetime, cost: Cost | None) -> Resource:
    return Resource(KIND, payer, "", PLAN, "Compute Savings Plan", at, tags={}, cost=cost)


def _item(advice: Advice, at: datetime) -> Item:
    tried = "; ".join(
        f"{one.days} days: {one.commitment} an hour, used to {number(one.utilisation)} %, saves "
        f"{one.saving:,.2f} {advice.currency} a month"
        for one in advice.lookbacks
    )
    steady = "is steady" if advice.stable else f"differs by {number(advice.spread)} %"
    hourly = "; the bill has only days, so an hour is the mean of its day" if advice.by_day else ""
    cost = Cost(advice.left, advice.left, advice.currency, "")
    opportunity = Opportunity(
        ACTION, Step.COMMITMENT, COMMITMENT, _resource(advice.payer, at, cost),
        f"{tried}. Use {steady}; it pays off if it is used in more than "
        f"{number(advice.break_even)} % of the hours{hourly}",
        f"Commit to {advice.commitment} {advice.currency} an hour for a year, without upfront, "
        "after everything above it is done.",
        None, confidence="high" if advice.stable and not advice.by_day else "medium",
        effort="low", material={"commitment": str(advice.commitment.quantize(Decimal("0.1")))},
    )  # fmt: skip
    return Item.of(opportunity, Saving(advice.saving, advice.saving, advice.left), at)
