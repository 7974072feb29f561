"""One budget: where it is heading, when it crosses, how past periods ended, what drives it."""

from datetime import timedelta
from decimal import Decimal

import streamlit as st

from credits_pipeline.finops.budgets.budget import Budget
from credits_pipeline.finops.budgets.standing import Standing, Status
from credits_pipeline.finops.decisions import Item
from credits_pipeline.finops.forecast.backtest import DAYS, METHODS, Quality
from credits_pipeline.finops.forecast.forecast import Forecast
from credits_pipeline.finops.forecast.telling import METHOD, error_percent, how_sure
from credits_pipeline.finops.pages import ahead_chart, budget_form, figures
from credits_pipeline.finops.pages.frame import Frame
from credits_pipeline.finops.pages.navigation import page_of
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.pages.tables import Column, table
from credits_pipeline.finops.queries.compare import changes
from credits_pipeline.finops.queries.periods import Period
from credits_pipeline.finops.queries.spend import spend
from credits_pipeline.finops.queries.words import blank

_PAST = 6
_WORD = "budget"
_COLOURS = {Status.OVER: "red", Status.AT_RISK: "orange", Status.ON_TRACK: "green"}


def draw(frame: Frame, item: Item, found: Standing | None) -> None:
    """Draw it, with a form that changes it."""
    if st.button("All budgets", icon=":material/arrow_back:", key="budget:all"):
        st.query_params.pop(_WORD, None)
        st.rerun()
    if found is None:
        st.subheader(plain(item.body.get("name") or item.id), anchor=False)
        st.info("It does not apply today, or can't be counted. Its fields are below.")
    else:
        _stands(frame, found)
        _drivers(frame, found)
        _past(frame, found.budget, found.period)
        quality(found.forecast, found.quality, found.currency)
    with st.expander("Change or remove"):
        budget_form.change(frame, item)


def heading(forecast: Forecast, currency: str, amount: Decimal | None = None) -> str:
    """The answer, as a chart title."""
    so_far = figures.short(forecast.so_far, currency)
    if forecast.is_over:
        told = f"{so_far} in all"
    elif forecast.expected is None:
        told = f"{so_far} so far"
        if forecast.run_rate is not None:
            told += f"; at this rate {figures.short(forecast.run_rate, currency)}"
    else:
        told = f"{so_far} so far; heading for {figures.short(forecast.expected, currency)}"
    if amount is None:
        return told
    end = forecast.expected if forecast.expected is not None else forecast.so_far
    where = "over" if end > amount else "within"
    return f"{told}, {where} the budget of {figures.short(amount, currency)}"


def range_of(forecast: Forecast, currency: str) -> str:
    """The range of a forecast, short; empty if there is none."""
    if forecast.low is None or forecast.high is None:
        return ""
    low, high = (figures.short(one, currency) for one in (forecast.low, forecast.high))
    if low == high:
        low, high = (figures.exact(one, currency) for one in (forecast.low, forecast.high))
    return f"{low} to {high}" if low != high else low


def quality(forecast: Forecast, found: Quality, currency: str) -> None:
    """How certain a forecast is: its range, the method, and its errors beside the baselines'."""
    if forecast.why_not:
        st.markdown(f"There is no forecast: {plain(forecast.why_not)}.")
    elif forecast.low is not None and forecast.high is not None and not forecast.is_over:
        low, high = (figures.exact(one, currency) for one in (forecast.low, forecast.high))
        rate = (
            ""
            if forecast.run_rate is None
            else (f" At the rate so far it would be {figures.exact(forecast.run_rate, currency)}.")
        )
        told = f"Between {low} and {high}, an estimate. {how_sure(found)}{rate}"
        st.markdown(plain(told))
    if not found.told:
        return
    with st.expander("How good past forecasts were"):
        st.markdown(plain(METHOD))
        table(
            [
                {
                    "Method": method,
                    **{f"Day {day}": _error(found, method, day) for day in DAYS},
                }
                for method in METHODS
            ],
            [Column("Method"), *(Column(f"Day {day}") for day in DAYS)],
            currency=currency,
            words="Mean error of each method, by the day of the month on which it was made",
        )


def _error(found: Quality, method: str, day: int) -> str:
    error = error_percent(found, method, day)
    return "" if error is None else figures.percent(error)


def _stands(frame: Frame, one: Standing) -> None:
    currency, today = one.currency, frame.looking.today
    st.subheader(f"{plain(one.budget.name)}: "
                 f"{plain(heading(one.forecast, currency, one.amount))}", anchor=False)  # fmt: skip
    used = "" if one.used_percent is None else f" ({figures.percent(one.used_percent)})"
    told = [
        f":{_COLOURS.get(one.status, 'gray')}[**{one.status.value}**]: {plain(one.because)}",
        plain(f"{figures.exact(one.used, currency)} of {figures.exact(one.amount, currency)}{used}"
              f" in {figures.days(one.period.start, one.period.last, today)}"),
        plain(f"{figures.percent(one.elapsed_percent)} of the days are complete"),
    ]  # fmt: skip
    if one.crosses is not None:
        until = one.forecast.until
        verb = "crossed" if until is not None and one.crosses < until else "crosses"
        told.append(f"**{verb} on {figures.day(one.crosses, today)}**")
    if one.budget.owner:
        told.append(f":gray[owner {plain(one.budget.owner)}]")
    st.markdown(" · ".join(told))
    st.page_link(
        page_of("spend"),
        label="The spend that it counts",
        icon=":material/bar_chart:",
        query_params=one.scope.words(),
    )
    ahead_chart.draw(
        ahead_chart.Ahead(one.forecast, one.line),
        currency=currency,
        words=heading(one.forecast, currency, one.amount),
    )


def _drivers(frame: Frame, one: Standing) -> None:
    found = frame.looking.ask(changes, one.scope, by=("account", "service"), limit=3)
    if not found:
        return
    st.markdown("**What drives it**, against the days before")
    names = frame.looking.account_names()
    for row in found:
        account, service = row.keys
        name = names.get(account or "", account or blank("account"))
        st.markdown(
            f"{plain(service or blank('service'))} in {plain(name)}: "
            f"{plain(figures.change(row.change, one.currency))}"
        )


def _past(frame: Frame, budget: Budget, period: Period) -> None:
    """How the last periods ended."""
    rows = []
    start = period.start
    for _ in range(_PAST):
        before = budget.period_at(start - timedelta(days=1))
        if before is None:
            break
        found = frame.looking.ask(spend, budget.scope_of(before))
        amount = budget.amount_of(before)
        if found.line_items:
            rows.append(
                {
                    "Period": figures.days(before.start, before.last, frame.looking.today),
                    "Amount": amount,
                    "Spent": found.total,
                    "Difference": found.total - amount,
                    "": "over" if found.total > amount else "within",
                }
            )
        start = before.start
    if not rows:
        return
    st.markdown("**How its last periods ended**")
    columns = [Column("Period"), Column("Amount", "money"), Column("Spent", "money")]
    columns += [Column("Difference", "change"), Column("")]
    table(rows, columns, currency=frame.currency, words="Past periods")
