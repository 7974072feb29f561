"""AWS's own findings from its APIs: the Cost Optimization Hub, and Compute Optimizer's lists.

Asked only if no file has them. What may not be read is not known; no rule depends on it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from credits_pipeline.finops.scans.accounts import Account, Accounts
from credits_pipeline.finops.scans.asking import Asking, NotSeenError
from credits_pipeline.finops.scans.findings import HUB, OPTIMIZER, Outside
from credits_pipeline.finops.scans.findings_optimizer import LISTINGS
from credits_pipeline.finops.scans.inventory import KNOWN, PARTLY, UNKNOWN, Part, noted
from credits_pipeline.finops.scans.meaning import action_of, kind_of

_HOME = "us-east-1"
#: Its words for what to do that are none of a sentence.
_ADVICE = {
    "MigrateToGraviton": "Move it to Graviton",
    "ScaleIn": "Scale it in",
    "PurchaseSavingsPlans": "Buy a Savings Plan",
    "PurchaseReservedInstances": "Buy a reservation",
}


def ask_findings(
    accounts: Accounts, regions: tuple[str, ...], parts: list[Part]
) -> Iterator[Outside]:
    """Every finding of AWS; the hub's cover all accounts at once.

    Args:
        accounts: the accounts asked.
        regions: where Compute Optimizer is asked.
        parts: filled while findings are read.
    """
    own = Account(accounts.own, "")
    yield from noted(HUB, own, "", _hub(accounts, own), parts)
    for account in accounts.all:
        if account.refused is not None:
            no = account.refused
            parts.append(Part(OPTIMIZER, account.id, "", UNKNOWN, 0, no.says, no.permission))
            continue
        for region in regions:
            yield from _optimized(accounts.asking(account, region), parts)


def _optimized(asking: Asking, parts: list[Part]) -> Iterator[Outside]:
    """Compute Optimizer's findings; a refused list does not affect the others."""
    number, refused = 0, list[NotSeenError]()
    for listing in LISTINGS:
        try:
            for one in listing.found(asking):
                number += 1
                yield one
        except NotSeenError as error:
            refused.append(error)
            if not error.permission:
                break  # the region is disabled, or does not answer: the others would say the same
    said = Part(OPTIMIZER, asking.account, asking.region, KNOWN, number)
    if not refused:
        parts.append(said)
        return
    state = PARTLY if len(refused) < len(LISTINGS) and refused[-1].permission else UNKNOWN
    lacking = ((error.says, error.permission) for error in refused)
    parts.extend(replace(said, state=state, says=says, permission=p) for says, p in lacking)


def _hub(accounts: Accounts, own: Account) -> Iterator[Outside]:
    asking = accounts.asking(own, _HOME)
    for one in asking.pages("cost-optimization-hub", "list_recommendations", "items"):
        yield of_hub(one)


def of_hub(one: Mapping[str, Any]) -> Outside:
    """A recommendation of the hub, from its API or its export."""
    kind = kind_of(str(one.get("currentResourceType", "")))
    now, then = one.get("currentResourceSummary", ""), one.get("recommendedResourceSummary", "")
    change = f": {now} to {then}" if now and then else ""
    word = str(one.get("actionType") or "Change")
    advice = _ADVICE.get(word, f"{word} it")
    return Outside(
        origin=HUB,
        provider="aws",
        account=str(one.get("accountId", "")),
        region=str(one.get("region", "")),
        resource_id=str(one.get("resourceArn") or one.get("resourceId") or ""),
        kind=kind,
        action=action_of(kind, str(one.get("actionType", ""))),
        says=f"{HUB} says: {advice[0].lower()}{advice[1:]}{change}",
        do=f"{advice}{change}.",
        saving=_amount(one.get("estimatedMonthlySavings")),
        currency=str(one.get("currencyCode") or "USD"),
        at=str(one.get("lastRefreshTimestamp") or ""),
    )


def _amount(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value)).quantize(Decimal("0.01"))
