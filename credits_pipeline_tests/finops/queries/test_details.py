"""Invoices, credits, commitments and resources: each the part of spend that it is."""

from datetime import date
from decimal import Decimal
from typing import Any

from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.details import commitments, credits, invoices, resources
from credits_pipeline.finops.queries.exactly import total
from credits_pipeline.finops.queries.scope import Scope
from credits_pipeline.finops.queries.spend import spend

TODAY = date(2026, 6, 12)


def scope(**words: Any) -> Scope:
    return Scope.parse({"period": "2026-05", "currency": "USD", **words}, today=TODAY)


def test_invoices_add_up_to_what_was_billed(published: Published) -> None:
    found = invoices(published, scope())
    billed = spend(published, scope(cost="billed")).total
    assert total(one.billed for one in found) == billed
    assert {one.currency for one in invoices(published, scope().but(currency=None))} == {
        "EUR",
        "USD",
    }
    assert found[0].charge_category == "Purchase"


def test_credits_are_the_bill_s_own_and_not_the_receipt_s(published: Published) -> None:
    (found,) = credits(published, scope())
    assert (found.billed, str(found.charge_date)) == (Decimal("-0.7"), "2026-05-31")
    assert credits(published, scope(period="2026-05-01..2026-05-30")) == ()


def test_commitments_have_what_was_paid_and_what_was_covered(published: Published) -> None:
    found = {one.charge_category: one for one in commitments(published, scope())}
    assert (found["Purchase"].billed, found["Purchase"].amortised) == (100, 0)
    assert (found["Usage"].billed, found["Usage"].amortised) == (0, 3)
    assert commitments(published, scope(cloud="azure")) == ()


def test_resources_are_spend_by_resource(published: Published) -> None:
    found = resources(published, scope(account="111111111111"))
    asked = scope(account="111111111111", group=["resource", "service"])
    by_key = {row.keys: row.cost for row in spend(published, asked).rows if row.keys[0]}
    assert {(one.resource_id, one.service_name): one.cost for one in found} == by_key
    assert (str(found[0].first_date), str(found[0].last_date)) == ("2026-05-04", "2026-05-31")
    assert len(resources(published, scope(), limit=1)) == 1
    assert resources(published, scope(team="nobody")) == ()


def test_net_by_resource_takes_the_bill_s_credits_out(published: Published) -> None:
    asked = scope(account="111111111111", group="resource", cost="net")
    assert (
        spend(published, asked).total
        == spend(published, scope(account="111111111111", cost="net")).total
    )
