"""Unused credits: usage with MAP's tag and without, and what a tag would have earned."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import ROUND_DOWN, Decimal
from pathlib import Path

import pytest

from credits_pipeline.core import aws
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.lake import open_lake
from credits_pipeline.finops.ledger.asking import Ledger
from credits_pipeline.finops.ledger.credit import Credit
from credits_pipeline.finops.ledger.left import left_on_the_table
from credits_pipeline.finops.ledger.usage import usage_of
from credits_pipeline.finops.samples import generate
from credits_pipeline.finops.settings import Payer
from credits_pipeline.finops.sources import Provider, Source
from credits_pipeline.sandbox.credit_ledger import CreditLedger, serving
from credits_pipeline.sandbox.sample_ledger import PAYER as SAMPLE_PAYER
from credits_pipeline.sandbox.sample_ledger import fill
from credits_pipeline_tests.finops.bills import charge, folder_source, take_in
from credits_pipeline_tests.finops.bills import credit as credit_row
from credits_pipeline_tests.finops.ledger.months import (
    EC2,
    MAY,
    PAYER,
    RDS,
    A,
    B,
    by_id,
    credit,
    ledger,
    usage,
)
from credits_pipeline_tests.finops.samples.files import amount, files, rows, tags

USED = usage((A, EC2, "80", True), (A, EC2, "20"), (A, RDS, "500"), (B, EC2, "60"))


def of_map(*services: str) -> Credit:
    return replace(credit("7", *services), name="AWS Migration Acceleration Program Credits")


def test_what_a_tag_would_have_earned_follows_from_what_it_earned() -> None:
    """20 were given for 80 tagged: a quarter."""
    found = left_on_the_table(
        USED, by_id(of_map("AmazonEC2"), credit("8")), [ledger(("7", A, "20"), ("8", B, "9"))]
    )
    assert (found.rate, found.untagged, found.earned) == (
        Decimal("0.25"), Decimal(80), Decimal("20.00"),
    )  # fmt: skip
    assert [(line.account, line.tagged, line.untagged, line.earned) for line in found.lines] == [
        (B, Decimal(0), Decimal(60), Decimal("15.00")),
        (A, Decimal(80), Decimal(20), Decimal("5.00")),
    ]


def test_without_a_credit_of_the_programme_the_rate_is_not_known() -> None:
    found = left_on_the_table(USED, by_id(credit("8")), [ledger(("8", A, "20"))])
    assert (found.rate, found.earned, found.untagged) == (None, None, Decimal(580))


def test_usage_is_read_from_the_lake_with_each_spelling_of_the_tag(tmp_path: Path) -> None:
    lake = open_lake(str(tmp_path / "lake"))
    mine = {"BillingAccountId": PAYER, "ServiceName": EC2, "SubAccountName": "Shop"}
    charges = [
        charge(SubAccountId=A, EffectiveCost="1.25", Tags='{"map-migrated": "mig5T578"}', **mine),
        charge(SubAccountId=A, EffectiveCost="2", Tags='{"Map-Migrated": "x"}', **mine),
        charge(SubAccountId=A, EffectiveCost="4", Tags='{"map-migrated": ""}', **mine),
        charge(SubAccountId=A, EffectiveCost="8", Tags='{"team": "map-migrated"}', **mine),
        credit_row("-0.5", SubAccountId=B, Tags="", **mine),
    ]
    source = folder_source(tmp_path / "bill", charges)
    take_in(source, lake)
    found = usage_of(lake, MAY)
    assert [(one.account, one.tagged, one.cost, one.booked) for one in found.rows] == [
        (A, False, Decimal(12), Decimal(0)),
        (A, True, Decimal("3.25"), Decimal(0)),
        (B, False, Decimal(0), Decimal("0.5")),
    ]
    assert found.booked(PAYER) == {B: Decimal("0.5")}
    assert [name for name, _ in found.versions] == ["folder"]
    assert found.names == {A: "Shop", B: "Shop"}


def test_the_sample_bills_leave_on_the_table_what_their_lines_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the cent, against a sum over the delivered lines that shares nothing with the product."""
    written = generate(tmp_path / "bills", as_of=date(2026, 5, 20), months=2)
    lines = list(rows(files(written, "aws", "2026-04")))
    good_for = {
        "Amazon Elastic Compute Cloud", "Amazon Relational Database Service", "Amazon Redshift",
    }  # fmt: skip
    used: dict[str, list[Decimal]] = {}
    gave = Decimal(0)
    booked = []
    for line in lines:
        if line["ChargeCategory"] == "Usage" and line["ServiceName"] in good_for:
            sums = used.setdefault(line["SubAccountId"], [Decimal(0), Decimal(0)])
            sums["map-migrated" not in tags(line["Tags"])] += amount(line["EffectiveCost"])
        if line["ChargeCategory"] == "Credit":
            booked.append(
                {"account": line["SubAccountId"], "service": line["ServiceName"],
                 "month": "2026-04", "cost": line["BilledCost"]}
            )  # fmt: skip
            if line["SubAccountId"] in ("301146728835", "158220914476"):
                gave -= amount(line["BilledCost"]).quantize(Decimal("0.01"))
    tagged = sum((sums[0] for sums in used.values()), Decimal(0))
    assert gave > 0
    assert 0 < tagged < sum((sum(sums) for sums in used.values()), Decimal(0))
    expected = {
        account: (sums[1] * gave / tagged).quantize(Decimal("0.01"), ROUND_DOWN)
        for account, sums in used.items()
    }

    lake = open_lake(str(tmp_path / "lake"))
    source = Source("aws", Provider.AWS, str(tmp_path / "bills/aws"), "focus-daily")
    take_in(source, lake, month=BillingMonth(2026, 4))
    served = CreditLedger({})
    fill(served, json.loads((written.folder / "planted.json").read_text()), booked)
    served.now = datetime(2026, 5, 20, tzinfo=UTC)
    with serving(served) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BILLING", address)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
        aws.forget_clients()
        asking = Ledger(Payer(SAMPLE_PAYER), now=lambda: datetime(2026, 5, 20, 12, tzinfo=UTC))
        april, balances = asking.month(BillingMonth(2026, 4)), asking.balances()
    aws.forget_clients()
    found = left_on_the_table(
        usage_of(lake, BillingMonth(2026, 4)), by_id(*balances.credits), [april]
    )
    assert found.rate == gave / tagged
    assert {line.account: line.earned for line in found.lines} == expected
    assert found.earned == sum(expected.values())
