"""What the wing adds to a code location; loaded only if the wing is in use."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import Any, Self

import dagster as dg

from credits_pipeline.finops.assets.bills import FILES, GROUP, MARTS, PUBLISHED, ROWS, spend_assets
from credits_pipeline.finops.assets.budget_checks import budget_checks
from credits_pipeline.finops.assets.budgets import (
    ANOMALIES,
    BUDGETS,
    FORECAST,
    budget_assets,
)
from credits_pipeline.finops.assets.chargeback import (
    chargeback_assets,
    chargeback_checks,
    chargeback_job,
    chargeback_sensor,
)
from credits_pipeline.finops.assets.checks import spend_checks
from credits_pipeline.finops.assets.governance import (
    governance_assets,
    governance_checks,
    governance_job,
    governance_sensor,
)
from credits_pipeline.finops.assets.ledger import (
    RECONCILIATION,
    ledger_assets,
    ledger_checks,
    ledger_jobs,
    ledger_sensor,
)
from credits_pipeline.finops.assets.receipts import (
    receipts_asset,
    receipts_check,
    receipts_sensor,
)
from credits_pipeline.finops.assets.resource import BillsResource
from credits_pipeline.finops.assets.scanning import (
    daily_scan,
    optimization_assets,
    optimization_checks,
    scan_job,
)
from credits_pipeline.finops.assets.sensor import manifests_sensor
from credits_pipeline.finops.settings import scans_something

JOB = "bill_month"
DAILY_JOB = "budgets_daily"
#: Between two checks of the inputs of policies.
_RULES_SECONDS = 120
#: Between two checks of what is owed; people close months during the day.
_CHARGEBACK_SECONDS = 300


@dataclass(frozen=True)
class FinopsDefinitions:
    """What `credits_pipeline.credits.assets.build` joins to the first wing's."""

    assets: Sequence[dg.AssetsDefinition] = ()
    asset_checks: Sequence[dg.AssetChecksDefinition] = ()
    jobs: Sequence[Any] = ()
    sensors: Sequence[dg.SensorDefinition] = ()
    schedules: Sequence[dg.ScheduleDefinition] = ()
    resources: dict[str, Any] = field(default_factory=dict)

    def __add__(self, other: Self) -> "FinopsDefinitions":
        """Both together."""
        return FinopsDefinitions(
            assets=[*self.assets, *other.assets],
            asset_checks=[*self.asset_checks, *other.asset_checks],
            jobs=[*self.jobs, *other.jobs],
            sensors=[*self.sensors, *other.sensors],
            schedules=[*self.schedules, *other.schedules],
            resources={**self.resources, **other.resources},
        )


@dataclass(frozen=True)
class Terms:
    """How the wing's parts are assembled.

    Attributes:
        automation: whether sensors and schedules run from the start.
        seconds: between two checks of the manifests.
        executor: of the jobs.
        drop: the first wing's asset whose materialisations are receipts.
        months: its partitions.
        credits_root: where receipts are stored; default: ``CREDITS_STORAGE``.
        owners: of the assets.
    """

    automation: bool
    seconds: int
    executor: dg.ExecutorDefinition
    drop: dg.AssetKey
    months: dg.PartitionsDefinition[str]
    credits_root: str | None = None
    owners: Sequence[str] = ()

    @property
    def sensors(self) -> dg.DefaultSensorStatus:
        """The initial status of sensors."""
        on = dg.DefaultSensorStatus.RUNNING
        return on if self.automation else dg.DefaultSensorStatus.STOPPED

    @property
    def schedules(self) -> dg.DefaultScheduleStatus:
        """The initial status of schedules."""
        on = dg.DefaultScheduleStatus.RUNNING
        return on if self.automation else dg.DefaultScheduleStatus.STOPPED


def build_finops_definitions(terms: Terms) -> FinopsDefinitions:
    """Assemble the wing: each part brings its assets, checks, jobs and what starts them."""
    return reduce(add, (part(terms) for part in PARTS))


def _spend(terms: Terms) -> FinopsDefinitions:
    """Bills, from their manifests to what pages read, and what follows from them at once."""
    job = dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.assets(
            FILES, ROWS, *MARTS.values(), PUBLISHED, FORECAST, BUDGETS, ANOMALIES
        ),
        description="One billing month of one source, from its manifest to what pages read.",
        executor_def=terms.executor,
    )
    return FinopsDefinitions(
        assets=spend_assets(terms.owners),
        asset_checks=spend_checks(),
        jobs=[job],
        sensors=[manifests_sensor(job, terms.sensors, terms.seconds)],
        resources={"bills": BillsResource(credits=terms.credits_root)},
    )


def _budgets(terms: Terms) -> FinopsDefinitions:
    """Budgets, forecasts and anomalies: they change with each day, even without a new bill."""
    daily = dg.define_asset_job(
        DAILY_JOB,
        selection=dg.AssetSelection.assets(FORECAST, BUDGETS, ANOMALIES),
        description="Forecasts, how budgets stand, and anomalies, from what is published.",
        executor_def=terms.executor,
    )
    return FinopsDefinitions(
        assets=budget_assets(terms.owners),
        asset_checks=budget_checks(),
        jobs=[daily],
        schedules=[
            dg.ScheduleDefinition(
                name=DAILY_JOB,
                job=daily,
                cron_schedule="15 5 * * *",
                execution_timezone="UTC",
                default_status=terms.schedules,
            )
        ],
    )


def _optimization(terms: Terms) -> FinopsDefinitions:
    """The daily scan of the clouds, and what can be saved."""
    scan = scan_job(terms.executor)
    return FinopsDefinitions(
        assets=optimization_assets(terms.owners),
        asset_checks=optimization_checks(),
        jobs=[scan],
        schedules=[daily_scan(scan, running=terms.automation and scans_something())],
    )


def _governance(terms: Terms) -> FinopsDefinitions:
    """Policies and their violations."""
    policies = governance_job(terms.executor)
    return FinopsDefinitions(
        assets=governance_assets(terms.owners),
        asset_checks=governance_checks(),
        jobs=[policies],
        sensors=[governance_sensor(policies, terms.sensors, max(terms.seconds, _RULES_SECONDS))],
    )


def _chargeback(terms: Terms) -> FinopsDefinitions:
    """What each owner owes by month, and the documents of closed months."""
    month = chargeback_job(terms.executor)
    seconds = max(terms.seconds, _CHARGEBACK_SECONDS)
    return FinopsDefinitions(
        assets=chargeback_assets(terms.owners),
        asset_checks=chargeback_checks(),
        jobs=[month],
        sensors=[chargeback_sensor(month, terms.sensors, seconds)],
    )


def _receipts(terms: Terms) -> FinopsDefinitions:
    """The first wing's receipts as a source of bills."""
    return FinopsDefinitions(
        assets=[receipts_asset(terms.drop, terms.months, GROUP, terms.owners)],
        asset_checks=[receipts_check(terms.months)],
        sensors=[receipts_sensor(terms.sensors, [RECONCILIATION])],
    )


def _ledger(terms: Terms) -> FinopsDefinitions:
    """AWS's ledger of credits, and the three-way reconciliation."""
    jobs = ledger_jobs(terms.executor)
    return FinopsDefinitions(
        assets=ledger_assets(terms.drop, terms.owners),
        asset_checks=ledger_checks(terms.drop, terms.months),
        jobs=jobs,
        sensors=[ledger_sensor(jobs, terms.sensors, terms.seconds)],
    )


#: The parts of the wing; a new one is a function here.
PARTS = (
    _spend,
    _budgets,
    _optimization,
    _governance,
    _chargeback,
    _receipts,
    _ledger,
)
