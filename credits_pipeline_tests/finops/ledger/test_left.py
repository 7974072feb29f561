"""Credits left on the table: usage with MAP's tag and without, and what a tag would have earned."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from credits_pipeline.finops.lake import open_lake
from credits_pipeline.finops.ledger.credit import Credit
from credits_pipeline.finops.ledger.left import left_on_the_table
from credits_pipeline.finops.ledger.usage import usage_of
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

USED = usage((A, EC2, "80", True), (A, EC2, "20"), (A, RDS, "500"), (B, EC2, "60"))


def of_map(*services: str) -> Credit:
    return replace(credit("7", *services), name="AWS Migration Acceleration Program Credits")


def test_what_a_tag_would_have_earned_follows_from_what_it_earned() -> None:
    """20 were given for 80 that are tagged: a quarter."""
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
    rows = [
        charge(SubAccountId=A, EffectiveCost="1.25", Tags='{"map-migrated": "mig5T578"}', **mine),
        charge(SubAccountId=A, EffectiveCost="2", Tags='{"Map-Migrated": "x"}', **mine),
        charge(SubAccountId=A, EffectiveCost="4", Tags='{"map-migrated": ""}', **mine),
        charge(SubAccountId=A, EffectiveCost="8", Tags='{"team": "map-migrated"}', **mine),
        credit_row("-0.5", SubAccountId=B, Tags="", **mine),
    ]
    source = folder_source(tmp_path / "bill", rows)
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
