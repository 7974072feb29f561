"""Rules that the bills suggest: accounts whose tagged costs are nearly all one owner's."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.chargeback.charges import scope_of
from credits_pipeline.finops.chargeback.model import Model, Rule
from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.exactly import percent, total
from credits_pipeline.finops.queries.spend import sums
from credits_pipeline.finops.queries.values import currencies

#: In percent of the tagged costs of an account.
_NEARLY_ALL = Decimal(90)


@dataclass(frozen=True)
class Suggestion:
    """One rule.

    Attributes:
        rule: gives an account to an owner.
        account: its id.
        share: the owner's share of the account's tagged costs, in percent.
        gained: the unallocated costs that the rule would give to the owner, exact.
        currency: of it.
    """

    rule: Rule
    account: str
    share: Decimal
    gained: Decimal
    currency: str


def suggestions(published: Published, model: Model, month: BillingMonth) -> list[Suggestion]:
    """Rules for accounts with costs that lack an owner's tag; the largest gain first."""
    if model.to not in published.tags:
        return []
    found = []
    for currency in currencies(published, scope_of(model, month)):
        scope = scope_of(model, month, currency)
        by_account: dict[str, dict[str | None, Decimal]] = defaultdict(dict)
        for (account, owner), (cost, _) in sums(published, scope, ("account", model.to)).items():
            if account is not None:
                by_account[account][owner] = cost
        for account, owners in sorted(by_account.items()):
            nobody = owners.pop(None, Decimal(0))
            if nobody <= 0 or not owners:
                continue
            most = max(sorted(owners, key=str), key=lambda owner: owners[owner])
            share = percent(owners[most], total(owners.values()))
            if most is not None and share is not None and share >= _NEARLY_ALL:
                rule = Rule(when=(("account", (account,)),), to=most)
                found.append(Suggestion(rule, account, share, nobody, currency))
    return sorted(found, key=lambda one: (one.currency, -one.gained, one.account))
