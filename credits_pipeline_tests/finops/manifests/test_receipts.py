"""The first wing's receipts as a source of credits, from an earlier release's storage."""

import zipfile
from decimal import Decimal
from pathlib import Path

import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.lake import Lake, open_lake
from credits_pipeline.finops.manifests import DeliveryError, Receipts, current, marks, months
from credits_pipeline_tests.finops.bills import rows_of, take_in

SAMPLE = Path(__file__).parents[2] / "core/storage/samples/0.1.0.zip"
JUNE = BillingMonth(2025, 6)


@pytest.fixture
def receipts(tmp_path: Path) -> Receipts:
    with zipfile.ZipFile(SAMPLE) as kept:
        kept.extractall(tmp_path / "storage")
    return Receipts(str(tmp_path / "storage"))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(str(tmp_path / "lake"))


def test_a_receipt_s_rows_become_credits_that_add_up_to_it(receipts: Receipts, lake: Lake) -> None:
    import json

    known = json.loads((Path(receipts.location) / "receipts/2025-06.json").read_text())
    done = take_in(receipts, lake, month=JUNE)
    assert (done.outcome, [check.name for check in done.checks if not check.passed]) == (
        "published", [],
    )  # fmt: skip
    rows = rows_of(lake, done.version)
    assert -sum(row["BilledCost"] for row in rows) == Decimal(known["total_credit_usd"])
    assert len(rows) == known["row_count"]
    assert {row["ChargeCategory"] for row in rows} == {"Credit"}
    assert {row["source"] for row in rows} == {"credits-receipts"}
    assert all(len(row["SubAccountId"]) == 12 for row in rows)


def test_each_month_with_a_receipt_is_a_month(receipts: Receipts) -> None:
    assert [str(month) for month in months(receipts)] == [
        path.stem for path in sorted((Path(receipts.location) / "receipts").iterdir())
    ]
    assert current(receipts, BillingMonth(2020, 1)) is None
    before = marks(receipts)
    path = Path(receipts.location) / "receipts/2025-06.json"
    path.write_text(path.read_text() + " ")
    assert marks(receipts)[JUNE] != before[JUNE]


def test_a_receipt_whose_rows_are_gone_says_so(receipts: Receipts) -> None:
    root = Path(receipts.location)
    for path in root.glob("cloudzero_drop/2025-06/*/sent.parquet"):
        path.unlink()
    (root / "current/cloudzero_drop/2025-06.json").unlink()
    with pytest.raises(DeliveryError, match="materialise the month's credits again"):
        current(receipts, JUNE)
