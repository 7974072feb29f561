"""Distributing cents: none too many or too few, near the exact shares, the same in any order."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credits_pipeline.finops.chargeback.shares import ApportionError, apportion, cents, money, split

#: Millionths of a unit: most are no whole cents.
exact = st.integers(-(10**10), 10**10).map(lambda amount: Decimal(amount).scaleb(-6))
names = st.sampled_from("abcdefghijkl")
parts = st.dictionaries(names, exact, max_size=12)
weight = st.builds(Fraction, st.integers(0, 5000), st.integers(1, 9))
weights = st.dictionaries(names, weight, min_size=1, max_size=12)
few = settings(max_examples=60)


@few
@given(parts)
def test_parts_add_up_to_the_whole_and_each_is_within_one_cent(found: dict[str, Decimal]) -> None:
    whole = cents(sum(found.values(), Decimal(0)))
    dealt = apportion(whole, found)
    assert sum(dealt.values()) == whole
    assert dealt.keys() == found.keys()
    for key, amount in found.items():
        assert abs(Fraction(dealt[key]) - Fraction(amount) * 100) < 1


@few
@given(parts, st.randoms())
def test_the_order_of_parts_does_not_count(found: dict[str, Decimal], random: object) -> None:
    whole = cents(sum(found.values(), Decimal(0)))
    items = list(found.items())
    random.shuffle(items)  # type: ignore[attr-defined]
    assert apportion(whole, dict(items)) == apportion(whole, found)


@few
@given(parts.filter(bool), st.integers(-500, 500))
def test_whole_cents_more_on_one_part_move_only_that_part(
    found: dict[str, Decimal], more: int
) -> None:
    key = min(found)
    moved = {**found, key: found[key] + money(more)}
    before = apportion(cents(sum(found.values(), Decimal(0))), found)
    # The total is rounded as before, so it changes by just as many cents.
    after = apportion(sum(before.values()) + more, moved)
    assert after == {**before, key: before[key] + more}


@few
@given(st.integers(-1_000_000, 1_000_000), weights.filter(lambda found: any(found.values())))
def test_cents_by_weights_add_up_and_each_is_within_one_of_its_share(
    whole: int, found: dict[str, Fraction]
) -> None:
    dealt = split(whole, found)
    assert sum(dealt.values()) == whole
    total = sum(found.values())
    for key, weight in found.items():
        assert abs(dealt[key] - whole * weight / total) < 1
    assert split(-whole, found) == {key: -amount for key, amount in dealt.items()}


@few
@given(st.integers(-10_000, 10_000), weights.filter(lambda found: any(found.values())))
def test_only_the_ratio_of_weights_counts(whole: int, found: dict[str, Fraction]) -> None:
    assert split(whole, {key: weight * 7 for key, weight in found.items()}) == split(whole, found)


def test_equal_fractions_are_served_in_the_order_of_their_keys() -> None:
    assert split(100, {"c": 1, "a": 1, "b": 1}) == {"a": 34, "b": 33, "c": 33}
    assert apportion(1, {"b": Decimal("0.005"), "a": Decimal("0.005")}) == {"a": 1, "b": 0}


@pytest.mark.parametrize("found", [{}, {"a": 0}, {"a": 2, "b": -1}])
def test_weights_that_say_nothing_are_refused(found: dict[str, int]) -> None:
    with pytest.raises(ApportionError, match="at least one is more than zero"):
        split(100, found)


def test_a_whole_that_the_parts_do_not_add_up_to_is_refused() -> None:
    with pytest.raises(ApportionError, match="not a rounding"):
        apportion(300, {"a": Decimal(1)})


@few
@given(st.integers(-(10**20), 10**20))
def test_cents_as_money_are_the_same_cents(amount: int) -> None:
    assert cents(money(amount)) == amount


@pytest.mark.parametrize(
    ("amount", "expected"), [("0.005", 1), ("-0.005", -1), ("0.0049", 0), ("2.675", 268)]
)
def test_half_a_cent_is_away_from_zero(amount: str, expected: int) -> None:
    assert cents(Decimal(amount)) == expected
