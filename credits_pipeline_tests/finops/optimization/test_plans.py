"""What to commit to, according to the hours of the bill."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from credits_pipeline.finops.optimization.plans import Hour, advise

BEGIN = datetime(2026, 4, 1, tzinfo=UTC)
DISCOUNT = Decimal("0.28")


def hours(costs: list[str | Decimal]) -> list[Hour]:
    return [
        Hour(BEGIN + timedelta(hours=number), Decimal(cost), Decimal(0))
        for number, cost in enumerate(costs)
    ]


def test_steady_use_is_committed_to_whole() -> None:
    found = advise("p", "USD", hours(["10"] * 60 * 24), DISCOUNT)
    assert found is not None
    assert [one.commitment for one in found.lookbacks] == [Decimal("7.200")] * 3
    assert found.saving == Decimal("2044.00")  # 2.80 an hour, 730 hours
    assert (found.stable, found.break_even) == (True, Decimal("72.0"))


def test_use_that_is_there_in_less_than_the_break_even_is_not_committed_to() -> None:
    most, least = int(24 * 0.72) + 1, int(24 * 0.72)
    for busy, commitment in ((most, Decimal("7.200")), (least, Decimal("3.600"))):
        day = ["10"] * busy + ["5"] * (24 - busy)
        found = advise("p", "USD", hours(day * 60), DISCOUNT)
        assert found is not None
        assert found.commitment == commitment


def test_use_that_fell_is_not_stable_and_the_least_counts() -> None:
    found = advise("p", "USD", hours(["10"] * 50 * 24 + ["4"] * 10 * 24), DISCOUNT)
    assert found is not None
    assert not found.stable
    assert found.commitment == Decimal("2.880")


def test_a_lookback_that_the_bill_has_not_all_of_is_left_out() -> None:
    found = advise("p", "USD", hours(["10"] * 31 * 24), DISCOUNT)
    assert found is not None
    assert [one.days for one in found.lookbacks] == [7, 30]


def test_what_other_items_save_is_not_committed_to() -> None:
    found = advise("p", "USD", hours(["10"] * 60 * 24), DISCOUNT, saved=Decimal(7300))
    assert found is None  # all of it is saved already


@settings(max_examples=25, deadline=None)
@given(st.lists(st.decimals(min_value=0, max_value=50, places=3), min_size=168, max_size=400))
def test_no_other_commitment_saves_more_in_a_lookback(costs: list[Decimal]) -> None:
    found = advise("p", "USD", hours(list(costs)), DISCOUNT)
    if found is None:
        return
    best = found.lookbacks[0]
    week = [one.on_demand for one in hours(list(costs))][-168:]

    def saves(level: Decimal) -> Decimal:
        return sum((min(level, one) - level * (1 - DISCOUNT) for one in week), Decimal(0))

    chosen = saves(best.commitment / (1 - DISCOUNT))
    # The commitment is rounded down to a tenth of a cent an hour.
    assert all(saves(level) <= chosen + Decimal("0.4") for level in week)
    assert found.saving <= found.left
