"""Allocating generated charges by generated rules."""

import random
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from credits_pipeline.finops.chargeback.allocating import (
    COMMITMENTS,
    CREDITS,
    DIRECT,
    SHARED,
    TAX,
    Allocation,
    Charge,
    allocate,
)
from credits_pipeline.finops.chargeback.model import HANDED_OUT, Model, Pool, Rule
from credits_pipeline.finops.chargeback.shares import cents, money

TEAMS, ACCOUNTS, SERVICES = ("ann", "ben", "cat"), ("1", "2"), ("Disk", "Support")
values = {
    "team": st.sampled_from([(), *((team,) for team in TEAMS)]),
    "account": st.sampled_from([(account,) for account in ACCOUNTS]),
    "service": st.sampled_from([(service,) for service in SERVICES]),
}


@st.composite
def charges(draw: Any) -> Charge:
    words = {word: draw(found) for word, found in values.items()}
    return Charge(
        words=words,
        kind=draw(st.sampled_from([DIRECT, COMMITMENTS, CREDITS, TAX])),
        account=words["account"][0],
        service=words["service"][0],
        cost=Decimal(draw(st.integers(-(10**7), 10**7))).scaleb(-5),
        handed_out=draw(st.booleans()),
    )


POOLS = (
    Pool("flat", "even", among=("ann", "zoe")),
    Pool("fair", "proportional"),
    Pool("here", "proportional", within_account=True),
    Pool("fixed", "fixed", shares=(("ann", Decimal("33.3")), ("zoe", Decimal("66.7")))),
    Pool("used", "metric", metric="requests"),
)
METRICS = {"requests": {"ann": Decimal("1.5"), "ben": Decimal(0), "zoe": Decimal(3)}}
targets = st.sampled_from(
    [{"to": "ann"}, {"to": "zoe"}, {"by": "team"}, *({"pool": pool.name} for pool in POOLS)]
)
conditions = st.dictionaries(
    st.sampled_from(["account", "service", "team"]),
    st.sampled_from(["1", "2", "Disk", "S*t", "*", "(none)", "ann"]),
    max_size=2,
)
rules = st.builds(
    lambda when, target: Rule(when=tuple((w, (v,)) for w, v in sorted(when.items())), **target),
    conditions,
    targets,
)
models = st.lists(rules, max_size=5).map(
    lambda found: Model("generated", rules=tuple(found), pools=POOLS)
)
bills = st.lists(charges(), max_size=25)


def spend(found: list[Charge]) -> Decimal:
    return sum((charge.cost for charge in found), Decimal(0))


def matching(model: Model, charge: Charge) -> int | None:
    """The rule that must count, read from the model in the plainest way."""
    for at, rule in enumerate(model.rules):
        for word, (wanted,) in rule.when:
            there = charge.words.get(word, ())
            if wanted == "(none)":
                holds = not there
            elif "*" in wanted:
                first, last = wanted.split("*")
                holds = any(v.startswith(first) and v.endswith(last) for v in there)
            else:
                holds = wanted in there
            if not holds:
                break
        else:
            if not rule.by or charge.words[rule.by]:
                return at
    return None


@given(bills, models)
@settings(max_examples=150)
def test_owners_and_unallocated_are_the_spend_whatever_the_rules(
    found: list[Charge], model: Model
) -> None:
    made = allocate(found, model, METRICS)
    assert made.spend == spend(found)
    assert made.cents == cents(spend(found))
    assert sum(made.owners().values()) == cents(spend(found))
    assert list(made.owners())[-1] is None
    for pool in made.pools:
        assert sum(part.cents for part in pool.parts) == pool.cents
    shared = sum(line.cents for line in made.lines if line.kind == SHARED)
    assert shared == sum(pool.cents for pool in made.pools)


@given(bills, models, st.integers())
@settings(max_examples=80)
def test_the_order_of_charges_does_not_count(found: list[Charge], model: Model, seed: int) -> None:
    mixed = list(found)
    random.Random(seed).shuffle(mixed)  # noqa: S311 - an order, and no secret
    assert allocate(mixed, model, METRICS) == allocate(found, model, METRICS)


@given(bills, models)
@settings(max_examples=80)
def test_the_first_rule_that_matches_counts(found: list[Charge], model: Model) -> None:
    owned: dict[str, Decimal] = defaultdict(Decimal)
    for charge in found:
        at = matching(model, charge)
        if at is None:
            owned["(pool)" if charge.handed_out else "(nobody)"] += charge.cost
        elif model.rules[at].pool:
            owned["(pool)"] += charge.cost
        else:
            owned[model.rules[at].to or charge.words["team"][0]] += charge.cost
    made = allocate(found, model, METRICS)
    own: dict[str, int] = defaultdict(int)
    for line in made.lines:
        if line.kind != SHARED:
            own[line.owner or "(nobody)"] += line.cents
    own["(pool)"] = sum(pool.cents for pool in made.pools)
    pools = {(pool.pool, pool.account) for pool in made.pools}
    for owner in {*own, *owned}:
        # Each place is within a cent of its exact sum; all pools together are several places.
        bound = max(1, len(pools)) if owner == "(pool)" else 1
        assert abs(own[owner] - owned[owner] * 100) < bound, (owner, own, owned)


@given(bills, models)
@settings(max_examples=80)
def test_rules_that_share_no_charge_may_change_places(found: list[Charge], model: Model) -> None:
    assume(len(model.rules) > 1)
    one = replace(model, rules=model.rules[:1])
    other = replace(model, rules=model.rules[1:2])
    assume(not any(matching(one, c) == 0 and matching(other, c) == 0 for c in found))
    swapped = replace(model, rules=(model.rules[1], model.rules[0], *model.rules[2:]))
    assert allocate(found, swapped, METRICS) == allocate(found, model, METRICS)


@given(st.lists(charges(), min_size=1, max_size=25), models, st.integers(1, 99))
@settings(max_examples=80)
def test_one_more_cent_on_a_charge_moves_one_row(
    drawn: list[Charge], pooling: Model, more: int
) -> None:
    # Shared cost may follow an owner's own cost, and has a property of its own.
    model = replace(pooling, rules=tuple(rule for rule in pooling.rules if not rule.pool))
    found = [replace(charge, handed_out=False) for charge in drawn]
    before = allocate(found, model, METRICS)
    moved = [replace(found[0], cost=found[0].cost + money(more)), *found[1:]]
    assume(cents(spend(moved)) == cents(spend(found)) + more)
    after = allocate(moved, model, METRICS)
    assert _rows(after).keys() == _rows(before).keys()
    changed = {
        key: amount - _rows(before)[key]
        for key, amount in _rows(after).items()
        if amount != _rows(before)[key]
    }
    assert list(changed.values()) == [more]


def _rows(made: Allocation) -> dict[tuple[Any, ...], int]:
    return {(*line.key, line.owner): line.cents for line in made.lines}


def charge(cost: str, team: str | None = None, account: str = "1", **more: Any) -> Charge:
    words = {"team": (team,) if team else (), "account": (account,), "service": ("Disk",)}
    return Charge(words, more.pop("kind", DIRECT), account, "Disk", Decimal(cost), **more)


BY_TEAM = Rule(by="team")


def test_credits_that_receipts_gave_to_an_account_follow_its_costs() -> None:
    found = allocate(
        [
            charge("30", "ann"),
            charge("10", "ben"),
            charge("1000", "cat", "2"),
            charge("-8", kind=CREDITS, handed_out=True),
        ],
        Model("by account's costs", rules=(BY_TEAM,)),
        {},
    )
    assert found.owners() == {"ann": 2400, "ben": 800, "cat": 100_000, None: 0}
    (pool,) = found.pools
    assert (pool.pool, pool.account, pool.cents) == (HANDED_OUT.name, "1", -800)


def test_credits_of_an_account_that_a_rule_names_are_its_owner_s() -> None:
    rule = Rule(when=(("account", ("1",)),), to="ann")
    found = allocate(
        [charge("30"), charge("-8", kind=CREDITS, handed_out=True)],
        Model("by account", rules=(rule,)),
        {},
    )
    assert found.owners() == {"ann": 2200, None: 0}


def test_a_pool_that_nobody_can_share_is_unallocated_and_says_so() -> None:
    model = Model("pools", rules=(Rule(pool="used"),), pools=POOLS)
    found = allocate([charge("5")], model, {})
    assert found.owners() == {None: 500}
    assert "has no value above zero for this month" in found.faults[0]


def test_negative_spend_is_stated_as_it_is_and_shares_no_pool() -> None:
    model = Model("pools", rules=(BY_TEAM, Rule(pool="fair")), pools=POOLS)
    found = allocate([charge("-5", "ann"), charge("5", "ben"), charge("1")], model, {})
    assert found.owners() == {"ann": -500, "ben": 600, None: 0}


def test_no_charge_is_nothing_owed_and_unallocated_is_a_row_still() -> None:
    assert allocate([], Model("empty"), {}).owners() == {None: 0}
