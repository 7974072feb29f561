"""How a budget stands: the spend so far, the status by its rule, and the days of the crossing."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.finops.budgets.book import standings
from credits_pipeline.finops.budgets.budget import Budget
from credits_pipeline.finops.budgets.standing import (
    BudgetScopeError,
    Standing,
    Status,
    current_period,
    judge,
    standing,
)
from credits_pipeline.finops.budgets.suggesting import as_last_year, suggested
from credits_pipeline.finops.decisions.kind import check_item
from credits_pipeline.finops.publish.published import Published, open_current
from credits_pipeline.finops.queries.daily import History, Lump
from credits_pipeline.finops.queries.periods import Period
from credits_pipeline.finops.queries.scope import Scope
from credits_pipeline.finops.queries.spend import spend
from credits_pipeline.finops.samples.decided import sample_budgets
from credits_pipeline_tests.finops.conftest import DAILY_TODAY
from credits_pipeline_tests.finops.typed import Bills, row

DAY = timedelta(days=1)
START = date(2026, 1, 1)
MAY = Period.parse("2026-05", START)


def judged(
    amount: int, until: date, *, cost: int = 10, lumps: tuple[Lump, ...] = (), **body: Any
) -> Standing:
    """A budget of May, and days that all cost the same."""
    budget = Budget.of("b", {"amount": amount, "from": "2026-01", **body})
    use = {START + n * DAY: Decimal(cost) for n in range((until - START).days)}
    days = History(use, lumps, START, until)
    used = days.so_far(MAY.start, MAY.end)
    return judge(budget, Scope(MAY, currency="USD"), used, days, has_rows=bool(used))


@pytest.mark.parametrize(
    ("amount", "until", "status", "because", "crosses"),
    [
        (400, date(2026, 5, 11), "on track", "the forecast ends within the amount", None),
        (310, date(2026, 5, 11), "on track", "the forecast ends within the amount", None),
        (305, date(2026, 5, 11), "at risk", "the forecast ends above the amount", 31),
        (100, date(2026, 5, 11), "at risk", "the forecast ends above the amount", 11),
        (99, date(2026, 5, 11), "over", "more is used than the amount", 10),
        (300, date(2026, 6, 1), "over", "more is used than the amount", 31),
        (310, date(2026, 6, 1), "on track", "the period ended within the amount", None),
        (400, date(2026, 5, 1), "on track", "the forecast ends within the amount", None),
    ],
)
def test_the_status_follows_its_rule_and_the_crossing_its_days(
    amount: int, until: date, status: str, because: str, crosses: int | None
) -> None:
    found = judged(amount, until)
    assert (found.status, found.because) == (Status(status), because)
    assert found.crosses == (None if crosses is None else date(2026, 5, crosses))


def test_use_that_runs_ahead_of_the_days_is_at_risk_and_a_fee_of_the_first_is_not() -> None:
    # With under fourteen days of history there is no forecast to say so.
    budget = Budget.of("b", {"amount": 400, "from": "2026-01"})
    lumps = (Lump(MAY.start, ("a", "s", "Purchase"), Decimal(150)),)
    for cost, status in ((8, Status.ON_TRACK), (12, Status.AT_RISK)):
        use = {MAY.start + n * DAY: Decimal(cost) for n in range(8)}
        days = History(use, lumps, MAY.start, MAY.start + 8 * DAY)
        used = days.so_far(MAY.start, MAY.end)
        found = judge(budget, Scope(MAY, currency="USD"), used, days, has_rows=True)
        assert found.status is status, found.because
    assert found.because == "61.5 % is used after 25.8 % of the days"


@given(amount=st.integers(1, 700), until=st.integers(1, 31))
def test_crossing_and_status_never_contradict_each_other(amount: int, until: int) -> None:
    found = judged(amount, MAY.start + until * DAY)
    past = found.crosses is not None and found.crosses < MAY.start + until * DAY
    assert past == (found.status is Status.OVER)
    expected = found.forecast.expected
    assert expected is not None
    assert (found.crosses is not None) == (expected > amount)


@given(amount=st.integers(1, 700), until=st.integers(1, 31), cents=st.integers(0, 60))
def test_the_highest_threshold_that_is_reached_is_reported(
    amount: int, until: int, cents: int
) -> None:
    found = judged(amount, MAY.start + until * DAY, cost=cents)
    share = found.used / amount * 100
    reached = [at for at in (50, 80) if share >= at] + [100] * (share > 100)
    assert found.crossed() == max(reached, default=None)
    if found.status is Status.OVER:
        assert found.crossed() == 100


def test_what_is_used_is_the_spend_of_its_scope(daily: Published) -> None:
    for body in (
        {},
        {"scope": {"team": "core"}},
        {"scope": {"account": ["data-prod"]}, "credits": "in", "tax": "out", "cost": "billed"},
        {"every": "quarter"},
        {"every": "year", "start_month": 4},
    ):
        budget = Budget.of("b", {"amount": 5000, "from": "2026-01", **body})
        found = standing(daily, budget, DAILY_TODAY)
        assert found is not None
        assert found.used == spend(daily, budget.scope_of(found.period)).total
        assert found.used == found.forecast.so_far
        assert found.currency == "USD"


def test_a_scope_that_matches_nothing_has_no_data_and_says_the_value(daily: Published) -> None:
    budget = Budget.of("b", {"amount": 1, "from": "2026-01", "scope": {"team": ["cor"]}})
    found = standing(daily, budget, DAILY_TODAY)
    assert found is not None
    assert found.status is Status.NO_DATA
    assert "'cor' occurs in no bill. Did you mean core?" in found.because


def test_currencies_are_never_added_and_the_others_still_counted(tmp_path: Path) -> None:
    bills = Bills(tmp_path)
    bills.put("aws", "2026-05", [row("10", charge_date="2026-05-03")])
    bills.put("gcp", "2026-05", [row("7", BillingCurrency="EUR", charge_date="2026-05-03")])
    bills.publish()
    published = open_current(tmp_path)
    assert published is not None
    bodies = {
        "all": {"amount": 1, "from": "2026-01"},
        "euro": {"amount": 100, "from": "2026-01", "currency": "eur"},
        "broken": {"amount": 1},
        "word": {"amount": 1, "from": "2026-01", "scope": {"planet": "mars"}},
        "later": {"amount": 1, "from": "2027-01"},
    }
    found = standings(published, bodies, date(2026, 5, 20))
    assert [(one.budget.id, one.used, one.currency) for one in found.found] == [
        ("euro", Decimal(7), "EUR")
    ]
    assert found.not_now == ("later",)
    wrong = dict(found.wrong)
    assert "holds EUR and USD, which are never added" in wrong["all"]
    assert "from is missing" in wrong["broken"]
    assert "'planet' is not a word of a scope" in wrong["word"]
    with pytest.raises(BudgetScopeError, match="give it a currency, such as EUR"):
        standing(published, Budget.of("all", bodies["all"]), date(2026, 5, 20))


def test_the_last_months_suggest_an_amount_without_credits(daily: Published) -> None:
    scope = Scope.parse({"team": "core"}, today=DAILY_TODAY)
    whole = [
        spend(daily, scope.but(period=Period.parse(month, START), credits=False)).total
        for month in ("2026-02", "2026-03", "2026-04")
    ]
    assert suggested(daily, scope, DAILY_TODAY) == (sum(whole) / 3).quantize(Decimal("0.01"))
    assert as_last_year(daily, scope, DAILY_TODAY, Decimal(5)) is None


@given(day=st.dates(date(2025, 1, 1), date(2030, 12, 31)))
def test_the_sample_organisation_s_budgets_apply_on_whatever_day_it_is_viewed(day: date) -> None:
    for id_, body in sample_budgets(day).items():
        check_item("budget", id_, body)
        assert current_period(Budget.of(id_, body), day) is not None
