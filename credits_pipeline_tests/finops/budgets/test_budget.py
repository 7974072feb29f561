"""Budgets as people write them: what is valid, when they apply, and their amounts."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.finops.budgets.budget import Budget, BudgetError
from credits_pipeline.finops.decisions.kind import check_item

DAYS = st.dates(date(2020, 1, 1), date(2032, 12, 31))
amounts = st.decimals(0, 10**9, places=2).map(lambda amount: f"{amount:f}")


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    many = draw(st.booleans())
    body: dict[str, Any] = {
        "name": draw(st.text("abc ü北", min_size=1, max_size=9).filter(str.strip)),
        "every": draw(st.sampled_from(["month", "quarter", "year"])),
        "start_month": draw(st.integers(1, 12)),
        "scope": draw(
            st.dictionaries(
                st.sampled_from(["team", "cloud", "service"]),
                st.lists(st.sampled_from(["a", "b", "(untagged)"]), min_size=1, max_size=2),
            )
        ),
        "credits": draw(st.sampled_from(["in", "out"])),
        "thresholds": draw(st.lists(st.integers(1, 200), max_size=3)),
        "owner": draw(st.sampled_from(["", "ann@example.com"])),
        "from": "2019-01",
    }
    if many:
        body["amounts"] = draw(st.lists(amounts, min_size=12, max_size=12))
    else:
        body["amount"] = draw(amounts)
    return body


@given(body=bodies())
def test_what_is_kept_reads_back_as_the_same_budget(body: dict[str, Any]) -> None:
    found = Budget.of("x", body)
    check_item("budget", "x", found.body())
    assert Budget.of("x", found.body()) == found


@given(body=bodies(), day=DAYS)
def test_every_day_is_in_one_period_and_periods_follow_one_another(
    body: dict[str, Any], day: date
) -> None:
    budget = Budget.of("x", body)
    period = budget.period_at(day)
    assert period is not None
    assert period.start <= day < period.end
    length = {"month": 1, "quarter": 3, "year": 12}[budget.every]
    assert len(period.months) == length
    if budget.every == "year":
        assert period.start.month == budget.start_month
    if budget.every == "quarter":
        assert (period.start.month - budget.start_month) % 3 == 0
    assert budget.period_at(period.last) == period
    after = budget.period_at(period.end)
    assert after is not None
    assert after.start == period.end


@given(body=bodies(), day=DAYS)
def test_twelve_amounts_are_shared_out_over_a_fiscal_year_without_a_cent_lost(
    body: dict[str, Any], day: date
) -> None:
    budget = Budget.of("x", body)
    year = Budget.of("x", {**body, "every": "year"}).period_at(day)
    assert year is not None
    if not budget.amounts:
        assert budget.amount_of(year) == budget.amount
        return
    parts, at = Decimal(0), year.start
    while at < year.end:
        period = budget.period_at(at)
        assert period is not None
        if budget.every == "month":
            parts += budget.amount_of(period)
        at = period.end
    assert budget.amount_of(year) == sum(budget.amounts)
    assert budget.every != "month" or parts == sum(budget.amounts)
    assert budget.month_amount(f"{year.start:%Y-%m}") == budget.amounts[0]


@pytest.mark.parametrize(
    ("every", "start", "day", "period"),
    [
        ("month", 1, date(2028, 2, 29), ("2028-02-01", "2028-02-29")),
        ("quarter", 1, date(2028, 2, 29), ("2028-01-01", "2028-03-31")),
        ("quarter", 2, date(2028, 1, 31), ("2027-11-01", "2028-01-31")),
        ("year", 4, date(2028, 3, 31), ("2027-04-01", "2028-03-31")),
        ("year", 3, date(2028, 2, 29), ("2027-03-01", "2028-02-29")),
        ("year", 1, date(2028, 12, 31), ("2028-01-01", "2028-12-31")),
    ],
)
def test_fiscal_years_and_leap_days(
    every: str, start: int, day: date, period: tuple[str, str]
) -> None:
    budget = Budget.of("x", {"amount": 1, "every": every, "start_month": start, "from": "2020-01"})
    found = budget.period_at(day)
    assert found is not None
    assert (str(found.start), str(found.last)) == period


def test_it_applies_in_no_other_months_than_it_says() -> None:
    body = {"amounts": [1] * 12, "every": "year", "from": "2026-04", "to": "2026-09"}
    budget = Budget.of("x", body)
    assert budget.period_at(date(2026, 3, 31)) is None
    assert budget.period_at(date(2026, 10, 1)) is None
    found = budget.period_at(date(2026, 6, 1))
    assert found is not None
    assert found.months == ("2026-04", "2026-05", "2026-06", "2026-07", "2026-08", "2026-09")
    assert budget.amount_of(found) == 6


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "from is missing"),
        ({"amount": 1.5, "from": "2026-01"}, "amount is 1.5, and is an amount such as"),
        ({"amount": "-1", "from": "2026-01"}, "amount is -1, and is at least 0"),
        ({"amount": "1e400", "from": "2026-01"}, "amount is '1e400', and is an amount such as"),
        ({"amount": "NaN", "from": "2026-01"}, "amount is 'NaN'"),
        ({"amount": 1, "amounts": ["1"] * 12, "from": "2026-01"}, "either amount"),
        ({"amounts": ["1"] * 11, "from": "2026-01"}, "amounts has 11 entries"),
        ({"amount": 1, "from": "2026-13"}, "from is '2026-13', and is a month"),
        ({"amount": 1, "from": "2026-05", "to": "2026-04"}, "to is 2026-04, which is before"),
        ({"amount": 1, "from": "2026-05", "every": "week"}, "every is 'week', and is one of month"),
        ({"amount": 1, "from": "2026-05", "treshold": [1]}, "did you mean thresholds"),
        ({"amount": 1, "from": "2026-05", "thresholds": [0]}, r"thresholds \[0\] is 0"),
        ({"amount": 1, "from": "2026-05", "scope": {"period": "2026"}}, "scope has period"),
        ({"amount": 1, "from": "2026-05", "scope": {"team": []}}, "has team without a value"),
        ({"amount": 1, "from": "2026-05", "channels": ["pager"]}, "one of slack, email, sns"),
        (
            {"amount": 1, "from": "2026-05", "cost": "net", "scope": {"source": "a"}},
            ("can't be combined"),
        ),
    ],
)
def test_what_can_t_be_a_budget_is_reported_with_its_field(body: dict[str, Any], says: str) -> None:
    with pytest.raises(BudgetError, match=says):
        Budget.of("x", body)


def test_the_period_of_a_budget_is_the_month_before_on_the_first_as_for_spend() -> None:
    from credits_pipeline.finops.budgets.standing import current_period
    from credits_pipeline.finops.queries.periods import Period

    budget = Budget.of("x", {"amount": 1, "from": "2026-01"})
    for at in (date(2026, 5, 1), date(2026, 5, 2), date(2026, 3, 1), date(2026, 5, 31)):
        period = current_period(budget, at)
        assert period is not None
        spent = Period.parse("this month", at)
        assert (period.start, period.end) == (spent.start, spent.end)
    assert current_period(budget, date(2026, 1, 1)) == budget.period_at(date(2026, 1, 1))
    assert current_period(budget, date(2026, 1, 1) - timedelta(days=1)) is None
