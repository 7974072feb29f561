"""Whether a saving came true: a resource's cost before it was done, and on later bills. Pure.

Only whole months after the day on which it was done count. If several items of a resource are done,
the real saving goes to them in the order of the steps, so that it counts once.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.decisions.item import State
from credits_pipeline.finops.marts.columns import MONEY
from credits_pipeline.finops.optimization.item import Item
from credits_pipeline.finops.optimization.judged import DONE
from credits_pipeline.finops.optimization.thresholds import DEFAULTS, Thresholds
from credits_pipeline.finops.scans.table import Table

PROVED, NOT_SEEN = "proved", "not seen"


@dataclass(frozen=True)
class Realised:
    """What one month's bill shows of one done item.

    Attributes:
        id: of the item.
        action: its word.
        tab: of the page.
        provider: short code.
        account: of the resource.
        resource_id: as on the bill.
        billing_month: ``YYYY-MM``.
        done_on: the day on which it was done.
        expected: what it should save per month.
        before: what the resource cost per month when it was done.
        actual: what it cost in this month.
        realised: this item's part of the difference.
        currency: of all amounts.
        state: `PROVED` or `NOT_SEEN`.
    """

    id: str
    action: str
    tab: str
    provider: str
    account: str
    resource_id: str
    billing_month: str
    done_on: str
    expected: Decimal
    before: Decimal
    actual: Decimal
    realised: Decimal
    currency: str
    state: str

    def row(self) -> dict[str, Any]:
        """Its row in the mart."""
        return dict(vars(self))


_MONEY = ("expected", "before", "actual", "realised")
REALISED = Table(
    tuple((name, MONEY if name in _MONEY else "VARCHAR") for name in Realised.__dataclass_fields__)
)
#: The cost of a resource, by account, id and month; an account that is listed has its bill.
Costs = Mapping[tuple[str, str], Mapping[str, Decimal]]


def prove(
    items: Iterable[Item],
    states: Mapping[str, State],
    accounts: Collection[tuple[str, str]],
    costs: Costs,
    thresholds: Thresholds = DEFAULTS,
) -> list[Realised]:
    """What later bills show of everything that is done, by item and month.

    Args:
        items: all of them.
        states: people's decisions, by id.
        accounts: the months of each account whose bill is whole.
        costs: what resources cost, by account and id, then month.
        thresholds: the current ones.
    """
    done: dict[tuple[str, str], list[tuple[Item, datetime]]] = defaultdict(list)
    for item in items:
        state = states.get(item.id)
        if state is not None and state.state == DONE and item.judged_saving is not None:
            done[item.account, item.resource_id].append((item, state.at))
    found = []
    for resource, some in done.items():
        some.sort(key=lambda one: (one[0].step, one[0].action))
        months = sorted(month for account, month in accounts if account == resource[0])
        for month in months:
            counting = [one for one in some if _begun(one[1], month)]
            found += _month(counting, month, costs.get(resource, {}), thresholds)
    return sorted(found, key=lambda one: (one.id, one.billing_month))


def _begun(at: datetime, month: str) -> bool:
    return at <= BillingMonth.parse(month).start


def _month(
    some: list[tuple[Item, datetime]], month: str, costs: Mapping[str, Decimal], t: Thresholds
) -> list[Realised]:
    if not some:
        return []
    before = max(item.judged_cost or Decimal(0) for item, _ in some)
    actual = costs.get(month, Decimal(0))
    left = before - actual
    found = []
    for number, (item, at) in enumerate(some):
        expected = item.judged_saving or Decimal(0)
        last = number == len(some) - 1
        part = left if last else max(Decimal(0), min(left, expected))
        left -= part
        proved = part >= expected * t["proof_share"] / 100
        found.append(
            Realised(
                item.id, item.action, item.tab, item.provider, item.account, item.resource_id,
                month, f"{at:%Y-%m-%d}", expected, before, actual, part, item.currency,
                PROVED if proved else NOT_SEEN,
            )
        )  # fmt: skip
    return found
