"""Statements on a real Dagster instance: made, checked, closed, and sent to those who owe them."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import Schedule
from credits_pipeline.credits.assets.build import build_definitions
from credits_pipeline.finops.assets.chargeback import CHECK, JOB, SENSOR, STATEMENTS
from credits_pipeline.finops.assets.resource import BillsResource
from credits_pipeline.finops.chargeback.closing import close_month, open_closings
from credits_pipeline.finops.chargeback.opening import open_office
from credits_pipeline.finops.decisions.opening import open_decisions
from credits_pipeline_tests.alerts.conftest import Mailbox, mailbox
from credits_pipeline_tests.dagster_instance import dagster_instance
from credits_pipeline_tests.finops.chargeback.conftest import (
    MAY,
    TEAMS,
    bills,
    filled_bills,
    may,
    opened,
)
from credits_pipeline_tests.finops.conftest import ANN
from credits_pipeline_tests.finops.typed import Bills

__all__ = ["bills", "filled_bills", "mailbox"]
MONTHS = ["2026-05-01", "2026-06-01", "2026-07-01"]


@pytest.fixture
def wing(bills: Bills, monkeypatch: pytest.MonkeyPatch) -> Iterator["Wing"]:
    monkeypatch.setenv("FINOPS_STORAGE", str(bills.storage))
    monkeypatch.setenv("CREDITS_STORAGE", str(bills.storage.parent / "credits"))
    with open_decisions() as decisions:
        decisions.put("allocation_model", "teams", TEAMS, by=ANN, expected=None)
    with dagster_instance() as instance:
        yield Wing(instance, bills)


class Wing:
    """The second wing on an instance, as the daemon uses it."""

    def __init__(self, instance: dg.DagsterInstance, bills: Bills) -> None:
        self.defs = build_definitions(schedule=Schedule())
        self.instance, self.bills = instance, bills

    def run(
        self, month: BillingMonth, config: dict[str, Any] | None = None
    ) -> dg.ExecuteInProcessResult:
        return self.defs.resolve_job_def(JOB).execute_in_process(
            run_config=config,
            partition_key=month.partition_key,
            instance=self.instance,
            raise_on_error=False,
        )

    def asked(self) -> dict[str, dg.RunRequest]:
        with dg.build_sensor_context(
            instance=self.instance, definitions=self.defs, resources={"bills": BillsResource()}
        ) as context:
            tick = self.defs.resolve_sensor_def(SENSOR).evaluate_tick(context)
        return {str(one.partition_key): one for one in tick.run_requests or ()}

    def close(self, month: BillingMonth) -> None:
        office = open_office(opened(self.bills))
        with open_closings() as store:
            close_month(
                office.books, office.kept, store, month, office.model("teams"),
                by=ANN, today=month.shift(2).start.date(),
            )  # fmt: skip


def owner(id_: str, *addresses: str) -> None:
    with open_decisions() as decisions:
        before = decisions.item("statement_owner", id_)
        decisions.put(
            "statement_owner", id_, {"addresses": list(addresses)}, by=ANN,
            expected=None if before is None else before.version,
        )  # fmt: skip


def test_a_month_is_stated_checked_and_not_asked_for_again_until_something_changes(
    wing: Wing,
) -> None:
    assert sorted(wing.asked()) == MONTHS
    result = wing.run(MAY)
    assert result.success
    (check,) = result.get_asset_check_evaluations()
    assert (check.check_name, check.passed, check.blocking) == (CHECK, True, True)
    assert "teams, USD: 62.02 is the spend" in str(check.description)
    assert sorted(wing.asked()) == MONTHS[1:]
    wing.bills.put("aws", "2026-05", may("31"), version="v2")
    wing.bills.publish()
    # Later months may have to carry the change of an earlier one.
    assert sorted(wing.asked()) == MONTHS


def test_a_statement_that_does_not_add_up_stops_what_comes_after(
    wing: Wing, monkeypatch: pytest.MonkeyPatch
) -> None:
    from credits_pipeline.finops.chargeback import stating

    def lose_a_cent(*told: Any) -> Any:
        from dataclasses import replace

        found = whole(*told)
        first, *rest = found.lines
        return replace(found, lines=(replace(first, cents=first.cents - 1), *rest))

    whole = stating.allocate
    monkeypatch.setattr(stating, "allocate", lose_a_cent)
    result = wing.run(MAY)
    (check,) = result.get_asset_check_evaluations()
    assert not check.passed
    assert "is NOT the spend" in str(check.description)
    assert not result.success
    assert "statements" not in {
        event.asset_key.to_user_string()
        for event in result.get_asset_materialization_events()
        if event.asset_key
    }


def test_statements_of_a_closed_month_go_to_their_owners_once(
    wing: Wing, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDITS_ALERT_SMTP", f"smtp://127.0.0.1:{mailbox.port}?from=me@example.com")
    owner("team:search", "ann@example.com", "ben@example.com")
    owner("team:shop", "cat@example.com")
    mailbox.refuse = {"ben@example.com"}
    assert wing.run(MAY).success
    assert mailbox.taken == []  # it is open

    wing.close(MAY)
    assert "2026-05-01" in wing.asked()
    mailbox.answer = "451 later"
    assert not wing.run(MAY).success
    asked = wing.asked()["2026-05-01"]
    assert asked.tags["finops/because"] == "letters were not sent"

    mailbox.answer = "250 OK"
    assert not wing.run(MAY).success  # one address is refused
    subjects = [
        "[cloud costs] 2026-05: search owes $25.73",
        "[cloud costs] 2026-05: shop owes EUR 11.00, $36.18",
    ]
    assert mailbox.subjects == subjects
    files = [part.get_filename() for part in mailbox.taken[0].iter_attachments()]
    assert files == ["chargeback-2026-05-teams-search.pdf", "chargeback-2026-05-teams-search.csv"]
    assert "2026-05-01" not in wing.asked()
    assert wing.run(MAY).success
    assert mailbox.subjects == subjects
    archives = list(wing.bills.storage.glob("chargeback/archives/2026-05/*.zip"))
    assert len(archives) == 1


def test_the_documents_of_an_open_month_are_made_where_the_run_asks_for_them(wing: Wing) -> None:
    def archives() -> int:
        return len(list(wing.bills.storage.glob("chargeback/archives/2026-05/open/teams/*.zip")))

    assert wing.run(MAY).success
    assert archives() == 0
    config = {"ops": {STATEMENTS: {"config": {"models": ["teams"]}}}}
    assert wing.run(MAY, config).success
    assert archives() == 1
