"""The allocation: charges of one month and one currency, given to owners to the cent.

From the top down: the spend in cents is divided among owners and pools, each owner's among kinds of
charge, each kind's among accounts and services, each pool's among those who share it. Every level
adds up to the level above it. The order of charges does not matter.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from credits_pipeline.finops.chargeback.model import (
    EVEN,
    FIXED,
    HANDED_OUT,
    METRIC,
    Model,
    Pool,
)
from credits_pipeline.finops.chargeback.shares import apportion, cents, split
from credits_pipeline.finops.queries.exactly import total

#: Unallocated: what no rule gave to an owner. It sorts after every name.
UNALLOCATED = None
DIRECT, COMMITMENTS, CREDITS, TAX, SHARED = KINDS = (
    "direct",
    "commitments",
    "credits",
    "tax",
    "shared",
)
#: What an owner's part of a proportional pool depends on.
_DRIVERS = (DIRECT, COMMITMENTS)


@dataclass(frozen=True)
class Charge:
    """A charge, as far as the model distinguishes it.

    Attributes:
        words: each word of the model with its values; none if the bill has none.
        kind: one of `KINDS`, except shared.
        account: its id; empty if there is none.
        service: its name; empty if there is none.
        cost: exact.
        handed_out: whether it is a credit that a receipt distributed to the account.
    """

    words: Mapping[str, tuple[str, ...]]
    kind: str
    account: str
    service: str
    cost: Decimal
    handed_out: bool = False


@dataclass(frozen=True)
class Line:
    """What one owner has of one kind in one account and service.

    Attributes:
        owner: None for unallocated.
        kind: one of `KINDS`.
        account: its id; empty for a shared cost.
        service: its name; the pool for a shared cost.
        cents: how much.
    """

    owner: str | None
    kind: str
    account: str
    service: str
    cents: int

    @property
    def key(self) -> tuple[bool, str, int, str, str]:
        """Its sort key among the lines."""
        return (
            self.owner is None, self.owner or "", KINDS.index(self.kind), self.account,
            self.service,
        )  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One owner's part of a pool.

    Attributes:
        owner: None if nobody was found to share it.
        weight: its basis, written for people.
        cents: how much.
    """

    owner: str | None
    weight: str
    cents: int


@dataclass(frozen=True)
class PoolTable:
    """How a pool was shared.

    Attributes:
        pool: its name.
        account: whose part of the pool this is, if each account's is shared separately; else empty.
        driver: the basis of the split, written for people.
        cents: all of it.
        parts: by owner.
    """

    pool: str
    account: str
    driver: str
    cents: int
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Allocation:
    """A month in one currency.

    Attributes:
        spend: all charges, exact.
        lines: by owner, kind, account and service; unallocated last.
        pools: by name.
        faults: what kept a pool from being shared; it is then unallocated.
    """

    spend: Decimal
    lines: tuple[Line, ...]
    pools: tuple[PoolTable, ...]
    faults: tuple[str, ...] = ()

    @property
    def cents(self) -> int:
        """All lines."""
        return sum(line.cents for line in self.lines)

    def owners(self) -> dict[str | None, int]:
        """What each owes; unallocated is always there, and last."""
        found: dict[str | None, int] = {}
        for line in self.lines:
            found[line.owner] = found.get(line.owner, 0) + line.cents
        unallocated = found.pop(UNALLOCATED, 0)
        return {**dict(sorted(found.items(), key=lambda one: one[0] or "")),
                UNALLOCATED: unallocated}  # fmt: skip


@dataclass(frozen=True, order=True)
class _Place:
    """Where a charge goes: to an owner, to nobody, or into a pool; ordered by name."""

    kind: int
    name: str
    account: str = ""


_OWNER, _POOL, _NOBODY = 0, 1, 2
_Key = tuple[str, str]


def allocate(
    charges: Iterable[Charge], model: Model, metrics: Mapping[str, Mapping[str, Decimal]]
) -> Allocation:
    """Give charges to owners.

    Args:
        charges: of one month and one currency, in any order.
        model: the allocation model.
        metrics: of this month, by name: what each owner has.
    """
    found: dict[_Place, dict[str, dict[_Key, Decimal]]] = defaultdict(lambda: defaultdict(dict))
    every: list[Decimal] = []
    for charge in charges:
        cells = found[_place(charge, model)][charge.kind]
        key = (charge.account, charge.service)
        cells[key] = total((cells.get(key, Decimal(0)), charge.cost))
        every.append(charge.cost)
    spend = total(every)
    places = {
        place: total(cost for cells in kinds.values() for cost in cells.values())
        for place, kinds in found.items()
    }
    dealt = apportion(cents(spend), places)
    lines: list[Line] = []
    for place, kinds in found.items():
        if place.kind != _POOL:
            lines += _of_owner(place.name if place.kind == _OWNER else None, dealt[place], kinds)
    sharing = _Sharing(lines, metrics)
    pools = [
        sharing.share(model.pool(place.name), place.account, dealt[place])
        for place in sorted(places)
        if place.kind == _POOL
    ]
    lines += _of_pools(pools)
    return Allocation(
        spend,
        tuple(sorted(lines, key=lambda line: line.key)),
        tuple(pools),
        tuple(dict.fromkeys(sharing.faults)),
    )


def _place(charge: Charge, model: Model) -> _Place:
    for rule in model.rules:
        name = rule.owner(charge.words)
        if name is None:
            continue
        if not rule.pool:
            return _Place(_OWNER, name)
        return _pooled(model.pool(name), charge)
    return _pooled(HANDED_OUT, charge) if charge.handed_out else _Place(_NOBODY, "")


def _pooled(pool: Pool, charge: Charge) -> _Place:
    return _Place(_POOL, pool.name, charge.account if pool.within_account else "")


def _of_owner(
    owner: str | None, whole: int, kinds: Mapping[str, Mapping[_Key, Decimal]]
) -> list[Line]:
    by_kind = apportion(whole, {kind: total(cells.values()) for kind, cells in kinds.items()})
    return [
        Line(owner, kind, account, service, amount)
        for kind, cells in kinds.items()
        for (account, service), amount in apportion(by_kind[kind], cells).items()
    ]


def _of_pools(pools: Iterable[PoolTable]) -> list[Line]:
    """One line for each owner and pool, whatever accounts it came through."""
    summed: dict[tuple[str | None, str], int] = defaultdict(int)
    for pool in pools:
        for part in pool.parts:
            summed[part.owner, pool.pool] += part.cents
    return [Line(owner, SHARED, "", pool, amount) for (owner, pool), amount in summed.items()]


class _Sharing:
    """Splits pools by the owners' direct costs."""

    def __init__(self, lines: Iterable[Line], metrics: Mapping[str, Mapping[str, Decimal]]) -> None:
        self._owned: dict[tuple[str, str], int] = defaultdict(int)
        self._owners: set[str] = set()
        for line in lines:
            if line.owner is None:
                continue
            self._owners.add(line.owner)
            if line.kind in _DRIVERS:
                for account in {"", line.account}:
                    self._owned[line.owner, account] += line.cents
        self._metrics = metrics
        self.faults: list[str] = []

    def share(self, pool: Pool, account: str, whole: int) -> PoolTable:
        driver, weights, shown = self._weights(pool, account)
        if not any(weights.values()):
            if whole:
                self.faults.append(self._nobody(pool, account))
            return PoolTable(pool.name, account, driver, whole, (Part(UNALLOCATED, "", whole),))
        dealt = split(whole, weights)
        parts = tuple(Part(owner, shown[owner], dealt[owner]) for owner in sorted(weights))
        return PoolTable(pool.name, account, driver, whole, parts)

    def _weights(self, pool: Pool, account: str) -> tuple[str, dict[str, Fraction], dict[str, str]]:
        """The basis of a pool's split, each owner's weight, and the weight written for people."""
        among = pool.among or tuple(self._owners)
        if pool.split == FIXED:
            shares = dict(pool.shares)
            shown = {owner: f"{share} %" for owner, share in shares.items()}
            return "fixed shares", {owner: Fraction(s) for owner, s in shares.items()}, shown
        if pool.split == EVEN:
            return "even shares", dict.fromkeys(among, Fraction(1)), dict.fromkeys(among, "1")
        if pool.split == METRIC:
            told = self._metrics.get(pool.metric, {})
            kept = {owner: told[owner] for owner in (pool.among or told) if owner in told}
            shown = {owner: format(value, "f") for owner, value in kept.items()}
            return f"metric {pool.metric}", {o: Fraction(v) for o, v in kept.items()}, shown
        # Credits can make an owner's direct costs negative; such an owner has no part in a pool.
        owned = {owner: max(0, self._owned.get((owner, account), 0)) for owner in among}
        owned = {owner: amount for owner, amount in owned.items() if amount}
        shown = {owner: f"{amount // 100}.{amount % 100:02d}" for owner, amount in owned.items()}
        return "costs of their own", {o: Fraction(a) for o, a in owned.items()}, shown

    def _nobody(self, pool: Pool, account: str) -> str:
        of = f" in the account {account}" if account else ""
        if pool.split == METRIC:
            return (
                f"The pool {pool.name!r} follows the metric {pool.metric!r}, which has no value "
                "above zero for this month: it is unallocated. What to do: add the month to the "
                "metric's file and read it in again."
            )
        return (
            f"Nobody who shares the pool {pool.name!r} has costs of their own{of}: it is "
            "unallocated. What to do: name who shares it, or split it evenly or by fixed shares."
        )
