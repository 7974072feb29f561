"""A small published version for every question, whose answers were worked out by hand."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from credits_pipeline.finops.publish.published import Published, open_current
from credits_pipeline_tests.finops.typed import Bills, row

COMMITMENT = {"CommitmentDiscountId": "sp-1", "tag_team": None}


def fill(bills: Bills) -> None:
    bills.put(
        "aws",
        "2026-05",
        [
            row("1.000000000000000001"),
            row("2.50", SubAccountId="222", SubAccountName="labs", tag_team=None),
            row("-0.70", ChargeCategory="Credit", ResourceId=None, charge_date="2026-05-31"),
            row("3", ChargeCategory="Tax", tag_team=None, charge_date="2026-05-31"),
            row("0", BilledCost="100", ChargeCategory="Purchase", **COMMITMENT),
            row("9", BilledCost="0", EffectiveCost="3", **COMMITMENT),
            row("0.25", ChargeCategory="Adjustment", charge_date="2026-05-20"),
            row("5", BilledCost="60", ChargeCategory="Purchase", ServiceName="Support"),
        ],
    )
    bills.put("aws", "2026-04", [row("10", charge_date="2026-04-03")])
    bills.put(
        "azure",
        "2026-05",
        [row("7.25", SubAccountId="sub", SubAccountName=None, charge_date="2026-05-07")],
        complete_through=date(2026, 5, 20),
    )
    bills.put(
        "azure",
        "2026-04",
        [
            row("6", SubAccountId="sub", SubAccountName="azure prod", charge_date="2026-04-10"),
            row("60", SubAccountId="sub", SubAccountName="azure prod", charge_date="2026-04-25"),
        ],
    )
    bills.put(
        "gcp",
        "2026-05",
        [row("11", BillingCurrency="EUR", SubAccountId="project", SubAccountName="project")],
    )
    bills.put(
        "credits-receipts",
        "2026-05",
        [row("-0.50", ChargeCategory="Credit", ServiceName="AWSCredits", tag_team=None)],
        provider="aws",
    )


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    bills = Bills(tmp_path_factory.mktemp("wing"))
    fill(bills)
    bills.publish()
    found = open_current(bills.storage)
    assert found is not None
    yield found
    found.close()


@pytest.fixture
def storage(published: Published) -> Path:
    return published.file.parents[1]
