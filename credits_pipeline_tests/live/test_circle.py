"""The whole circle on a running product: ledger, file, upload, verified drop, rows, Net."""

import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from credits_pipeline.finops.publish.published import open_current
from credits_pipeline.sandbox.credit_ledger import CreditLedger
from credits_pipeline_tests.finops.ledger.months import MAY, PAYER, A, B
from credits_pipeline_tests.finops.ledger.test_circle import bill, may, told
from credits_pipeline_tests.live.world import Live, running

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]


@pytest.fixture
def live(billing: CreditLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    """Both wings with their daemon; this process has the same environment."""
    assert billing.families

    def as_here(world: Live) -> None:
        for name, value in world.servers.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("CREDITS_STORAGE", str(tmp_path / "credits"))
        monkeypatch.setenv("FINOPS_STORAGE", str(tmp_path / "wing"))

    with running(
        tmp_path,
        before_start=as_here,
        FINOPS_STORAGE=str(tmp_path / "wing"),
        FINOPS_LEDGER=PAYER,
        AWS_ENDPOINT_URL_BILLING=os.environ["AWS_ENDPOINT_URL_BILLING"],
    ) as world:
        yield world


def test_from_the_ledger_to_net_by_sensors_alone(live: Live, tmp_path: Path) -> None:
    bill(tmp_path)
    assert told("ingest")["failed"] == []
    assert [one["total"] for one in told("ledger", "--month", "2026-05")["months"]] == ["125.37"]
    command = ("propose", "--month", "2026-05", "--rule", "proportional", "--booked", "ignore")
    digest = told(*command, "--to", str(tmp_path / "looked at"))["digest"]
    told(*command, "--upload", "--yes", "--who", "ann", "--digest", digest[:12])

    receipt = live.receipt(MAY, "125.37")
    assert receipt.verdict == "verified"
    assert receipt.proposal["rule"] == "proportional"
    assert receipt.reconciliation["holds"]
    held = live.held(MAY)
    assert held == {A: "-94.03", B: "-31.34"}

    def taken_in() -> bool:
        published = open_current(tmp_path / "wing")
        return published is not None and may(tmp_path, cost=["net"]) != may(
            tmp_path, credits=["out"]
        )

    live.wait_for("the receipt in what is published", taken_in)
    at_cloudzero = -sum(map(Decimal, held.values()))
    assert may(tmp_path, cost=["net"]) == may(tmp_path, credits=["out"]) - at_cloudzero
