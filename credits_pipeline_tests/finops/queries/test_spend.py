"""Spend: golden answers over small bills, and sums that don't depend on how they are asked for."""

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from credits_pipeline.finops.publish.published import Published, open_current
from credits_pipeline.finops.queries.bridge import View, bridge
from credits_pipeline.finops.queries.compare import changes, compare, complete_until
from credits_pipeline.finops.queries.exactly import total
from credits_pipeline.finops.queries.export import as_csv, as_json
from credits_pipeline.finops.queries.scope import COSTS, Scope
from credits_pipeline.finops.queries.series import series, weeks
from credits_pipeline.finops.queries.sources import ages
from credits_pipeline.finops.queries.spend import SeveralCurrenciesError, spend, totals
from credits_pipeline.finops.queries.values import account_names, unknown, values
from credits_pipeline_tests.finops.typed import Bills, row

TODAY = date(2026, 6, 12)


def scope(**words: Any) -> Scope:
    return Scope.parse({"period": "2026-05", "currency": "USD", **words}, today=TODAY)


def amounts(published: Published, **words: Any) -> dict[tuple[str | None, ...], str]:
    return {
        row.keys: format(row.cost.normalize(), "f") for row in spend(published, scope(**words)).rows
    }


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"cost": "billed", "group": "cloud"},
         {("aws",): "166.050000000000000001", ("azure",): "7.25"}),
        ({"cost": "amortised", "group": "cloud"},
         {("aws",): "14.050000000000000001", ("azure",): "7.25"}),
        ({"cost": "list", "group": "cloud"},
         {("aws",): "20.050000000000000001", ("azure",): "7.25"}),
        ({"cost": "net", "group": "cloud"},
         {("aws",): "14.250000000000000001", ("azure",): "7.25"}),
        ({"credits": "out", "cloud": "aws"}, {(): "14.750000000000000001"}),
        ({"tax": "out", "cloud": "aws"}, {(): "11.050000000000000001"}),
        ({"credits": "out", "tax": "out", "cost": "net", "cloud": "aws"},
         {(): "11.750000000000000001"}),
        ({"account": "222"}, {(): "2.5"}),
        ({"account": "labs"}, {(): "2.5"}),
        ({"account": ["labs", "azure prod"]}, {(): "9.75"}),
        ({"team": "(untagged)", "group": "charge"},
         {("Tax",): "3", ("Usage",): "5.5", ("Purchase",): "0"}),
        ({"charge": ["Tax", "Credit"], "group": ["charge", "day"]},
         {("Tax", "2026-05-31"): "3", ("Credit", "2026-05-31"): "-0.7"}),
        ({"period": "2026-05-20..2026-05-31"}, {(): "2.55"}),
        ({"period": "2026-04..2026-05", "group": "month", "cloud": "azure"},
         {("2026-04",): "66", ("2026-05",): "7.25"}),
        ({"group": "resource", "account": "222"}, {("i-1",): "2.5"}),
        ({"cloud": "nowhere"}, {}),
        ({"period": "2020-01"}, {}),
        ({"currency": "EUR"}, {(): "11"}),
    ],
)  # fmt: skip
def test_answers_are_those_of_the_bill(
    published: Published, words: dict[str, Any], expected: dict[tuple[str | None, ...], str]
) -> None:
    assert amounts(published, **words) == expected


def test_currencies_are_never_added(published: Published) -> None:
    asked = Scope.parse({"period": "2026-05"}, today=TODAY)
    with pytest.raises(SeveralCurrenciesError) as caught:
        spend(published, asked)
    assert caught.value.currencies == ("EUR", "USD")
    one = spend(published, asked.but(filters={"cloud": ["gcp"]}))
    assert (one.currency, one.total) == ("EUR", 11)


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("credits", ["in", "out"])
@pytest.mark.parametrize("tax", ["in", "out"])
@pytest.mark.parametrize("cloud", [(), ("aws",), ("azure",)])
def test_totals_by_every_word_and_over_time_are_the_total(
    published: Published, cost: str, credits: str, tax: str, cloud: tuple[str, ...]
) -> None:
    asked = scope(cost=cost, credits=credits, tax=tax, cloud=list(cloud))
    whole = spend(published, asked).total
    for rows in totals(published, asked).values():
        assert total(row.cost for row in rows) == whole
    for by in ("day", "month"):
        points = series(published, asked.but(group=("team",)), by=by)  # type: ignore[arg-type]
        assert total(point.cost for point in points) == whole


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("to", COSTS)
@pytest.mark.parametrize("inside", [(True, True), (False, True), (True, False), (False, False)])
def test_every_bridge_leads_exactly_from_one_view_to_the_other(
    published: Published, cost: str, to: str, inside: tuple[bool, bool]
) -> None:
    asked = scope(cost=cost)
    view = View(to, *inside)
    found = bridge(published, asked, view)
    assert found.start == spend(published, asked).total
    assert found.end == spend(published, view.of(asked)).total
    assert total([found.start, *(step.amount for step in found.steps)]) == found.end


def test_the_bridge_to_the_invoice_says_what_each_step_is(published: Published) -> None:
    asked = scope(credits="out", tax="out", cloud="aws")
    steps = {step.name: step.amount for step in bridge(published, asked).steps}
    assert steps == {
        "purchases": Decimal(55),
        "commitments": Decimal(97),
        "credits": Decimal("-0.7"),
        "tax": Decimal(3),
    }


def test_the_bridge_to_net_takes_the_bill_s_credits_out_and_the_receipt_s_in(
    published: Published,
) -> None:
    steps = bridge(published, scope(), View("net")).steps
    assert {step.name: step.amount for step in steps if step.amount} == {
        "credits_of_the_bill": Decimal("0.7"),
        "credits_handed_out": Decimal("-0.5"),
    }


def test_complete_days_are_on_both_sides(published: Published) -> None:
    asked = scope(group="cloud")
    found = compare(published, asked)
    assert (str(found.now.last), str(found.before.last)) == ("2026-05-20", "2026-04-20")
    assert found.limited_by == ("azure",)
    assert found.without_before == ("gcp",)
    assert {row.keys: (row.current, row.previous) for row in found.rows} == {
        ("aws",): (Decimal("11.750000000000000001"), 10),
        ("azure",): (Decimal("7.25"), 6),
    }
    assert complete_until(published, asked) == date(2026, 5, 21)


def test_whole_months_are_compared_whole_though_they_differ_in_days(published: Published) -> None:
    found = compare(published, scope(cloud="aws"))
    assert (found.now.days, found.before.days) == (31, 30)
    assert (found.current, found.previous) == (Decimal("14.050000000000000001"), 10)
    assert found.percent == Decimal("40.5")


def test_a_month_without_a_bill_is_not_compared_and_the_source_is_named(
    published: Published,
) -> None:
    found = compare(published, scope(period="2026-06"))
    assert found.days == 0
    assert found.rows == ()
    assert "aws" in found.why_not
    assert "no complete day" in found.why_not


def test_what_changed_most_is_shown_by_account_and_service(published: Published) -> None:
    found = changes(published, scope(cloud="aws"))
    assert [(row.keys, row.is_new) for row in found] == [
        (("111111111111", "Support"), True),
        (("111111111111", "Machines"), False),
        (("222", "Machines"), True),
    ]
    assert total(row.change for row in found) == compare(published, scope(cloud="aws")).change


def test_weeks_end_at_the_last_complete_day(published: Published) -> None:
    found = weeks(published, scope(cloud="azure", group="cloud"), weeks=6)
    assert found == {("azure",): (6, 0, 60, 0, Decimal("7.25"), 0)}


def test_values_and_names_are_the_newest(published: Published) -> None:
    assert values(published, "cloud") == ("aws", "azure", "gcp")
    assert values(published, "team") == ("core", "(untagged)")
    assert values(published, "currency") == ("EUR", "USD")
    assert account_names(published)["sub"] == "azure prod"
    assert account_names(published)["222"] == "labs"


def test_values_that_occur_nowhere_are_named_with_the_nearest(published: Published) -> None:
    asked = scope(account=["222", "lbas", "azure prod"], cloud="gpc", team="(untagged)")
    assert [(one.word, one.value, one.nearest) for one in unknown(published, asked)] == [
        ("account", "lbas", ("labs",)),
        ("cloud", "gpc", ("gcp",)),
    ]
    assert "Did you mean labs?" in unknown(published, asked)[0].sentence


def test_ages_are_those_of_the_bills(published: Published) -> None:
    found = {
        age.name: (str(age.complete_through), age.days_behind) for age in ages(published, TODAY)
    }
    assert found == {
        "aws": ("2026-05-31", 11),
        "azure": ("2026-05-20", 22),
        "gcp": ("2026-05-31", 11),
    }


def test_json_is_exact_and_traced(published: Published) -> None:
    answer = as_json(spend(published, scope(cost="billed", group="cloud")))
    assert answer["period"] == {"from": "2026-05-01", "to": "2026-05-31"}
    assert answer["rows"] == [
        {"cloud": "aws", "cost": "166.050000000000000001", "rows": 8},
        {"cloud": "azure", "cost": "7.25", "rows": 1},
    ]
    assert answer["total"] == "173.300000000000000001"
    assert {source["name"]: source["manifest"] for source in answer["sources"]} == {
        name: f"manifest of {name} 2026-05 v1" for name in ("aws", "azure", "gcp")
    }


def test_receipts_are_a_source_of_net_only(published: Published) -> None:
    named = {
        cost: {bill.source for bill in spend(published, scope(cost=cost)).sources} for cost in COSTS
    }
    assert [cost for cost in COSTS if "credits-receipts" in named[cost]] == ["net"]


def test_csv_has_scope_currency_and_basis_in_every_line_and_adds_up(published: Published) -> None:
    asked = scope(cost="billed", group=["account", "team"], cloud=["aws", "azure"], tax="out")
    answer = spend(published, asked)
    read = list(csv.DictReader(io.StringIO(as_csv(answer, account_names(published)).decode())))
    assert total(Decimal(line["cost"]) for line in read) == answer.total
    assert {line["currency"] for line in read} == {"USD"}
    assert {line["basis"] for line in read} == {"Billed, credits in, tax out"}
    assert {line["scope"] for line in read} == {"cloud=aws,azure"}
    assert {line["account_name"] for line in read} == {"platform-prod", "labs", "azure prod"}
    assert as_csv(answer) == as_csv(spend(published, asked))


def test_a_tag_that_is_a_formula_is_text_in_a_spreadsheet(tmp_path: Any) -> None:
    bills = Bills(tmp_path)
    bills.put(
        "aws",
        "2026-05",
        [
            row("1", tag_team='=HYPERLINK("http://x")'),
            row("-1", tag_team="-2+3"),
            row("2", tag_team="\N{FULLWIDTH EQUALS SIGN}1+1"),
            row("3", tag_team=" =1+1"),
            row("4", tag_team="|cmd"),
        ],
    )
    bills.publish()
    found = open_current(tmp_path)
    assert found is not None
    text = as_csv(spend(found, scope(group="team"))).decode()
    assert "'=HYPERLINK" in text
    assert "\n'-2+3,-1.00,USD" in text
    assert "\n'\N{FULLWIDTH EQUALS SIGN}1+1,2.00,USD" in text
    assert "\n' =1+1,3.00,USD" in text or "\n'=1+1,3.00,USD" in text
    assert "\n'|cmd,4.00,USD" in text


def test_a_value_can_t_become_sql(published: Published) -> None:
    attack = "x') OR 1=1 --"
    assert amounts(published, account=attack) == {}
    assert amounts(published, team=attack, group="team") == {}
    assert [one.value for one in unknown(published, scope(cloud=attack))] == [attack]
