"""What assets found about budgets, forecasts and anomalies, stored beside the published version.

Alerts read it; pages and commands query the version itself, and a check compares both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from credits_pipeline.finops.anomalies.anomaly import Anomaly
from credits_pipeline.finops.anomalies.looking import anomalies
from credits_pipeline.finops.budgets.book import Standings, standings
from credits_pipeline.finops.budgets.telling import standing_json
from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.forecast.asking import Outlook, outlook
from credits_pipeline.finops.forecast.issued import Issued
from credits_pipeline.finops.forecast.telling import forecast_json, quality_json
from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.daily import history
from credits_pipeline.finops.queries.periods import Period
from credits_pipeline.finops.queries.scope import Scope
from credits_pipeline.finops.queries.values import currencies

BUDGETS, FORECAST, ANOMALIES = (
    f"results/{name}.json" for name in ("budgets", "forecast", "anomalies")
)
_ISSUED = "results/forecasts_told.json"

Bodies = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Forecasts:
    """The forecasts of everything, by currency, and of each budget.

    Attributes:
        totals: by currency.
        budgets: their states.
        held: by subject, how many stored forecasts came true, and how many are over.
    """

    totals: Mapping[str, Outlook]
    budgets: Standings
    held: Mapping[str, tuple[int, int]]


def forecasts(published: Published, bodies: Bodies, depot: Depot, today: date) -> Forecasts:
    """Forecast everything and every budget, and store the forecasts.

    Args:
        published: the version.
        bodies: of the budgets, by id.
        depot: the wing's storage.
        today: in UTC.
    """
    whole = Scope.parse({"credits": "out"}, today=today, tags=published.tags)
    totals = {
        currency: outlook(published, whole.but(currency=currency), today)
        for currency in currencies(published, whole)
    }
    found = standings(published, bodies, today)
    issued = Issued.of(depot.read(_ISSUED))
    told = {f"total {currency}": one.forecast for currency, one in totals.items()}
    told |= {f"budget {one.budget.id}": one.forecast for one in found.found}
    for subject, forecast in told.items():
        issued = issued.with_(subject, forecast)
    depot.write(_ISSUED, issued.stored())
    scopes = {f"total {currency}": one.scope for currency, one in totals.items()}
    scopes |= {f"budget {one.budget.id}": one.scope for one in found.found}
    held = {
        subject: _held(published, issued, subject, scope, today)
        for subject, scope in scopes.items()
    }
    return Forecasts(totals, found, held)


def keep_forecasts(depot: Depot, found: Forecasts, about: Mapping[str, Any]) -> None:
    """Store forecasts where alerts and people find them."""
    series = {
        f"total {currency}": (one.forecast, one.quality) for currency, one in found.totals.items()
    }
    series |= {
        f"budget {one.budget.id}": (one.forecast, one.quality) for one in found.budgets.found
    }
    depot.write(
        FORECAST,
        {
            **about,
            "series": [
                {
                    "subject": subject,
                    "forecast": forecast_json(forecast),
                    "quality": quality_json(quality),
                    "told": {
                        "within_range": found.held[subject][0],
                        "over": found.held[subject][1],
                    },
                }
                for subject, (forecast, quality) in series.items()
            ],
        },
    )


def keep_standings(depot: Depot, found: Standings, about: Mapping[str, Any]) -> None:
    """Store the state of budgets where alerts find it."""
    depot.write(
        BUDGETS,
        {
            **about,
            "budgets": [
                {
                    **standing_json(one),
                    "crossed": one.crossed(),
                    "expected_to_cross": one.expected_to_cross(),
                    "channels": list(one.budget.channels),
                }
                for one in found.found
            ],
            "wrong": [{"id": id_, "why": why} for id_, why in found.wrong],
        },
    )


def find_anomalies(published: Published, today: date) -> tuple[Anomaly, ...]:
    """The anomalies of everything."""
    return anomalies(published, Scope.parse({}, today=today, tags=published.tags), today)


def keep_anomalies(depot: Depot, found: tuple[Anomaly, ...], about: Mapping[str, Any]) -> None:
    """Store anomalies where alerts find them."""
    depot.write(ANOMALIES, {**about, "anomalies": [anomaly_json(one) for one in found]})


def anomaly_json(one: Anomaly) -> dict[str, Any]:
    """An anomaly for programs."""
    return {
        "id": one.id,
        "cloud": one.cloud,
        "account": one.account,
        "account_name": one.account_name,
        "service": one.service,
        "currency": one.currency,
        "since": str(one.since),
        "through": str(one.through),
        "days": one.days,
        "cost": f"{one.cost:f}",
        "usual": f"{one.usual:f}",
        "more": f"{one.more:f}",
        "times": None if one.times is None else f"{one.times:f}",
        "goes_on": one.goes_on,
    }


def _held(
    published: Published, issued: Issued, subject: str, scope: Scope, today: date
) -> tuple[int, int]:
    days = history(published, scope, today)

    def actual(word: str) -> Decimal | None:
        period = Period.parse(word, today)
        known = days.until is not None and days.until >= period.end
        return days.so_far(period.start, period.end) if known else None

    return issued.hits(subject, actual)
