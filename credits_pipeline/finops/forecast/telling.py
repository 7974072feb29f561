"""Forecasts as JSON, and in one sentence that says how certain they are."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from credits_pipeline.finops.forecast.backtest import DAYS, METHODS, Quality
from credits_pipeline.finops.forecast.forecast import Forecast
from credits_pipeline.finops.queries.exactly import percent

METHOD = (
    "Spend so far, plus, for each day left, the level of the last 14 days times that weekday's "
    "usual share; monthly charges are counted separately."
)
_TENTH = Decimal("0.1")


def how_sure(quality: Quality) -> str:
    """How often the range held, in one sentence."""
    if not quality.ranges:
        return "No past month was forecast with a range, so nobody knows yet how reliable it is."
    return (
        f"{quality.hits} of {quality.ranges} past forecasts ended within their range, made after "
        f"{', '.join(map(str, DAYS[:-1]))} and {DAYS[-1]} days of past months."
    )


def error_percent(quality: Quality, method: str, day: int | None = None) -> Decimal | None:
    """The mean error of a method, in percent with one decimal."""
    found = quality.mean_error(method, day)
    return None if found is None else Decimal(repr(found * 100)).quantize(_TENTH, ROUND_HALF_UP)


def forecast_json(found: Forecast) -> dict[str, Any]:
    """A forecast for programs; all but `so_far` are estimates."""
    return {
        "from": str(found.period.start),
        "to": str(found.period.last),
        "so_far": f"{found.so_far:f}",
        "complete_through": None if found.until is None else str(found.until),
        "estimates": {
            "expected": _text(found.expected),
            "low": _text(found.low),
            "high": _text(found.high),
            "run_rate": _text(found.run_rate),
        },
        "days_of_history": found.history_days,
        "why_not": found.why_not or None,
    }


def quality_json(quality: Quality) -> dict[str, Any]:
    """How good past forecasts were, for programs."""
    return {
        "forecasts": len(quality.told),
        "within_range": quality.hits,
        "with_range": quality.ranges,
        "hit_rate_percent": _text(percent(Decimal(quality.hits), Decimal(quality.ranges))),
        "mean_error_percent": {
            method: {str(day): _text(error_percent(quality, method, day)) for day in DAYS}
            for method in METHODS
        },
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
