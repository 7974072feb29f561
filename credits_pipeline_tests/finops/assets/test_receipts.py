"""Receipts in the lake: Dagster knows what depends on a drop, and the net view depends on them."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import Schedule
from credits_pipeline.credits.assets.build import build_definitions
from credits_pipeline.credits.inbox.bucket import Inbox
from credits_pipeline.finops.assets.receipts import RECEIPTS
from credits_pipeline.finops.publish.published import open_current
from credits_pipeline.finops.queries.bridge import View, bridge
from credits_pipeline.finops.queries.scope import Scope
from credits_pipeline.finops.queries.spend import spend
from credits_pipeline.finops.sources import Provider, Source
from credits_pipeline.sandbox.cloudzero import CloudZeroStandIn
from credits_pipeline_tests.credits.assets.conftest import Pipeline
from credits_pipeline_tests.dagster_instance import dagster_instance
from credits_pipeline_tests.finops.assets.conftest import Wing, add
from credits_pipeline_tests.finops.bills import charge, credit, csv_text, put

MAY = BillingMonth(2026, 5)
SHOP, LABS = "444455556666", "777788889999"
FILE = f"account_id,account_name,credit_amount\n{SHOP},Shop,30.25\n{LABS},Labs,4.75\n".encode()


@pytest.fixture
def both(storage: Path, inbox: Inbox, cloudzero: CloudZeroStandIn) -> Iterator[Pipeline]:
    """Both wings on one instance."""
    with dagster_instance() as instance:
        yield Pipeline(build_definitions(schedule=Schedule()), instance, inbox, cloudzero)


def take_in_may(both: Pipeline, folder: Path) -> None:
    """A bill of May: 100 of usage in Shop and 20 in Labs; AWS booked all credits to Shop."""
    rows = [
        charge(EffectiveCost="100", BilledCost="100"),
        charge(EffectiveCost="20", BilledCost="20", SubAccountId=LABS, SubAccountName="Labs"),
        credit("-35", SubAccountId=SHOP),
    ]
    put(folder / "bill/2026-05.csv", csv_text(rows))
    add(Source("bill", Provider.FOCUS, str(folder / "bill")))
    wing = Wing(both.defs, both.instance)
    wing.tick()
    assert wing.run("2026-05-01|bill").success


def may(storage: Path, **words: Any) -> Decimal:
    published = open_current(storage)
    assert published is not None
    asked = Scope.parse({"period": ["2026-05"], **words}, today=date(2026, 6, 10), tags=())
    return spend(published, asked).total


def due(both: Pipeline, cursor: Any = None) -> tuple[list[str], Any]:
    """The months that Dagster requests, and its cursor."""
    found = dg.evaluate_automation_conditions(
        defs=both.defs,
        instance=both.instance,
        asset_selection=dg.AssetSelection.assets(RECEIPTS),
        cursor=cursor,
    )
    return sorted(found.get_requested_partitions(dg.AssetKey(RECEIPTS))), found.cursor


def take_in_receipt(both: Pipeline) -> dg.ExecuteInProcessResult:
    job = both.defs.resolve_implicit_global_asset_job_def()
    return job.execute_in_process(
        partition_key=MAY.partition_key,
        instance=both.instance,
        asset_selection=[dg.AssetKey(RECEIPTS)],
        raise_on_error=False,
    )


def test_net_follows_each_receipt_and_each_withdrawal(
    both: Pipeline, storage: Path, tmp_path: Path
) -> None:
    take_in_may(both, tmp_path)
    nothing, cursor = due(both)
    assert nothing == []
    assert may(storage, cost=["net"]) == Decimal(85)  # the bill's own credits count
    both.upload(FILE, MAY)
    assert both.run(MAY).success
    asked, cursor = due(both, cursor)
    assert asked == [MAY.partition_key]
    result = take_in_receipt(both)
    assert result.success
    assert [check.passed for check in result.get_asset_check_evaluations()] == [True]
    asked, cursor = due(both, cursor)
    assert asked == []
    at_cloudzero = sum(map(Decimal, both.held(MAY).values()))
    out = may(storage, credits=["out"])
    assert may(storage, cost=["net"]) == out + at_cloudzero == Decimal(85)
    assert may(storage, cost=["net"], account=[SHOP]) == Decimal("69.75")
    assert may(storage, account=[SHOP]) == Decimal(65)  # amortised: as AWS booked it
    published = open_current(storage)
    assert published is not None
    asked_for = Scope.parse({"period": ["2026-05"]}, today=date(2026, 6, 10), tags=())
    steps = {step.name: step.amount for step in bridge(published, asked_for, View("net")).steps}
    assert steps["credits_of_the_bill"] == Decimal(35)
    assert steps["credits_handed_out"] == at_cloudzero
    # Withdrawn: CloudZero holds nothing any more, and the net view follows CloudZero.
    assert both.run(MAY, config={"credits": {"clear_month": True, "why": "a test"}}).success
    assert sum(map(Decimal, both.held(MAY).values())) == 0
    asked, cursor = due(both, cursor)
    assert asked == [MAY.partition_key]
    assert take_in_receipt(both).success
    assert may(storage, cost=["net"]) == out == Decimal(120)


def test_receipts_from_before_the_wing_was_in_use_are_asked_for(both: Pipeline) -> None:
    both.upload(FILE, MAY)
    assert both.run(MAY).success
    assert due(both)[0] == [MAY.partition_key]


def test_a_month_without_a_receipt_says_what_its_state_is(both: Pipeline) -> None:
    result = take_in_receipt(both)
    assert not result.success
    failure = next(event for event in result.all_events if event.is_step_failure)
    told = failure.step_failure_data.user_failure_data
    assert told is not None
    assert "nothing of it was ever verified at CloudZero" in (told.description or "")
