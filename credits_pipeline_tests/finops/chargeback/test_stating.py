"""Statements of whole months: what counts in them, currencies, credits, and their sums."""

from decimal import Decimal
from typing import Any

import pytest

from credits_pipeline.finops.chargeback.statement import Section, Statement
from credits_pipeline_tests.finops.chargeback.conftest import MAY, TEAMS, books
from credits_pipeline_tests.finops.typed import Bills, row

RATES = {"exchange_rates": {"ecb": {"to": "USD", "months": {"2026-05": {"EUR": "1.0835"}}}}}


def statement(bills: Bills, model: dict[str, Any], **contents: Any) -> Statement:
    told = books(bills, {"allocation_model": {"teams": model}, **contents})
    return told.draft(MAY, told.decided.model("teams"))


def usd(found: Statement) -> Section:
    return next(one for one in found.sections if one.currency == "USD")


def test_a_statement_adds_up_in_every_currency_and_reads_back(filled_bills: Bills) -> None:
    found = statement(filled_bills, TEAMS)
    assert [(one.currency, one.stated, one.holds) for one in found.sections] == [
        ("EUR", 1100, True), ("USD", 6202, True),
    ]  # fmt: skip
    assert found.faults == ()
    assert Statement.from_dict(found.as_dict()) == found
    assert usd(found).owners == {
        "core": dict.fromkeys(usd(found).owners[None], 0),
        "search": {"direct": 1251, "commitments": 900, "credits": 0, "tax": 0, "shared": 422,
                   "adjustments": 0},
        "shop": {"direct": 3033, "commitments": 0, "credits": -70, "tax": 0, "shared": 655,
                 "adjustments": 0},
        None: {"direct": 11, "commitments": 0, "credits": 0, "tax": 0, "shared": 0,
               "adjustments": 0},
    }  # fmt: skip


def test_commitments_count_at_what_they_are_worth_and_not_when_they_are_paid(
    filled_bills: Bills,
) -> None:
    (up,) = usd(statement(filled_bills, TEAMS)).adds_up
    assert [step.amount for step in up.steps] == [Decimal(91)]
    assert up.billed == up.spend + 91


def test_currencies_are_converted_by_the_month_s_rate_and_marked(filled_bills: Bills) -> None:
    found = statement(filled_bills, {**TEAMS, "convert": "USD", "rates": "ecb"}, **RATES)
    (section,) = found.sections
    assert section.is_converted
    assert section.holds
    assert section.spend == Decimal("62.019333333333333333") + 11 * Decimal("1.0835")
    assert [(up.currency, up.rate) for up in section.adds_up] == [
        ("EUR", Decimal("1.0835")), ("USD", Decimal(1)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "rates",
    [{}, {"exchange_rates": {"ecb": {"to": "USD", "months": {"2026-04": {"EUR": "1"}}}}},
     {"exchange_rates": {"ecb": {"to": "CHF", "months": {"2026-05": {"EUR": "1"}}}}}],
)  # fmt: skip
def test_without_its_rate_a_currency_is_stated_apart_and_reported(
    filled_bills: Bills, rates: dict[str, Any]
) -> None:
    found = statement(filled_bills, {**TEAMS, "convert": "USD", "rates": "ecb"}, **rates)
    assert [one.currency for one in found.sections] == ["EUR", "USD"]
    assert "don't say what one EUR was worth in USD in 2026-05" in found.faults[0]


def test_credits_follow_receipts_or_the_bill_by_choice(bills: Bills) -> None:
    bills.put(
        "credits-receipts",
        "2026-05",
        [row("-5", ChargeCategory="Credit", ServiceName="AWSCredits", tag_team=None)],
        provider="aws",
    )
    bills.publish()
    by_bill = usd(statement(bills, TEAMS))
    handed_out = usd(statement(bills, {**TEAMS, "credits": "receipts"}))
    assert by_bill.owners["shop"]["credits"] == -70
    assert handed_out.spend == by_bill.spend + Decimal("0.70") - 5
    assert all(one.holds for one in (by_bill, handed_out))
    (pool,) = [one for one in handed_out.pools if one.account]
    assert (pool.account, pool.cents) == ("111111111111", -500)
    assert {part.owner for part in pool.parts} == {"search", "shop"}


def test_a_rule_may_name_a_resource(bills: Bills) -> None:
    bills.put("azure", "2026-05", [row("4", ResourceId="vm-1", tag_team=None), row("3")])
    bills.publish()
    model = {**TEAMS, "rules": [{"when": {"resource": "vm-*"}, "to": "shop"}, {"by": "team"}],
             "pools": []}  # fmt: skip
    found = usd(statement(bills, model))
    assert found.owners["core"]["direct"] == 300
    assert found.owners["shop"]["direct"] == 3033 + 400
    assert found.holds


def test_a_month_without_a_bill_has_a_statement_of_nothing(filled_bills: Bills) -> None:
    told = books(filled_bills)
    found = told.draft(MAY.shift(-12), told.decided.model("teams"))
    assert found.sections == ()
    assert found.names() == (None,)


def test_negative_and_zero_months_are_stated(bills: Bills) -> None:
    rows = [row("-9.995", tag_team="shop"), row("0", tag_team="search")]
    bills.put("aws", "2026-05", rows, version="v2")
    bills.publish()
    found = usd(statement(bills, {"rules": [{"by": "team"}]}))
    assert (found.stated, found.owed("shop"), found.owed("search"), found.holds) == (
        -1000, -1000, 0, True,
    )  # fmt: skip
