"""The state of a budget: what is used and expected, its status with the rule, the crossing day.

What is used is the spend of its scope, by the same query as the Spend page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from credits_pipeline.finops.budgets.budget import Budget
from credits_pipeline.finops.forecast.backtest import Quality, backtest
from credits_pipeline.finops.forecast.forecast import Forecast, Forecaster
from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.daily import History, history
from credits_pipeline.finops.queries.exactly import less, percent, total
from credits_pipeline.finops.queries.periods import Period
from credits_pipeline.finops.queries.scope import Scope
from credits_pipeline.finops.queries.selection import SeveralCurrenciesError, one_currency
from credits_pipeline.finops.queries.spend import spend
from credits_pipeline.finops.queries.values import unknown

_DAY = timedelta(days=1)
#: Use this far ahead of the period is at risk, once this many of its days are over.
PACE = Decimal("1.1")
PACE_AFTER_DAYS = 5
RULE = (
    "Over: more is used than the amount. At risk: the forecast ends above the amount, or, after "
    f"day {PACE_AFTER_DAYS}, use is more than 10 % ahead of the days that are over (what comes "
    "once a month counts apart). No data: no bill covers the period. On track: everything else."
)


class Status(StrEnum):
    """The status of a budget."""

    ON_TRACK = "on track"
    AT_RISK = "at risk"
    OVER = "over"
    NO_DATA = "no data"


@dataclass(frozen=True)
class Standing:
    """The state of a budget in one of its periods.

    Attributes:
        budget: the budget.
        period: one of its periods.
        scope: what counts, for links and questions.
        amount: what is planned.
        used: what was spent, exact.
        currency: of all amounts.
        forecast: of the period.
        quality: how good past forecasts of its scope were.
        status: see `RULE`.
        because: the part of the rule that decided it, with its figures.
        crosses: the day on which the amount is, or will be, crossed; None for never.
        line: what is planned up to each month's end, by the month's last day.
    """

    budget: Budget
    period: Period
    scope: Scope
    amount: Decimal
    used: Decimal
    currency: str
    forecast: Forecast
    quality: Quality
    status: Status
    because: str
    crosses: date | None
    line: Mapping[date, Decimal]

    @property
    def used_percent(self) -> Decimal | None:
        """What is used, in percent of the amount."""
        return percent(self.used, self.amount)

    @property
    def expected_percent(self) -> Decimal | None:
        """What is expected, in percent of the amount."""
        expected = self.forecast.expected
        return None if expected is None else percent(expected, self.amount)

    @property
    def elapsed_percent(self) -> Decimal:
        """How much of the period is complete, in percent of its days."""
        until = self.forecast.until
        days = (
            0 if until is None else max(0, (min(until, self.period.end) - self.period.start).days)
        )
        return percent(Decimal(days), Decimal(self.period.days)) or Decimal(0)

    def crossed(self) -> int | None:
        """The highest threshold that is used; None if none is."""
        return _highest(self.budget.thresholds, self.used, self.amount)

    def expected_to_cross(self) -> int | None:
        """The highest threshold that the forecast exceeds; None if none."""
        expected = self.forecast.expected
        if expected is None:
            return None
        return _highest(self.budget.expected_thresholds, expected, self.amount, above=True)


class BudgetScopeError(ValueError):
    """A budget can't be computed; the message says what to do."""


def current_period(budget: Budget, today: date) -> Period | None:
    """The period that counts today; on its first day still the previous one, as for Spend."""
    return budget.period_at(today - _DAY) or budget.period_at(today)


def standing(
    published: Published, budget: Budget, today: date, period: Period | None = None
) -> Standing | None:
    """The state of a budget.

    Args:
        published: the version.
        budget: the budget.
        today: in UTC.
        period: one of its periods; None for the one that counts today.

    Returns:
        None if it applies in no period today.

    Raises:
        BudgetScopeError: its scope can't be used.
    """
    asked = period or current_period(budget, today)
    if asked is None:
        return None
    return stands(published, budget.scope_of(asked), budget, today)


def stands(published: Published, scope: Scope, budget: Budget, today: date) -> Standing:
    """The state of a budget in a period of its scope.

    Args:
        published: the version.
        scope: the budget's, of one of its periods, within what the person who asks may see.
        budget: the budget.
        today: in UTC.

    Raises:
        BudgetScopeError: it can't be computed.
    """
    asked = counted(published, scope, budget)
    found = spend(published, asked)
    days = history(published, asked, today)
    strange = [one.sentence for one in unknown(published, asked)]
    return judge(
        budget,
        found.scope,
        found.total,
        days,
        has_rows=bool(found.line_items),
        strange=" ".join(strange),
    )


def counted(published: Published, scope: Scope, budget: Budget) -> Scope:
    """The scope of a budget, in one currency.

    Raises:
        BudgetScopeError: it has several currencies, or a word that is unknown to these bills.
    """
    try:
        known = Scope.parse(scope.words(), today=scope.period.start, tags=published.tags)
    except ValueError as error:
        raise BudgetScopeError(
            f"the budget {budget.name} can't be counted: {error}. What to do: change its scope."
        ) from error
    try:
        # Its currency is that of its scope in any month.
        return one_currency(published, known)
    except SeveralCurrenciesError as error:
        raise BudgetScopeError(
            f"the budget {budget.name} holds {' and '.join(error.currencies)}, which are never "
            f"added up. What to do: give it a currency, such as {error.currencies[0]}."
        ) from error


def judge(
    budget: Budget,
    scope: Scope,
    used: Decimal,
    days: History,
    *,
    has_rows: bool,
    strange: str = "",
) -> Standing:
    """The state of a budget, from what is known.

    Args:
        budget: the budget.
        scope: of one of its periods, with its currency.
        used: what was spent in it.
        days: of the scope.
        has_rows: whether a bill has a row of it.
        strange: a sentence about values of the scope that are in no bill.
    """
    period = scope.period
    forecaster = Forecaster(days)
    quality = backtest(days, forecaster)
    forecast = forecaster.forecast(period).widened(quality.widening)
    amount = budget.amount_of(period)
    status, because = _status(days, forecast, amount, used, has_rows=has_rows)
    if status is Status.NO_DATA and strange:
        because = strange
    return Standing(
        budget=budget,
        period=period,
        scope=scope,
        amount=amount,
        used=used,
        currency=scope.currency or budget.currency or "",
        forecast=forecast,
        quality=quality,
        status=status,
        because=because,
        crosses=None if status is Status.NO_DATA else _crosses(forecast, amount),
        line=_line(budget, period),
    )


def _status(
    days: History, forecast: Forecast, amount: Decimal, used: Decimal, *, has_rows: bool
) -> tuple[Status, str]:
    if not has_rows and (forecast.expected is None or days.first is None):
        return Status.NO_DATA, "no bill covers it"
    if used > amount:
        return Status.OVER, "more is used than the amount"
    if forecast.is_over:
        return Status.ON_TRACK, "the period ended within the amount"
    if forecast.expected is not None and forecast.expected > amount:
        return Status.AT_RISK, "the forecast ends above the amount"
    ahead = _ahead(days, forecast, amount)
    if ahead is not None:
        return Status.AT_RISK, ahead
    told = "the forecast ends within the amount"
    return Status.ON_TRACK, told if forecast.expected is not None else (
        "use keeps pace with the days"
    )


def _ahead(days: History, forecast: Forecast, amount: Decimal) -> str | None:
    """Whether use runs ahead of the period's days, apart from monthly charges."""
    until, period = forecast.until, forecast.period
    if until is None:
        return None
    over = (min(until, period.end) - period.start).days
    if over <= PACE_AFTER_DAYS:
        return None
    use = total(cost for day, cost in days.use.items() if period.start <= day < until)
    fees = total(lump.cost for lump in days.lumps if period.start <= lump.day < period.end)
    due = less(amount, fees) * over / period.days
    if use <= due * PACE:
        return None
    used, gone = percent(use + fees, amount), percent(Decimal(over), Decimal(period.days))
    return f"{used} % is used after {gone} % of the days"


def _crosses(forecast: Forecast, amount: Decimal) -> date | None:
    """The first day whose end is above the amount: a fact if it is past, otherwise expected."""
    spent = Decimal(0)
    for day, cost in (*forecast.past, *forecast.days):
        spent = total([spent, cost])
        if spent > amount:
            return day
    return None


def _line(budget: Budget, period: Period) -> dict[date, Decimal]:
    """What is planned up to each month's end; a single amount is spread evenly over days."""
    found, sum_ = {}, Decimal(0)
    amount = budget.amount_of(period)
    for word in period.months:
        month = Period.parse(word, period.start)
        if budget.amounts:
            sum_ += budget.month_amount(word)
        else:
            sum_ += amount * month.days / period.days
        found[month.last] = sum_
    return found


def _highest(
    thresholds: tuple[int, ...], spent: Decimal, amount: Decimal, *, above: bool = False
) -> int | None:
    reached = [
        one
        for one in thresholds
        if (spent * 100 > amount * one if above or one >= 100 else spent * 100 >= amount * one)  # noqa: PLR2004 - percent
    ]
    return max(reached, default=None)
