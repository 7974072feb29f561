"""The rules that distribute a credit: who gets how much of one pool, in whole units.

Every rule but ``as_ledger`` gives an account no more than its usage that the credit applies to; the
excess goes to the others, and what no account can use is not placed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from credits_pipeline.finops.ledger.shares import shared


class Rule(StrEnum):
    """Who gets the credit."""

    #: Each account, the amount that AWS took off its bill.
    AS_LEDGER = "as_ledger"
    #: In proportion to each account's usage.
    PROPORTIONAL = "proportional"
    #: By given percentages.
    FIXED = "fixed"
    #: Every account with usage, in equal parts.
    EVEN = "even"
    #: The account that owns the credit first, then the one with the most usage, as AWS does it.
    OWNER_FIRST = "owner_first"
    #: In proportion to each account's usage with the tag of the migration programme.
    EARNED_BY_TAG = "earned_by_tag"


@dataclass(frozen=True)
class Pool:
    """What one credit gave in a month, in units, and the accounts that it may go to.

    Attributes:
        units: to distribute; negative if more was taken back than given.
        booked: what AWS took off each account's bill.
        used: each account's usage that the credit applies to.
        eligible: the part of it that no pool has covered.
        tagged: the same with the tag of the migration programme.
        owner: the account that owns the credit; empty if not known.
        percent: by account, of the rule `Rule.FIXED`.
    """

    units: int
    booked: Mapping[str, int]
    used: Mapping[str, int]
    eligible: Mapping[str, int]
    tagged: Mapping[str, int]
    owner: str
    percent: Mapping[str, Decimal]


def placed(rule: Rule, pool: Pool) -> dict[str, int]:
    """What each account gets; the rest of the pool can't be used by any account."""
    if rule is Rule.AS_LEDGER:
        return dict(pool.booked)
    if rule is Rule.OWNER_FIRST:
        return _in_a_row(pool)
    weights = _WEIGHTS[rule](pool)
    return shared(pool.units, weights, {name: pool.eligible.get(name, 0) for name in weights})


def _in_a_row(pool: Pool) -> dict[str, int]:
    sign = -1 if pool.units < 0 else 1
    left, found = abs(pool.units), {}
    # By total usage: what others have left of it could change an order for a cent.
    row = sorted(pool.eligible, key=lambda name: (name != pool.owner, -pool.used[name], name))
    for name in row:
        given = min(left, pool.eligible[name])
        left -= given
        found[name] = sign * given
    return found


def _percents(pool: Pool) -> dict[str, int]:
    digits = max([0, *(_places(one) for one in pool.percent.values())])
    return {name: int(one.scaleb(digits)) for name, one in pool.percent.items()}


def _places(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


_WEIGHTS: dict[Rule, Callable[[Pool], Mapping[str, int]]] = {
    Rule.PROPORTIONAL: lambda pool: pool.eligible,
    Rule.EVEN: lambda pool: {name: 1 for name, used in pool.eligible.items() if used},
    Rule.FIXED: _percents,
    Rule.EARNED_BY_TAG: lambda pool: pool.tagged,
}
