"""Shares: exact sums, caps, ties, and one more unit that changes only one name."""

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.finops.ledger.shares import shared

NAMES = st.sampled_from([f"{number:012d}" for number in range(1, 9)])
WEIGHTS = st.dictionaries(NAMES, st.integers(0, 2000), max_size=8)
CAPS = st.dictionaries(NAMES, st.integers(0, 400), min_size=8, max_size=8)


def by_hand(total: int, weights: dict[str, int], caps: dict[str, int] | None) -> dict[str, int]:
    """Unit by unit to whoever is furthest behind: the definition and nothing else."""
    found = {name: 0 for name, weight in weights.items() if weight}
    for _ in range(total):
        open_ = [name for name in found if caps is None or found[name] < caps[name]]
        if not open_:
            break
        best = min(open_, key=lambda name: (-Fraction(weights[name], 2 * found[name] + 1), name))
        found[best] += 1
    return found


@given(st.integers(0, 300), WEIGHTS, st.none() | CAPS)
def test_shares_are_those_of_the_definition(
    total: int, weights: dict[str, int], caps: dict[str, int] | None
) -> None:
    assert shared(total, weights, caps) == by_hand(total, weights, caps)


@given(st.integers(-(10**14), 10**14), WEIGHTS, st.none() | CAPS)
def test_nothing_is_lost_and_no_cap_is_passed(
    total: int, weights: dict[str, int], caps: dict[str, int] | None
) -> None:
    found = shared(total, weights, caps)
    most = sum(caps[name] for name in found) if caps is not None else abs(total)
    wanted = min(abs(total), most) if found else 0
    assert sum(found.values()) == (wanted if total >= 0 else -wanted)
    if caps is not None:
        assert all(abs(units) <= caps[name] for name, units in found.items())


@given(st.integers(0, 10**9), WEIGHTS, st.none() | CAPS)
def test_one_more_unit_changes_one_name_at_most(
    total: int, weights: dict[str, int], caps: dict[str, int] | None
) -> None:
    before, after = shared(total, weights, caps), shared(total + 1, weights, caps)
    changes = [after[name] - before[name] for name in before if after[name] != before[name]]
    assert changes in ([], [1])


@given(st.integers(0, 10**6), WEIGHTS, CAPS, st.randoms(use_true_random=False))
def test_the_order_of_names_does_not_matter(
    total: int, weights: dict[str, int], caps: dict[str, int], shuffle: random.Random
) -> None:
    names = list(weights)
    shuffle.shuffle(names)
    assert shared(total, {name: weights[name] for name in names}, caps) == shared(
        total, weights, caps
    )


@pytest.mark.parametrize(
    ("total", "weights", "expected"),
    [
        (100, {"a": 1, "b": 1, "c": 1}, {"a": 34, "b": 33, "c": 33}),
        (1, {"b": 1, "a": 1}, {"a": 1, "b": 0}),
        # Largest remainders would be 4, 4, 2, and with one more 5, 5, 1: three names change.
        (10, {"a": 6, "b": 6, "c": 2}, {"a": 5, "b": 4, "c": 1}),
        (11, {"a": 6, "b": 6, "c": 2}, {"a": 5, "b": 5, "c": 1}),
        (-100, {"a": 1, "b": 2}, {"a": -33, "b": -67}),
        (7, {"a": 0}, {}),
        (7, {}, {}),
        (0, {"a": 3}, {"a": 0}),
    ],
)
def test_known_shares(total: int, weights: dict[str, int], expected: dict[str, int]) -> None:
    assert shared(total, weights) == expected


def test_ten_thousand_accounts_take_no_time() -> None:
    weights = {f"{number:012d}": number**2 % 9973 + 1 for number in range(10_000)}
    caps = {name: weight // 3 for name, weight in weights.items()}
    found = shared(10**12, weights, caps)
    assert found == caps
    assert sum(shared(10**12 + 7, weights).values()) == 10**12 + 7
