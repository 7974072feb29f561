"""The assets of the budgets group: forecasts, the state of budgets, anomalies.

Each reads the published version and a snapshot of the decisions, and says which.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from credits_pipeline.finops.assets.bills import PUBLISHED
from credits_pipeline.finops.assets.metadata import saying, table
from credits_pipeline.finops.assets.resource import BillsResource
from credits_pipeline.text import gated

if TYPE_CHECKING:
    from credits_pipeline.finops.budgets.results import Bodies, Forecasts
    from credits_pipeline.finops.depot import Depot
    from credits_pipeline.finops.publish.published import Published

GROUP = "budgets"
FORECAST, BUDGETS, ANOMALIES = "forecast", "budgets", "anomalies"
_TAGS = {"domain": "finops"}
#: The day of a month on which the forecast is compared with the run rate.
MEASURED_DAY = 10


def budget_assets(owners: Sequence[str] = ()) -> list[dg.AssetsDefinition]:
    """The assets.

    Args:
        owners: e-mail addresses, and teams as ``team:name``.
    """
    common: dict[str, Any] = {"group_name": GROUP, "owners": list(owners), "tags": _TAGS}
    return [
        dg.asset(
            name=FORECAST,
            deps=[PUBLISHED],
            **common,
            kinds={"python"},
            description="What this month, and each budget's period, will cost: with the range, how "
            "often ranges held, and the errors beside the run rate's and the seasonal naive's.",
        )(gated(_forecast)),
        dg.asset(
            name=BUDGETS,
            deps=[FORECAST],
            **common,
            kinds={"python"},
            description="How every budget stands, counted by the query of the page Spend. Alerts "
            "of thresholds come from here.",
        )(gated(_budgets)),
        dg.asset(
            name=ANOMALIES,
            deps=[PUBLISHED],
            **common,
            kinds={"python"},
            description="Days on which an account used a service for much more than it usually "
            "does, without credits, tax and monthly charges.",
        )(gated(_anomalies)),
    ]


def _forecast(
    context: dg.AssetExecutionContext, bills: BillsResource
) -> dg.MaterializeResult[None]:
    from credits_pipeline.finops.budgets.results import keep_forecasts  # noqa: PLC0415 - when used
    from credits_pipeline.finops.forecast.telling import error_percent  # noqa: PLC0415 - as above

    depot, published = opened(bills)
    bodies, about = _decided(published)
    found = _found(depot, published, bodies, about)
    keep_forecasts(depot, found, about)
    rows = [
        (
            f"everything, {currency}",
            one.forecast.so_far,
            one.forecast.expected,
            one.forecast.low,
            one.forecast.high,
            one.forecast.run_rate,
            error_percent(one.quality, "forecast", MEASURED_DAY),
            error_percent(one.quality, "run rate", MEASURED_DAY),
            f"{one.quality.hits} of {one.quality.ranges}",
        )
        for currency, one in found.totals.items()
    ]
    rows += [
        (
            f"budget {one.budget.name}",
            one.used,
            one.forecast.expected,
            one.forecast.low,
            one.forecast.high,
            one.forecast.run_rate,
            error_percent(one.quality, "forecast", MEASURED_DAY),
            error_percent(one.quality, "run rate", MEASURED_DAY),
            f"{one.quality.hits} of {one.quality.ranges}",
        )
        for one in found.budgets.found
    ]
    heads = (
        "of", "so far", "expected", "low", "high", "run rate",
        f"error % on day {MEASURED_DAY}", "run rate's", "ranges that held",
    )  # fmt: skip
    told = sum(over for _, over in found.held.values())
    held = sum(held for held, _ in found.held.values())
    context.log.info("%s forecasts", len(rows))
    return dg.MaterializeResult(
        metadata={
            **about,
            "forecasts": table(heads, rows),
            "made before and finished by now": told,
            "of these within their range": held,
        }
    )


def _budgets(context: dg.AssetExecutionContext, bills: BillsResource) -> dg.MaterializeResult[None]:
    from credits_pipeline.finops.budgets.book import standings  # noqa: PLC0415 - when used
    from credits_pipeline.finops.budgets.results import keep_standings  # noqa: PLC0415 - as above

    depot, published = opened(bills)
    bodies, about = _decided(published)
    found = standings(published, bodies, today())
    keep_standings(depot, found, about)
    for _, why in found.wrong:
        saying(context.log.warning)(why)
    counts = dict.fromkeys(("on track", "at risk", "over", "no data"), 0)
    for one in found.found:
        counts[one.status.value] += 1
    return dg.MaterializeResult(
        metadata={
            **about,
            **counts,
            "budgets": table(
                ("budget", "period", "amount", "used", "expected", "status", "because"),
                [
                    (
                        one.budget.name,
                        f"{one.period.start} to {one.period.last}",
                        one.amount,
                        one.used,
                        one.forecast.expected,
                        one.status.value,
                        one.because,
                    )
                    for one in found.found
                ],
            ),
        }
    )


def _anomalies(
    context: dg.AssetExecutionContext, bills: BillsResource
) -> dg.MaterializeResult[None]:
    from credits_pipeline.finops.budgets.results import (  # noqa: PLC0415 - when used
        find_anomalies,
        keep_anomalies,
    )

    depot, published = opened(bills)
    found = find_anomalies(published, today())
    about = {"version": published.version, "today": str(today())}
    keep_anomalies(depot, found, about)
    context.log.info("%s anomalies", len(found))
    return dg.MaterializeResult(
        metadata={
            **about,
            "anomalies": len(found),
            "found": table(
                ("service", "account", "times the usual", "since", "through", "more than usual"),
                [
                    (
                        one.service,
                        one.account_name,
                        one.how_much,
                        one.since,
                        one.through,
                        f"{one.more.quantize(one.usual)} {one.currency}",
                    )
                    for one in found
                ],
            ),
        }
    )


def opened(bills: BillsResource) -> "tuple[Depot, Published]":
    """The storage and its published version.

    Raises:
        Failure: nothing is published.
    """
    from credits_pipeline.finops.publish.published import open_current  # noqa: PLC0415 - DuckDB

    published = open_current(bills.storage())
    if published is None:
        raise dg.Failure(
            f"Nothing is published yet. What to do: materialise {PUBLISHED} first.",
            allow_retries=False,
        )
    return bills.depot(), published


def _decided(published: "Published") -> "tuple[Bodies, dict[str, Any]]":
    """The budgets' bodies, and what is needed to repeat a run."""
    from credits_pipeline.finops.budgets.budget import KIND  # noqa: PLC0415 - when used
    from credits_pipeline.finops.decisions.item import Snapshot  # noqa: PLC0415 - as above
    from credits_pipeline.finops.decisions.opening import (  # noqa: PLC0415 - as above
        are_kept,
        open_decisions,
    )

    taken = Snapshot({})
    if are_kept():
        with open_decisions() as decisions:
            taken = decisions.snapshot([KIND])
    about = {"version": published.version, "decisions": taken.digest, "today": str(today())}
    return taken.of(KIND), about


def _found(
    depot: "Depot", published: "Published", bodies: "Bodies", about: dict[str, Any]
) -> "Forecasts":
    from credits_pipeline.finops.budgets.results import forecasts  # noqa: PLC0415 - when used

    return forecasts(published, bodies, depot, date.fromisoformat(about["today"]))


def today() -> date:
    """The day of the run, by UTC."""
    return datetime.now(UTC).date()
