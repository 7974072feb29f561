"""The forecast: how it treats a week, a fee and too little history; and how good it was."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.forecast import generated, summed
from credits_pipeline.finops.forecast.asking import outlook
from credits_pipeline.finops.forecast.backtest import METHODS, backtest
from credits_pipeline.finops.forecast.forecast import Forecaster
from credits_pipeline.finops.forecast.issued import Issued
from credits_pipeline.finops.forecast.method import fit
from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.daily import History, Lump, history
from credits_pipeline.finops.queries.exactly import total
from credits_pipeline.finops.queries.periods import Period
from credits_pipeline.finops.queries.scope import Scope
from credits_pipeline.finops.queries.spend import spend
from credits_pipeline_tests.finops.conftest import DAILY_TODAY
from credits_pipeline_tests.finops.daily import cost_of

DAY = timedelta(days=1)
MAY = Period.parse("2026-05", date(2026, 5, 1))


def days(start: date, count: int, *, cost: str = "10", lumps: tuple[Lump, ...] = ()) -> History:
    use = {start + n * DAY: Decimal(cost) for n in range(count)}
    return History(use, lumps, start, start + count * DAY)


weeks = st.lists(st.integers(0, 10_000), min_size=7, max_size=7).filter(any)


@given(week=weeks, times=st.integers(1, 1000), count=st.integers(1, 60))
def test_a_week_that_repeats_is_forecast_to_the_cent_at_any_scale(
    week: list[int], times: int, count: int
) -> None:
    series = [float(value) for value in week] * 8
    found = fit(series)
    assert found is not None
    assert found.days(count) == pytest.approx([week[n % 7] for n in range(count)])
    assert found.sum(count) == pytest.approx(sum(found.days(count)))
    larger = fit([value * times for value in series])
    assert larger is not None
    assert larger.days(7) == pytest.approx([value * times for value in found.days(7)])


@given(count=st.integers(0, 13))
def test_under_fourteen_days_there_is_a_run_rate_and_no_forecast(count: int) -> None:
    found = Forecaster(days(date(2026, 5, 1), count)).forecast(MAY)
    assert (found.expected, found.low) == (None, None)
    assert found.run_rate == (Decimal(310) if count else None)
    assert found.why_not == f"there are {count} complete days, and a forecast needs 14"


@given(
    count=st.integers(14, 300),
    ahead=st.integers(0, 11),
    costs=st.lists(st.decimals(0, 1000, places=4), min_size=7, max_size=14),
)
def test_days_and_range_add_up_to_what_is_expected(
    count: int, ahead: int, costs: list[Decimal]
) -> None:
    start = date(2026, 1, 5)
    use = {start + n * DAY: costs[n % len(costs)] for n in range(count)}
    until = start + count * DAY
    months = f"{until:%Y-%m}" if not ahead else f"{until:%Y-%m}..{_later(until, ahead):%Y-%m}"
    period = Period.parse(months, until)
    found = Forecaster(History(use, (), start, until)).forecast(period)
    assert found.expected is not None
    every = [day for day, _ in (*found.past, *found.days)]
    assert every == [period.start + n * DAY for n in range(period.days)]
    sum_ = total(cost for _, cost in (*found.past, *found.days))
    assert abs(sum_ - found.expected) <= Decimal("0.005")
    assert found.so_far == total(cost for day, cost in use.items() if day >= period.start)
    if found.low is not None and found.high is not None:
        assert found.low <= found.expected <= found.high


def _later(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def fee(day: date, cost: str = "100", name: str = "fee") -> Lump:
    return Lump(day, ("a", name, "Purchase"), Decimal(cost))


@pytest.mark.parametrize(
    ("lumps", "until", "expected"),
    [
        # It came in March and April, and not yet in May.
        ([fee(date(2026, 3, 9)), fee(date(2026, 4, 9))], date(2026, 5, 5), 410),
        # It has come.
        ([fee(date(2026, 3, 1)), fee(date(2026, 4, 1)), fee(date(2026, 5, 1))],
         date(2026, 5, 5), 410),
        # A part of it has come.
        ([fee(date(2026, 3, 1)), fee(date(2026, 4, 1)), fee(date(2026, 5, 1), "60")],
         date(2026, 5, 3), 410),
        # It came only once.
        ([fee(date(2026, 4, 9))], date(2026, 5, 5), 310),
        # It is later than ever before.
        ([fee(date(2026, 3, 2)), fee(date(2026, 4, 2))], date(2026, 5, 20), 310),
        # A credit at each month's end.
        ([fee(date(2026, 3, 31), "-30"), fee(date(2026, 4, 30), "-30")], date(2026, 5, 9), 280),
    ],
)  # fmt: skip
def test_what_comes_once_a_month_is_expected_as_it_was(
    lumps: list[Lump], until: date, expected: int
) -> None:
    start = date(2026, 2, 1)
    known = days(start, (until - start).days, lumps=tuple(lumps))
    assert Forecaster(known).forecast(MAY).expected == expected


def test_a_day_that_is_not_complete_counts_no_less_than_what_it_cost_so_far() -> None:
    start, until = date(2026, 3, 1), date(2026, 5, 11)
    known = days(start, (until - start).days)
    use = {**known.use, until: Decimal(500), until + DAY: Decimal(3)}
    found = Forecaster(History(use, (), start, until)).forecast(MAY)
    assert found.expected == Decimal(310 + 490)
    assert found.so_far == Decimal(100 + 503)


def test_a_forecast_of_the_past_knows_nothing_of_what_came_later() -> None:
    whole = generated(3)
    at = date(2026, 5, 11)
    cut = History(
        {day: cost for day, cost in whole.use.items() if day < at},
        tuple(lump for lump in whole.lumps if lump.day < at),
        whole.first,
        at,
    )
    assert Forecaster(whole).forecast(MAY, at) == Forecaster(cut).forecast(MAY)


def test_on_generated_years_it_is_wrong_by_a_third_of_the_run_rate_and_ranges_hold() -> None:
    found = summed([backtest(generated(seed)) for seed in range(6)])
    ours, rate, naive = (found.mean_error(method, 10) or 0.0 for method in METHODS)
    assert 0 < ours < min(rate / 3, naive)
    assert found.hits / found.ranges > 0.8


def test_a_past_month_is_forecast_only_with_what_was_known_before_it() -> None:
    whole = generated(4)
    early = History(
        {day: cost for day, cost in whole.use.items() if day < date(2026, 7, 1)},
        tuple(lump for lump in whole.lumps if lump.day < date(2026, 7, 1)),
        whole.first,
        date(2026, 7, 1),
    )
    told = backtest(early).told
    assert told == backtest(whole).told[: len(told)]


def test_the_days_of_a_scope_are_its_spend(daily: Published) -> None:
    for words in ({}, {"credits": "out"}, {"team": "data"}, {"cost": "billed", "tax": "out"}):
        scope = Scope.parse({"period": "2026-05", **words}, today=DAILY_TODAY)
        found = history(daily, scope, DAILY_TODAY)
        assert found.so_far(MAY.start, MAY.end) == spend(daily, scope).total
    assert found.until == date(2026, 5, 20)
    assert {lump.key[2] for lump in history(daily, Scope(MAY), DAILY_TODAY).lumps} == {
        "Purchase", "Credit", "Tax",
    }  # fmt: skip


def test_the_outlook_of_bills_is_what_their_days_and_fees_come_to(daily: Published) -> None:
    scope = Scope.parse({"team": "core", "credits": "out"}, today=DAILY_TODAY)
    found = outlook(daily, scope, DAILY_TODAY)
    use = sum(cost_of(MAY.start + n * DAY) for n in range(31))
    assert found.forecast.expected == use + 300 + Decimal("77.77")
    assert found.forecast.until == date(2026, 5, 20)
    assert found.quality.told
    assert found.forecast.low == found.forecast.expected == found.forecast.high


def test_a_forecast_is_judged_once_its_period_is_over() -> None:
    whole = days(date(2026, 1, 1), 140)
    issued = Issued()
    for day in (5, 9):
        told = Forecaster(whole).forecast(MAY, date(2026, 5, day))
        issued = issued.with_("total USD", told).with_("total USD", told)
    issued = Issued.of(issued.stored())
    key = f"{MAY.start}..{MAY.last}"
    assert issued.hits("total USD", lambda _: None) == (0, 0)
    assert issued.hits("total USD", lambda period: {key: Decimal(310)}[period]) == (2, 2)
    assert issued.hits("total USD", lambda _: Decimal(999)) == (0, 2)
