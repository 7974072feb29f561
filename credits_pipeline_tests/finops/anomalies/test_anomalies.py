"""Anomalies: planted ones are found with their sentence, and ordinary spend has none."""

import random
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.finops.anomalies.finding import BEFORE_DAYS, LONGEST, runs
from credits_pipeline.finops.anomalies.looking import anomalies, in_period
from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.scope import Scope
from credits_pipeline_tests.finops.conftest import DAILY_TODAY
from credits_pipeline_tests.finops.daily import SPIKE

DAYS = 120


def ordinary(seed: int, *, weekend: float = 0.4, noise: float = 0.03) -> list[float]:
    dice = random.Random(seed)  # noqa: S311 - no secret
    return [
        100 * (weekend if day % 7 > 4 else 1) * 1.001**day * (1 + dice.gauss(0, noise))
        for day in range(DAYS)
    ]


@given(seed=st.integers(0, 999), weekend=st.sampled_from([0.05, 0.4, 1.0]))
def test_weekends_noise_and_growth_are_no_anomaly(seed: int, weekend: float) -> None:
    assert runs(ordinary(seed, weekend=weekend), least=50) == []


@given(
    seed=st.integers(0, 999),
    start=st.integers(BEFORE_DAYS + 7, DAYS - 10),
    length=st.integers(1, 9),
    times=st.floats(2, 20),
)
def test_what_is_planted_is_found_on_its_days_with_what_was_usual(
    seed: int, start: int, length: int, times: float
) -> None:
    days = ordinary(seed)
    planted = [d * times if start <= at < start + length else d for at, d in enumerate(days)]
    (found,) = runs(planted, least=20)
    assert (found.start, found.end) == (start, start + length)
    assert sum(found.usual) == pytest.approx(sum(days[start : start + length]), rel=0.15)


def test_a_new_level_is_reported_for_two_weeks_and_is_usual_from_then_on() -> None:
    days = [value * (3 if at >= 60 else 1) for at, value in enumerate(ordinary(1))]
    (found,) = runs(days, least=50)
    assert (found.start, found.end) == (60, 60 + LONGEST)


def test_a_service_that_nobody_used_before_is_new() -> None:
    days = [0.0] * 60 + [80.0] * 3
    (found,) = runs(days, least=50)
    assert (found.start, found.end, sum(found.usual)) == (60, 63, 0)


@given(scale=st.sampled_from([0.01, 1, 1000]))
def test_what_is_far_does_not_depend_on_the_currency_s_size(scale: float) -> None:
    days = ordinary(5)
    days[80] *= 4
    (found,) = runs([day * scale for day in days], least=0)
    assert (found.start, found.end) == (80, 81)


def test_the_spike_in_bills_is_explained_to_the_cent(daily: Published) -> None:
    found = anomalies(daily, Scope.parse({}, today=DAILY_TODAY), DAILY_TODAY)
    (one,) = found
    start = DAILY_TODAY - timedelta(days=SPIKE)
    assert (one.account_name, one.service, one.since, one.days) == (
        "data-prod", "Warehouse", start, 3,
    )  # fmt: skip
    assert (one.cost, one.usual, one.more) == (Decimal(270), Decimal(60), Decimal(210))
    assert (one.how_much, one.times, one.goes_on) == (
        "\N{MULTIPLICATION SIGN}4.5",
        Decimal("4.5"),
        False,
    )
    assert in_period(found, start, start + timedelta(days=1)) == found
    assert in_period(found, start - timedelta(days=9), start) == ()
    assert anomalies(daily, Scope.parse({"team": "core"}, today=DAILY_TODAY), DAILY_TODAY) == ()
    large = Decimal(211)
    assert anomalies(daily, Scope.parse({}, today=DAILY_TODAY), DAILY_TODAY, least=large) == ()


def test_an_anomaly_is_the_same_one_as_it_goes_on(daily: Published) -> None:
    scope = Scope.parse({}, today=DAILY_TODAY)
    ids = {
        one.id
        for days in range(3)
        for one in anomalies(daily, scope, DAILY_TODAY + timedelta(days=days))
    }
    assert len(ids) == 1
