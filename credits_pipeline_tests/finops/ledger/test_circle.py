"""The whole circle: credit ledger, file, upload, verified drop, rows in the lake, net view."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from credits_pipeline.cli import app
from credits_pipeline.core.settings import Schedule
from credits_pipeline.credits.assets.build import build_definitions
from credits_pipeline.credits.assets.wings import bill_of_aws
from credits_pipeline.credits.delivery.billed_cost import landed, look_at_the_bill
from credits_pipeline.credits.delivery.connections import StorageConnection, StreamConnection
from credits_pipeline.credits.delivery.costs import costs_day
from credits_pipeline.credits.inbox.bucket import Inbox
from credits_pipeline.finops.publish.published import open_current
from credits_pipeline.finops.queries.scope import Scope
from credits_pipeline.finops.queries.spend import spend
from credits_pipeline.finops.sources import Provider, Source
from credits_pipeline.sandbox.cloudzero import CloudZeroStandIn
from credits_pipeline.sandbox.credit_ledger import CreditLedger
from credits_pipeline_tests.credits.assets.conftest import Pipeline
from credits_pipeline_tests.dagster_instance import dagster_instance
from credits_pipeline_tests.finops.assets.conftest import add
from credits_pipeline_tests.finops.assets.test_receipts import due, take_in_receipt
from credits_pipeline_tests.finops.bills import charge, credit, csv_text, put
from credits_pipeline_tests.finops.ledger.months import EC2, MAY, PAYER, RDS, A, B


@pytest.fixture
def both(
    inbox: Inbox, cloudzero: CloudZeroStandIn, billing: CreditLedger,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest,
) -> Iterator[Pipeline]:  # fmt: skip
    """Both wings on one instance, with AWS's credit ledger."""
    assert billing.families
    monkeypatch.setenv("FINOPS_STORAGE", str(tmp_path / "wing"))
    # The SDK signs requests to S3 with the same keys.
    for name, value in request.getfixturevalue("s3_server").environment.items():
        monkeypatch.setenv(name, value)
    with dagster_instance() as instance:
        yield Pipeline(build_definitions(schedule=Schedule()), instance, inbox, cloudzero)


def bill(folder: Path) -> None:
    """May: AWS booked 97.60 to A and 27.77 to B, as its credit ledger says."""
    mine: dict[str, Any] = {"BillingAccountId": PAYER, "Tags": ""}
    rows = [
        charge(EffectiveCost="300", BilledCost="300", SubAccountId=A, ServiceName=EC2, **mine),
        charge(EffectiveCost="100", BilledCost="100", SubAccountId=B, ServiceName=RDS, **mine),
        credit("-97.60", SubAccountId=A, ServiceName=EC2, **mine),
        credit("-27.77", SubAccountId=B, ServiceName=RDS, **mine),
    ]
    put(folder / "bill/2026-05.csv", csv_text(rows))
    add(Source("bill", Provider.FOCUS, str(folder / "bill")))


def told(*words: str) -> Any:
    done = CliRunner().invoke(app, [*words, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def may(folder: Path, **words: Any) -> Decimal:
    published = open_current(folder / "wing")
    assert published is not None
    asked = Scope.parse({"period": ["2026-05"], **words}, today=date(2026, 6, 10), tags=())
    return spend(published, asked).total


def proposed(both: Pipeline, folder: Path, booked: str) -> dict[str, Any]:
    """Proposed, reviewed, uploaded and run."""
    command = ("propose", "--month", "2026-05", "--rule", "proportional", "--booked", booked)
    looked = told(*command, "--to", str(folder / booked))["digest"]
    agreed = ("--upload", "--yes", "--who", "ann", "--digest", looked[:12], "--force")
    made: dict[str, Any] = told(*command, *agreed)
    # CloudZero's amount falls from everything to nothing, which a person must approve.
    changes = booked == "offset"
    result = both.run(MAY, config={"credits": {"accept_change": True}} if changes else None)
    assert result.success
    checks = {found.check_name: found for found in result.get_asset_check_evaluations()}
    assert checks["agrees_with_ledger_and_bill"].passed
    return made


def test_from_the_ledger_to_net(both: Pipeline, tmp_path: Path) -> None:
    bill(tmp_path)
    assert told("ingest")["failed"] == []
    months = told("ledger", "--month", "2026-05")["months"]
    assert [one["total"] for one in months] == ["125.37"]
    cursor = None
    for booked in ("ignore", "offset"):
        made = proposed(both, tmp_path, booked)
        # Three parts of each credit to A and one to B.
        assert [row["credit"] for row in made["rows"]] == ["94.03", "31.34"]
        receipt = both.journal.receipt(MAY)
        assert receipt is not None
        assert receipt.verdict == "verified"
        assert receipt.proposal == {
            "rule": "proportional",
            "booked": booked,
            "digest": made["digest"],
            "inputs": ", ".join(f"{what} {at}" for what, at in made["inputs"].items()),
        }
        beside = receipt.reconciliation
        assert (beside["ledger_usd"], beside["bill_usd"]) == ("125.37", "125.37")
        assert beside["holds"]
        assert {one["cause"] for one in beside["differences"]} == {"redistribution on purpose"}
        decided = [one["who"] for one in receipt.decided if "signs" in one["decided"]]
        assert decided == (["ann"] if booked == "offset" else [])
        held = both.held(MAY)
        if booked == "offset":
            assert held == {A: "3.57", B: "-3.57"}
        asked, cursor = due(both, cursor)
        assert asked == [MAY.partition_key]
        assert take_in_receipt(both).success
        at_cloudzero = -sum(map(Decimal, held.values()))
        assert at_cloudzero == (Decimal("125.37") if booked == "ignore" else 0)
        assert may(tmp_path, cost=["net"]) == may(tmp_path, credits=["out"]) - at_cloudzero
    # AWS's own credits come from the bill that is here: CloudZero is not asked for them.
    drop = landed(MAY, both.journal, StreamConnection().address())
    assert drop is not None
    calls = both.cloudzero.costs_calls_today
    look = partial(look_at_the_bill, storage=StorageConnection(), cloudzero=StreamConnection())
    (seen,) = look([drop], day=costs_day(StorageConnection()), bill_of=bill_of_aws)
    assert seen.statement.passed
    assert "takes back what AWS gave" in seen.statement.message
    assert {one["account"]: one["found_usd"] for one in seen.accounts} == {A: "97.60", B: "27.77"}
    assert both.cloudzero.costs_calls_today == calls


def test_a_proposal_is_written_shown_and_refused(
    billing: CreditLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINOPS_STORAGE", str(tmp_path / "wing"))
    runner = CliRunner()
    command = ["propose", "--month", "2026-05", "--rule", "as_ledger", "--booked", "ignore"]
    early = runner.invoke(app, command)
    assert early.exit_code == 1
    assert "has not been read yet" in early.output
    bare = runner.invoke(app, command[:5])
    assert (bare.exit_code, "--booked" in bare.output) == (2, True)
    assert told("ledger")["failed"] == []
    written = runner.invoke(app, [*command, "--to", str(tmp_path)])
    assert written.exit_code == 0, written.output
    text = (tmp_path / "credits-2026-05.csv").read_text()
    assert text == f"account_id,credit_amount\n{A},97.60\n{B},27.77\n"
    again = runner.invoke(app, [*command, "--to", str(tmp_path)])
    assert (again.exit_code, "Overwrite with --force" in again.output) == (1, True)
    june = [word.replace("2026-05", "2026-06") for word in command]
    assert "is an estimate" in runner.invoke(app, june).output
    assert runner.invoke(app, [*june, "--estimate", "--to", str(tmp_path)]).exit_code == 0
    old = CliRunner().invoke(app, [*command, "--upload", "--yes", "--digest", "01234567"])
    assert (old.exit_code, "Nothing was uploaded" in old.output) == (1, True)
    billing.failing = frozenset({"2026-05"})
    lost = runner.invoke(app, ["ledger", "--month", "2026-05"])
    assert (lost.exit_code, "is not known: AWS could not read 2026-05" in lost.output) == (1, True)
