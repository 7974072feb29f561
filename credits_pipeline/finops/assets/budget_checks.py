"""The checks of the budgets group: forecasts that held, and budgets that are the spend."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import dagster as dg

from credits_pipeline.finops.assets.budgets import BUDGETS, FORECAST, MEASURED_DAY, opened, today
from credits_pipeline.finops.assets.metadata import plain
from credits_pipeline.finops.assets.resource import BillsResource
from credits_pipeline.text import gated

if TYPE_CHECKING:
    from credits_pipeline.finops.publish.published import Published

#: How wrong the forecast may be, as a share of how wrong the run rate was.
_SHARE = 1 / 3
_HOLDS = Decimal(70)


def budget_checks() -> list[dg.AssetChecksDefinition]:
    """The checks."""
    return [_beats_run_rate(), _ranges_hold(), _can_be_counted(), _is_the_spend()]


def _beats_run_rate() -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=FORECAST,
        name="better_than_run_rate",
        description=f"After {MEASURED_DAY} days of past months, the error of the forecast of "
        "everything was at most a third of the run rate's.",
    )
    @gated
    def better_than_run_rate(bills: BillsResource) -> dg.AssetCheckResult:
        from credits_pipeline.finops.budgets.results import FORECAST as KEY  # noqa: PLC0415

        kept = bills.depot().read(KEY) or {"series": []}
        told, wrong = [], []
        for one in _totals(kept):
            errors = one["quality"]["mean_error_percent"]
            ours, rate = (errors[name][str(MEASURED_DAY)] for name in ("forecast", "run rate"))
            if ours is None or rate is None:
                continue
            told.append(f"{one['subject']}: {ours} %, and the run rate {rate} %")
            if float(ours) > float(rate) * _SHARE:
                wrong.append(one["subject"])
        return dg.AssetCheckResult(
            passed=not wrong,
            severity=dg.AssetCheckSeverity.WARN,
            description=plain("; ".join(told) or "No past month could be forecast again yet."),
        )

    return better_than_run_rate


def _ranges_hold() -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=FORECAST,
        name="ranges_hold",
        description=f"At least {_HOLDS} % of past forecasts of everything ended within a range.",
    )
    @gated
    def ranges_hold(bills: BillsResource) -> dg.AssetCheckResult:
        from credits_pipeline.finops.budgets.results import FORECAST as KEY  # noqa: PLC0415

        kept = bills.depot().read(KEY) or {"series": []}
        rates = {
            one["subject"]: one["quality"]["hit_rate_percent"]
            for one in _totals(kept)
            if one["quality"]["hit_rate_percent"] is not None
        }
        return dg.AssetCheckResult(
            passed=all(Decimal(rate) >= _HOLDS for rate in rates.values()),
            severity=dg.AssetCheckSeverity.WARN,
            description=plain(
                "; ".join(f"{subject}: {rate} %" for subject, rate in rates.items())
                or "No past forecast had a range yet."
            ),
        )

    return ranges_hold


def _can_be_counted() -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=BUDGETS,
        name="budgets_can_be_counted",
        description="Every budget can be counted: its words are known, and it has one currency.",
    )
    @gated
    def budgets_can_be_counted(bills: BillsResource) -> dg.AssetCheckResult:
        from credits_pipeline.finops.budgets.results import BUDGETS as KEY  # noqa: PLC0415

        kept = bills.depot().read(KEY) or {"budgets": [], "wrong": []}
        wrong = [one["why"] for one in kept["wrong"]]
        return dg.AssetCheckResult(
            passed=not wrong,
            severity=dg.AssetCheckSeverity.WARN,
            description=plain(" ".join(wrong) or f"All {len(kept['budgets'])} can."),
        )

    return budgets_can_be_counted


def _is_the_spend() -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=BUDGETS,
        name="used_is_the_spend",
        description="What each budget has used, from the months, is what its days add up to.",
    )
    @gated
    def used_is_the_spend(bills: BillsResource) -> dg.AssetCheckResult:
        from credits_pipeline.finops.budgets.results import BUDGETS as KEY  # noqa: PLC0415

        depot, published = opened(bills)
        kept = depot.read(KEY) or {"budgets": [], "version": published.version}
        if kept["version"] != published.version:
            return dg.AssetCheckResult(
                passed=True, description="There is a newer version by now; the next run checks it."
            )
        wrong = _differing(published, kept["budgets"])
        return dg.AssetCheckResult(
            passed=not wrong,
            description=plain("; ".join(wrong) or f"All {len(kept['budgets'])} are, to the digit."),
        )

    return used_is_the_spend


def _differing(published: "Published", budgets: Sequence[dict[str, Any]]) -> list[str]:
    from credits_pipeline.finops.queries.daily import history  # noqa: PLC0415 - when used
    from credits_pipeline.finops.queries.scope import Scope  # noqa: PLC0415 - as above

    found = []
    for one in budgets:
        start = date.fromisoformat(one["period"]["from"])
        end = date.fromisoformat(one["period"]["to"])
        scope = Scope.parse(one["scope"], today=start, tags=published.tags)
        known = history(published, scope, today())
        days = known.so_far(start, end + timedelta(days=1))
        if days != Decimal(one["used"]):
            found.append(f"{one['name']}: {one['used']} used, and its days are {days:f}")
    return found


def _totals(kept: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in kept["series"] if one["subject"].startswith("total ")]
