"""What FOCUS promises about rows: what stops a month, what is only reported, and where it is."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from credits_pipeline.finops.ingest import CHECKS
from credits_pipeline.finops.invoices import StatedInvoice
from credits_pipeline.finops.lake import Lake, open_lake
from credits_pipeline_tests.finops.bills import (
    MAY,
    charge,
    credit,
    csv_text,
    failed,
    folder_source,
    packed,
    rows_of,
    take_in,
    write_azure,
)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(str(tmp_path / "lake"))


BROKEN: list[tuple[str, dict[str, Any], bool, str]] = [
    ("months_match_manifest", {"BillingPeriodStart": "2026-04-01"}, True, "1 of 2 rows are not of"),
    ("months_match_manifest", {"BillingPeriodStart": ""}, True, "1 of 2 rows"),
    ("values_in_closed_lists", {"ChargeCategory": "Refund"}, True, "'Refund' in 1 row"),
    ("values_in_closed_lists", {"ChargeCategory": ""}, True, "ChargeCategory says"),
    ("values_in_closed_lists", {"ServiceCategory": "Mainframes"}, False, "'Mainframes' in 1 row"),
    ("credits_cost_the_same", {**credit("-1", EffectiveCost="-2")}, True, "1 have another"),
    ("credits_cost_the_same", {**credit("-1", ListCost="0")}, True, "1 another list"),
    ("one_currency_an_account", {"BillingCurrency": "EUR"}, True, "111122223333 has EUR and USD"),
    ("one_currency_an_account", {"BillingCurrency": ""}, True, "1 row without one"),
    ("charges_lie_in_period", {"ChargePeriodStart": "2026-04-30"}, False, "1 of 2 charges"),
    ("charges_lie_in_period", {"ChargePeriodEnd": "2026-06-02"}, False, "1 of 2 charges"),
    ("cells_have_their_types", {"BilledCost": ""}, True, "an empty BilledCost in 1"),
    ("cells_have_their_types", {"ListCost": "NULL"}, False, "an empty ListCost in 1"),
    ("tags_are_readable", {"Tags": "team=shop"}, False, "1 of 2 rows have tags"),
    ("money_is_exact", {"BilledCost": "0.1234567890123456789"}, False, "1 of 2 rows"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "cells", "blocking", "said"), BROKEN)
def test_a_broken_promise_is_reported_with_its_row(
    tmp_path: Path, lake: Lake, check: str, cells: dict[str, Any], said: str, *, blocking: bool
) -> None:
    source = folder_source(tmp_path / "b", [charge(), {**charge(), **cells}])
    done = take_in(source, lake)
    assert list(failed(done)) == [check]
    found = failed(done)[check]
    assert said in found.says
    assert found.blocking == blocking
    assert (done.outcome == "refused") == blocking
    if check != "one_currency_an_account":
        assert any("2026-05.csv, row 2" in case for case in found.cases)
    if blocking:
        assert "What to do" in found.says
        accepted = take_in(source, lake, accept=(check,))
        assert accepted.outcome == "published"
        assert accepted.version is not None
        kept = {each["name"]: each["says"] for each in accepted.version.checks}
        assert kept[check].endswith("Accepted by hand.")


def test_a_month_that_keeps_its_promises_says_so_in_every_check(tmp_path: Path, lake: Lake) -> None:
    done = take_in(folder_source(tmp_path / "b", [charge(), credit("-1")]), lake)
    assert [check.name for check in done.checks] == list(CHECKS)
    assert failed(done) == {}
    assert all(check.says.endswith(".") for check in done.checks)


def test_words_of_closed_lists_are_put_right_where_only_their_case_is_not(
    tmp_path: Path, lake: Lake
) -> None:
    row = charge(ChargeCategory=" USAGE", ChargeFrequency="Usage-based", ServiceCategory="compute ")
    done = take_in(folder_source(tmp_path / "b", [row]), lake)
    (kept,) = rows_of(lake, done.version)
    assert (kept["ChargeCategory"], kept["ChargeFrequency"], kept["ServiceCategory"]) == (
        "Usage", "Usage-Based", "Compute",
    )  # fmt: skip


def test_azure_leaves_list_costs_of_credits_at_nothing_and_that_stops_no_month(
    tmp_path: Path, lake: Lake
) -> None:
    rows = [charge(), credit("-1", ListCost="0", ContractedCost="0")]
    done = take_in(write_azure(tmp_path, {"p.csv.gz": packed(csv_text(rows))}), lake)
    assert done.outcome == "published"
    assert not failed(done)["credits_cost_the_same"].blocking


def test_two_accounts_may_have_two_currencies_and_they_are_never_added(
    tmp_path: Path, lake: Lake
) -> None:
    rows = [charge(), charge(BillingAccountId="2", BillingCurrency="EUR", BilledCost="7")]
    done = take_in(folder_source(tmp_path / "b", rows), lake)
    assert done.version is not None
    totals = done.version.totals
    assert {currency: costs["BilledCost"] for currency, costs in totals.items()} == {
        "EUR": "7", "USD": "1.5",
    }  # fmt: skip


def test_a_refused_month_keeps_what_it_had(tmp_path: Path, lake: Lake) -> None:
    source = folder_source(tmp_path / "b", [charge()])
    first = take_in(source, lake)
    folder_source(tmp_path / "b", [charge(ChargeCategory="Refund")])
    done = take_in(source, lake)
    assert (done.outcome, done.version) == ("refused", first.version)
    assert lake.current(source.name, MAY) == first.version
    folder_source(tmp_path / "b", [charge(), charge()])
    assert take_in(source, lake).rows == 2


def test_an_azure_file_that_is_not_focus_says_what_is_missing(tmp_path: Path, lake: Lake) -> None:
    header = ["InvoiceSectionName", "Date", "CostInBillingCurrency", "Tags"]
    source = folder_source(tmp_path / "b", [], header=header)
    check = failed(take_in(source, lake))["columns_are_there"]
    assert "BilledCost" in check.says
    assert "It must be a FOCUS export" in check.says


def stated(total: str, invoice: str = "I-7", currency: str = "USD") -> StatedInvoice:
    return StatedInvoice("folder", str(MAY), invoice, currency, Decimal(total))


@pytest.mark.parametrize(
    ("invoice", "says"),
    [
        (stated("3.500"), ""),
        (stated("3.49"), "I-7 states 3.49 USD; its rows add up to 3.50, a difference of 0.01"),
        (stated("3.51"), "add up to 3.50, a difference of -0.01"),
        (stated("3.5", currency="EUR"), "I-7 states 3.5 EUR; its rows are in USD"),
        (stated("3.5", invoice="I-8"), "I-8 states 3.5 USD; its rows do not exist"),
        (stated("3.5", invoice="I-7' OR 1=1"), "its rows do not exist"),
    ],
)
def test_a_bill_counts_if_its_rows_add_up_to_the_stated_invoice(
    tmp_path: Path, lake: Lake, invoice: StatedInvoice, says: str
) -> None:
    rows = [
        charge(BilledCost="4.25", InvoiceId="I-7"),
        credit("-0.75", InvoiceId="I-7"),
        charge(BilledCost="99", InvoiceId="I-9"),
        charge(BilledCost="1", InvoiceId=""),
    ]
    source = folder_source(tmp_path / "b", rows)
    done = take_in(source, lake, invoices=[invoice])
    if not says:
        assert done.outcome == "published"
        return
    check = failed(done)["totals_match_invoices"]
    assert done.outcome == "refused"
    assert says in check.says
    accepted = take_in(source, lake, invoices=[invoice], accept=("totals_match_invoices",))
    assert accepted.outcome == "published"


def test_a_difference_in_the_last_of_36_digits_is_seen_and_told(tmp_path: Path, lake: Lake) -> None:
    rows = [charge(BilledCost="123456789012345678.123456789012345679", InvoiceId="I-7")]
    done = take_in(
        folder_source(tmp_path / "b", rows),
        lake,
        invoices=[stated("123456789012345678.123456789012345678")],
    )
    says = failed(done)["totals_match_invoices"].says
    assert "add up to 123456789012345678.123456789012345679" in says
    assert "a difference of 0.000000000000000001" in says
