"""The credit ledger as assets: daily requests, months whole or not known, balances, three sides."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from credits_pipeline.core.settings import Schedule
from credits_pipeline.credits.assets.build import build_definitions
from credits_pipeline.finops.assets.resource import BillsResource
from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.ledger.book import LedgerBook
from credits_pipeline.sandbox.credit_ledger import CreditLedger
from credits_pipeline_tests.dagster_instance import dagster_instance
from credits_pipeline_tests.finops.assets.conftest import Wing
from credits_pipeline_tests.finops.ledger.months import MAY, PAYER, A

KEY = f"2026-05-01|{PAYER}"


@pytest.fixture
def wing_with(billing: CreditLedger, storage: Path) -> Iterator[Wing]:
    billing.now = None
    with dagster_instance() as instance:
        instance.add_dynamic_partitions("finops_payers", [PAYER])
        yield Wing(build_definitions(schedule=Schedule()), instance)


def run(wing: Wing, job: str, key: str) -> dg.ExecuteInProcessResult:
    return wing.defs.resolve_job_def(job).execute_in_process(
        partition_key=key, instance=wing.instance, raise_on_error=False
    )


def look(wing: Wing, cursor: str | None = None) -> Any:
    with dg.build_sensor_context(
        instance=wing.instance,
        cursor=cursor,
        definitions=wing.defs,
        resources={"bills": BillsResource()},
    ) as context:
        return wing.defs.resolve_sensor_def("credit_ledger_daily").evaluate_tick(context)


def test_a_month_is_kept_whole_or_not_at_all(
    wing_with: Wing,
    billing: CreditLedger,
    storage: Path,
) -> None:
    book = LedgerBook(Depot(str(storage)))
    billing.failing = frozenset({"2026-05"})
    lost = run(wing_with, "credit_ledger_month", KEY)
    assert not lost.success
    found = book.month(PAYER, MAY)
    assert found is not None
    assert (found.complete, found.total) == (False, None)
    first = look(wing_with)
    assert look(wing_with, first.cursor).run_requests == []  # for a quarter of an hour
    aged(storage, minutes=16)
    (request,) = look(wing_with, first.cursor).run_requests  # only this one is requested again
    assert request.partition_key == KEY
    billing.failing = frozenset()
    result = run(wing_with, "credit_ledger_month", KEY)
    assert result.success
    (made,) = result.asset_materializations_for_node("credit_allocations")
    assert made.metadata["credit_usd_exact"].value == "125.37"
    assert made.metadata["state"].value == "final"
    assert A in str(made.metadata["accounts"].value)
    aged(storage, minutes=60)
    assert look(wing_with, first.cursor).run_requests == []


def aged(storage: Path, minutes: int) -> None:
    """Let time pass for everything open."""
    depot = Depot(str(storage))
    for key in depot.keys("credit_ledger_unanswered/"):
        told = depot.read(key)
        assert told is not None
        at = datetime.fromisoformat(told["at"]) - timedelta(minutes=minutes)
        depot.write(key, {**told, "at": at.isoformat()})


def test_a_payer_that_can_t_be_asked_is_asked_again_less_and_less_often(
    wing_with: Wing, billing: CreditLedger, storage: Path
) -> None:
    billing.denied = frozenset({PAYER})
    first = look(wing_with)
    waited = []
    for minutes in (15, 60, 240, 720, 720):
        assert not run(wing_with, "credit_ledger_balances", PAYER).success
        aged(storage, minutes - 1)
        assert look(wing_with, first.cursor).run_requests == []
        aged(storage, 1)
        (request,) = look(wing_with, first.cursor).run_requests
        assert (request.job_name, request.partition_key) == ("credit_ledger_balances", PAYER)
        waited.append(request.run_key)
    assert len(set(waited)) == len(waited)
    billing.denied = frozenset()
    assert run(wing_with, "credit_ledger_balances", PAYER).success
    aged(storage, 1000)
    assert look(wing_with, first.cursor).run_requests == []


def test_balances_say_when_each_credit_ends(wing_with: Wing) -> None:
    result = run(wing_with, "credit_ledger_balances", PAYER)
    assert result.success
    (made,) = result.asset_materializations_for_node("credit_balances")
    table = str(made.metadata["credits"].value)
    assert "Migration credits" in table
    assert "7001" in table


def test_a_daily_read_asks_once_for_what_may_have_changed(wing_with: Wing) -> None:
    first = look(wing_with)
    jobs = [request.job_name for request in first.run_requests]
    assert jobs.count("credit_ledger_balances") == 1
    assert jobs.count("credit_ledger_month") == 24
    again = look(wing_with, first.cursor)
    assert again.run_requests == []
    assert "AWS was asked today" in again.skip_message


def test_without_a_payer_nobody_is_asked(wing_with: Wing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINOPS_LEDGER", "")
    assert "names no account" in look(wing_with).skip_message


def test_three_sides_of_which_none_has_been_read_are_not_clean(wing_with: Wing) -> None:
    result = wing_with.defs.resolve_implicit_global_asset_job_def().execute_in_process(
        partition_key=MAY.partition_key,
        instance=wing_with.instance,
        asset_selection=[dg.AssetKey("credit_reconciliation")],
    )
    (check,) = result.get_asset_check_evaluations()
    assert not check.passed
    assert check.severity is dg.AssetCheckSeverity.WARN
    assert "nothing to compare it with" in (check.description or "")
