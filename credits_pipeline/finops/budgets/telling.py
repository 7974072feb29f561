"""The state of budgets, as JSON and in sentences."""

from typing import Any

from credits_pipeline.finops.budgets.book import Standings
from credits_pipeline.finops.budgets.standing import RULE, Standing, Status
from credits_pipeline.finops.forecast.telling import forecast_json, quality_json


def crosses(standing: Standing) -> str:
    """When the amount is or will be crossed; empty if it is not."""
    day = standing.crosses
    if day is None:
        return ""
    until = standing.forecast.until
    past = standing.status is Status.OVER and until is not None and day < until
    return f"crossed on {day}" if past else f"crosses on {day}"


def standing_json(standing: Standing) -> dict[str, Any]:
    """A standing for programs."""
    budget = standing.budget
    percents = {
        "used_percent": standing.used_percent,
        "expected_percent": standing.expected_percent,
        "elapsed_percent": standing.elapsed_percent,
    }
    return {
        "id": budget.id,
        "name": budget.name,
        "owner": budget.owner or None,
        "period": {"from": str(standing.period.start), "to": str(standing.period.last)},
        "scope": standing.scope.words(),
        "currency": standing.currency or None,
        "amount": f"{standing.amount:f}",
        "used": f"{standing.used:f}",
        **{name: None if value is None else f"{value:f}" for name, value in percents.items()},
        "status": standing.status.value,
        "because": standing.because,
        "crosses": None if standing.crosses is None else str(standing.crosses),
        "forecast": forecast_json(standing.forecast),
        "quality": quality_json(standing.quality),
    }


def standings_json(found: Standings) -> dict[str, Any]:
    """All standings for programs."""
    return {
        "rule": RULE,
        "budgets": [standing_json(one) for one in found.found],
        "not_now": list(found.not_now),
        "wrong": [{"id": id_, "why": why} for id_, why in found.wrong],
    }
