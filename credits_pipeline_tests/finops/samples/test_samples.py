import hashlib
import json
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from credits_pipeline.finops.samples import Written, generate, in_order
from credits_pipeline.finops.samples.organisation import ACCOUNTS
from credits_pipeline_tests.finops.samples.conftest import AS_OF
from credits_pipeline_tests.finops.samples.files import amount, files, rows, tags

SOURCES = ("aws", "aws-labs", "azure", "gcp")
MONTHS = ("2025-12", "2026-01", "2026-02", "2026-03", "2026-04", "2026-05")
COSTS = {
    "billed": "BilledCost",
    "effective": "EffectiveCost",
    "list": "ListCost",
    "contracted": "ContractedCost",
}


@pytest.fixture(scope="session")
def every(bills: Written) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Every row of the files that count, by source and month."""
    return {
        (source, month): list(rows(files(bills, source, month)))
        for source in SOURCES
        for month in MONTHS
    }


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "sources.json"
    }


def test_the_totals_are_what_the_files_that_the_manifests_name_add_up_to(
    bills: Written, every: dict[tuple[str, str], list[dict[str, Any]]]
) -> None:
    told = json.loads((bills.folder / "totals.json").read_text())["months"]
    assert [(one["source"], one["month"]) for one in told] == list(every)
    for one in told:
        found = every[one["source"], one["month"]]
        assert one["rows"] == len(found)
        for name, column in COSTS.items():
            total = sum((amount(row[column]) for row in found), Decimal(0))
            assert Decimal(one[name]) == total, (one["source"], one["month"], name)


def test_the_same_day_and_seed_give_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in {"first": 1, "again": 1, "other": 2}.items():
        generate(tmp_path / name, as_of=date(2026, 2, 3), seed=seed, months=2)
    assert digests(tmp_path / "first") == digests(tmp_path / "again")
    assert digests(tmp_path / "first") != digests(tmp_path / "other")


def test_a_later_day_of_the_month_changes_no_day_that_was_complete(
    bills: Written, tmp_path: Path
) -> None:
    later = generate(tmp_path / "later", as_of=AS_OF + timedelta(days=3), months=2)
    yesterday = f"{AS_OF - timedelta(days=1)}T"
    for source in ("aws", "azure"):
        before, after = (
            [
                row
                for row in rows(files(written, source, "2026-05"))
                if row["ChargePeriodStart"] < yesterday and row["ChargeCategory"] != "Tax"
            ]
            for written in (bills, later)
        )
        assert before
        assert before == after
        assert files(bills, source, "2026-04")
        assert list(rows(files(bills, source, "2026-04"))) == list(
            rows(files(later, source, "2026-04"))
        )


def test_reading_every_file_of_a_month_instead_of_the_manifest_s_counts_it_several_times(
    bills: Written, every: dict[tuple[str, str], list[dict[str, Any]]]
) -> None:
    labs = [*(bills.folder / "aws-labs").glob("*/data/BILLING_PERIOD=2026-05/**/*.parquet")]
    assert len(labs) == 3
    assert len(list(rows(labs))) > 2 * len(every["aws-labs", "2026-05"])
    late = [*(bills.folder / "azure").glob("exports/*/20260201-*/*/*/manifest.json")]
    assert len(late) == 2
    total = next(one for one in bills.totals if (one.source, one.month) == ("azure", "2026-02"))
    (superseded,) = total.superseded
    assert superseded["billed"] > total.billed
    assert superseded["delivered_at"] < total.delivered_at
    assert any(row["ChargeClass"] == "Correction" for row in every["azure", "2026-02"])


def test_manifests_come_last_so_that_what_they_name_is_there(bills: Written) -> None:
    ordered = [path.name.lower().endswith("manifest.json") for path in in_order(bills.folder)]
    assert ordered == sorted(ordered)
    assert any(ordered)


def test_what_focus_says_about_costs_is_true_of_every_row(
    every: dict[tuple[str, str], list[dict[str, Any]]],
) -> None:
    for found in every.values():
        for row in found:
            costs = {name: amount(row[column]) for name, column in COSTS.items()}
            if row["ChargeCategory"] == "Credit":
                assert len(set(costs.values())) == 1
                assert costs["billed"] < 0
            if row["CommitmentDiscountStatus"]:
                assert costs["billed"] == 0 < costs["effective"]
            if row["CommitmentDiscountId"] and row["ChargeCategory"] == "Purchase":
                assert costs["effective"] == 0 < costs["billed"]


def test_a_commitment_s_purchases_are_spread_over_its_use_and_what_nobody_used(
    every: dict[tuple[str, str], list[dict[str, Any]]],
) -> None:
    bought: dict[str, Decimal] = defaultdict(Decimal)
    spread: dict[str, Decimal] = defaultdict(Decimal)
    unused: dict[str, Decimal] = defaultdict(Decimal)
    for row in every["aws", "2026-04"]:
        if row["CommitmentDiscountType"] == "Savings Plan":
            day = row["ChargePeriodStart"]
            bought[day] += amount(row["BilledCost"])
            spread[day] += amount(row["EffectiveCost"])
            if row["CommitmentDiscountStatus"] == "Unused":
                unused[day] += amount(row["EffectiveCost"])
    assert len(bought) == 30
    assert bought == spread
    # The machines that the plan was bought for stopped two months ago.
    assert all(unused.values())


def test_a_credit_is_spent_and_never_beyond_what_was_granted(
    bills: Written, every: dict[tuple[str, str], list[dict[str, Any]]]
) -> None:
    told = json.loads((bills.folder / "planted.json").read_text())["credits"]
    for credit in told:
        spent = -sum(
            amount(row["BilledCost"])
            for month in MONTHS
            for row in every[credit["source"], month]
            if row["ChargeDescription"] == credit["description"]
        )
        assert Decimal(credit["spent"]) == spent
        assert 0 < spent <= Decimal(credit["granted"])
        assert f"credit from account: {credit['owner']}" in credit["description"]


def test_the_spike_is_fourteen_times_the_usual_for_four_days(
    every: dict[tuple[str, str], list[dict[str, Any]]],
) -> None:
    by_day: dict[int, Decimal] = defaultdict(Decimal)
    for row in every["aws", "2026-04"]:
        if (row["SubAccountName"], row["x_Operation"]) == ("platform-prod", "NatGateway-Bytes"):
            by_day[int(row["ChargePeriodStart"][8:10])] += amount(row["BilledCost"])
    usual = sorted(by_day.values())[15]
    assert [day for day, cost in sorted(by_day.items()) if cost > 8 * usual] == [17, 18, 19, 20]
    assert all(Decimal(12) < by_day[day] / usual < Decimal(17) for day in (17, 18, 19, 20))


def test_every_idle_machine_is_on_the_bill_on_each_day_since_it_was_left(
    bills: Written, every: dict[tuple[str, str], list[dict[str, Any]]]
) -> None:
    idle = json.loads((bills.folder / "planted.json").read_text())["idle"]
    assert len({one["resource"] for one in idle}) == len(idle)
    for one in idle:
        days = [
            row for row in every[one["source"], "2026-04"] if row["ResourceId"] == one["resource"]
        ]
        assert len(days) == 30, one["name"]
        assert {row["SubAccountId"] for row in days} == {one["account"]}


def test_the_bills_have_what_makes_bills_hard(
    every: dict[tuple[str, str], list[dict[str, Any]]],
) -> None:
    april = [row for source in SOURCES for row in every[source, "2026-04"]]
    keys = {key for row in april for key in tags(row["Tags"])}
    assert {"team", "Team", " org", "product", "environment"} <= keys
    untagged = sum(amount(row["BilledCost"]) for row in april if not tags(row["Tags"]))
    assert untagged > 0
    names = {row["SubAccountName"] for row in april}
    assert {account.name for account in ACCOUNTS} <= names
    assert any(row["ChargeCategory"] == "Tax" for row in april)
    assert any("monthly fee" in row["ChargeDescription"] for row in april)
    assert [
        row["BilledCost"]
        for row in every["aws", "2026-01"]
        if row["ChargeCategory"] == "Adjustment"
    ] == ["-412.5"]
    assert all(row["InvoiceId"] for row in april)
    assert not any(row["InvoiceId"] for row in every["aws", "2026-05"])


@pytest.mark.parametrize("as_of", [date(2026, 3, 1), date(2026, 3, 2), date(2024, 2, 29)])
def test_the_first_and_the_last_days_of_a_month_are_days_too(tmp_path: Path, as_of: date) -> None:
    written = generate(tmp_path, as_of=as_of, months=2)
    newest = max(
        str(row["ChargePeriodStart"])[:10]
        for total in written.totals[-1:]
        for row in rows(files(written, total.source, total.month))
        if row["ChargeCategory"] == "Usage"
    )
    assert newest == str(as_of - timedelta(days=1))
    assert all(total.delivered_at.date() <= as_of for total in written.totals)


def test_a_bill_of_twice_the_size_has_twice_the_resources_and_about_twice_the_cost(
    tmp_path: Path,
) -> None:
    one, two = (
        generate(tmp_path / str(size), as_of=date(2026, 2, 10), months=1, size=size)
        for size in (1, 2)
    )
    rows_of, billed_of = (
        [sum(getattr(total, name) for total in written.totals) for written in (one, two)]
        for name in ("rows", "billed")
    )
    assert 1.9 < rows_of[1] / rows_of[0] < 2
    assert 1.8 < billed_of[1] / billed_of[0] < 2.1
