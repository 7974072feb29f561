"""The page Chargeback: what it shows, what people do there, and what each person sees."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from credits_pipeline.finops.chargeback import documents
from credits_pipeline.finops.chargeback.archives import archived, keep_archive, read_archive
from credits_pipeline.finops.chargeback.closing import open_closings
from credits_pipeline.finops.chargeback.opening import open_office
from credits_pipeline.finops.chargeback.view import View
from credits_pipeline.finops.decisions import Author
from credits_pipeline.finops.decisions.opening import open_decisions
from credits_pipeline.finops.pages import starting
from credits_pipeline.finops.pages.person import Person, Role
from credits_pipeline.finops.publish.published import open_current
from credits_pipeline_tests.finops.pages.conftest import (
    BEFORE,
    HOSTILE,
    LAST,
    Visit,
    in_,
    one_cloud,
    shown,
)
from credits_pipeline_tests.finops.typed import Bills, row

ANN = Author("ann@example.com", "cli")
VIEWER = Person("vic@example.com", Role.VIEWER)
EDITOR = Person("eve@example.com", Role.EDITOR)
LEAD = Person("lea@example.com", Role.ADMIN, ("search",))
SHARED: dict[str, Any] = {
    "to": "team",
    "rules": [{"when": {"charge": ["Tax"]}, "pool": "tax"}, {"by": "team"}],
    "pools": [{"name": "tax", "split": "even"}],
}


def keep(kind: str, id_: str, body: dict[str, Any]) -> None:
    with open_decisions() as decisions:
        decisions.put(kind, id_, body, by=ANN, expected=None)


def table(app: AppTest, column: str) -> dict[str, list[Any]]:
    (found,) = [one.value for one in app.dataframe if column in one.value]
    told: dict[str, list[Any]] = found.to_dict("list")
    return told


def press(app: AppTest, label: str) -> AppTest:
    (button,) = [one for one in app.button if one.label == label]
    return button.click().run()


def test_owners_and_unallocated_add_up_on_the_screen(visit: Visit) -> None:
    app = visit("chargeback", "one cloud", month=str(LAST))
    told = table(app, "Month before")
    # The spend of 123.625, rounded once: the cent goes to the largest fraction.
    assert told["Team"] == ["core", "search", "Unallocated"]
    assert [Decimal(str(amount)) for amount in told["Total"]] == [
        Decimal("100.1"), Decimal("16.53"), Decimal("7.0"),
    ]  # fmt: skip
    text = shown(app)
    assert "✔ adds up" in text
    assert "teams $116.63 + unallocated $7.00 = spend $123.63" in text
    assert "No allocation model is saved yet" in app.caption[0].value


def test_the_usual_month_is_the_last_that_has_ended(visit: Visit) -> None:
    assert f"for {LAST.start:%B %Y}" in shown(visit("chargeback", "one cloud"))


def test_shared_costs_are_a_table_on_the_screen(visit: Visit) -> None:
    keep("allocation_model", "teams", SHARED)
    app = visit("chargeback", "one cloud", month=str(LAST))
    told = table(app, "Pool")
    assert told["Part"] == [3.5, 3.5]
    assert told["By"] == ["even shares"] * 2


def test_one_team_is_shown_by_account_and_service(visit: Visit) -> None:
    app = visit("chargeback", "one cloud", month=str(LAST), team="search")
    assert table(app, "Service")["Account"] == ["labs"] * 2
    assert table(app, "Month before")["Team"] == ["search"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"month": "2001-01"}, "There is no bill for the month '2001-01'"),
        ({"month": "May"}, "There is no bill for the month 'May'"),
        ({"model": "nobody's"}, 'there is no allocation model "nobody\'s"'),
        ({"team": "nobody"}, "'nobody' owes nothing"),
    ],
)
def test_a_link_to_what_is_not_there_says_so(
    visit: Visit, words: dict[str, str], says: str
) -> None:
    app = visit("chargeback", "one cloud", **words)
    assert says in app.error[0].value.replace("\\", "")
    assert not app.dataframe


def test_two_currencies_are_shown_apart(visit: Visit) -> None:
    app = visit("chargeback", "two currencies", month=str(LAST))
    assert [one.value for one in app.subheader] == ["EUR", "USD"]
    assert "€11.00" in shown(app)


def test_a_hostile_name_stays_text(visit: Visit) -> None:
    app = visit("chargeback", "hostile names", month=str(LAST))
    assert HOSTILE in table(app, "Month before")["Team"]
    assert app.warning == [] or "font" in app.warning[0].value


def test_a_team_lead_sees_the_lead_s_team_and_no_other(visit: Visit) -> None:
    app = visit("chargeback", "one cloud", person=LEAD, month=str(LAST))
    text = shown(app)
    assert "search" in text
    for secret in ("core", "platform-prod", "Machines", "$123", "$116", "unallocated", "Rules"):
        assert secret not in text, secret
    assert [one.label for one in app.button] == []
    app = visit("chargeback", "one cloud", person=LEAD, month=str(LAST), team="core")
    assert "You see search" in app.error[0].value
    assert not app.dataframe


def test_a_team_lead_sees_no_statement_by_product(visit: Visit) -> None:
    keep("allocation_model", "products", {"to": "product", "rules": [{"by": "product"}]})
    app = visit("chargeback", "one cloud", person=LEAD, month=str(LAST))
    assert "not by team" in app.info[0].value
    assert not app.dataframe


@pytest.mark.parametrize(("person", "closes", "saves"), [(VIEWER, False, False),
                                                        (EDITOR, False, True)])  # fmt: skip
def test_a_person_without_the_right_learns_why(
    visit: Visit, person: Person, closes: bool, saves: bool
) -> None:
    app = visit("chargeback", "one cloud", person=person, month=str(LAST))
    buttons = {one.label: one for one in app.button}
    assert buttons["Close"].disabled is not closes
    assert "approver" in buttons["Close"].help
    for label in ("Save", "Save owner", "Save table"):
        assert buttons[label].disabled is not saves


def test_a_month_is_closed_as_it_was_seen_and_opened_again_with_a_reason(visit: Visit) -> None:
    app = visit("chargeback", "one cloud", month=str(LAST))
    press(app, "Close")
    assert "closed" in shown(app)
    with open_closings() as store:
        (closed,) = store.closed_months.all()
    assert (closed.month, closed.who, closed.reopened_at) == (str(LAST), "ann@example.com", None)
    press(app, "Reopen")
    assert "say why" in app.error[0].value
    (why,) = [one for one in app.text_input if one.label == "Why"]
    why.set_value("a rule was wrong")
    press(app, "Reopen")
    with open_closings() as store:
        (opened,) = store.closed_months.all()
        assert store.changes("close")[0].why == "a rule was wrong"
    assert opened.reopened_by == "ann@example.com"
    assert "reopened" in shown(app)


def test_a_late_bill_is_an_adjustment_on_the_page(
    visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bills = Bills(tmp_path / "late")
    one_cloud(bills)
    bills.publish()
    press(visit("chargeback", bills.storage, month=str(BEFORE)), "Close")
    bills.put("aws", str(BEFORE), [row("85", charge_date=in_(BEFORE, 3))], version="v2")
    bills.publish()
    app = visit("chargeback", bills.storage, month=str(LAST))
    told = table(app, "Adjustment")
    assert dict(zip(told["Team"], told["Adjustment"], strict=True)) == {"core": 5.0, "search": -9.0}
    assert set(told["Closed month"]) == {str(BEFORE)}
    # What is owed and what was spent differ, and the line above gives the difference.
    assert (
        f"**$119.63** owed for {LAST.start:%B %Y} = $123.63 of the month \N{MINUS SIGN} $4.00 "
        f"adjustments since the close of {BEFORE}"
    ) in shown(app)
    steps = table(app, "Step")
    assert steps["Step"][:2] == ["Owed in all", "Without adjustments of closed months"]
    assert sum(Decimal(str(one)) for one in steps["Amount"][:2]) == Decimal("123.63")
    app = visit("chargeback", bills.storage, month=str(BEFORE))
    assert table(app, "Month before")["Total"] == [80.0, 9.0, 0.0]


def edit(app: AppTest, text: str, name: str | None = None) -> None:
    app.text_area[0].set_value(text)
    if name is not None:
        (field,) = [one for one in app.text_input if one.label == "Name of the model"]
        field.set_value(name)


RULES = "rules:\n- when: {charge: [Tax]}\n  to: core\n- by: team\n"


def test_rules_are_tried_before_they_are_saved(visit: Visit) -> None:
    app = visit("chargeback", "one cloud", month=str(LAST))
    edit(app, RULES, "ours")
    press(app, "Try it")
    told = table(app, "With these rules")
    changes = dict(zip(told["Team"], told["Change"], strict=True))
    assert changes == {"core": 7.0, "Unallocated": -7.0}
    with open_decisions() as decisions:
        assert decisions.items("allocation_model") == []
    edit(app, RULES, "ours")
    press(app, "Save")
    with open_decisions() as decisions:
        (item,) = decisions.items("allocation_model")
    assert (item.id, item.updated_by) == ("ours", "ann@example.com")
    assert table(app, "Month before")["Total"] == [107.1, 16.53, 0.0]


REFUSED = [
    ("rules: [", "not YAML"),
    ("- by: team", "has fields such as rules"),
    ("rules:\n- when: {account: 123}\n  to: core\n", "stands in quotes"),
    ("rules:\n- to: serach\n", "'serach' is in no bill and is no statement owner"),
    ("pools:\n- {name: p, split: fixed, shares: {core: '99'}}\n", "must be 100 %"),
    ("rules:\n- {when: {floor: ['2']}, to: core}\n", "'floor' is not a word of a charge"),
]


def test_rules_that_can_not_be_used_are_refused_with_their_place(visit: Visit) -> None:
    app = visit("chargeback", "one cloud", month=str(LAST))
    for text, says in REFUSED:
        edit(app, text)
        press(app, "Save")
        assert says in " ".join(one.value for one in app.error).replace("\\", "")
    with open_decisions() as decisions:
        assert decisions.items("allocation_model") == []


def test_of_two_who_edit_the_rules_the_second_is_told_what_changed(visit: Visit) -> None:
    keep("allocation_model", "teams", SHARED)
    app = visit("chargeback", "one cloud", month=str(LAST))
    with open_decisions() as decisions:
        decisions.put("allocation_model", "teams", {**SHARED, "pools": SHARED["pools"],
                      "credits": "receipts"}, by=ANN, expected=1)  # fmt: skip
    edit(app, RULES)
    press(app, "Save")
    assert "Somebody else saved it first" in app.error[0].value
    with open_decisions() as decisions:
        assert decisions.items("allocation_model")[0].version == 2


def test_without_a_model_rules_are_suggested_from_what_is_tagged(
    visit: Visit, tmp_path: Path
) -> None:
    bills = Bills(tmp_path / "tags")
    bills.put(
        "aws",
        str(LAST),
        [
            row("95", charge_date=in_(LAST, 2)),
            row("4", charge_date=in_(LAST, 2), tag_team="search"),
            row("40", charge_date=in_(LAST, 2), tag_team=None),
            row("9", charge_date=in_(LAST, 2), tag_team=None, SubAccountId="222"),
        ],
    )
    bills.publish()
    app = visit("chargeback", bills.storage, month=str(LAST))
    told = table(app, "Share of its tagged costs")
    assert (told["Account"], told["Team"], told["Unallocated now"]) == (
        ["111111111111"], ["core"], [40.0],
    )  # fmt: skip
    assert any("111111111111" in one.value and "to: core" in one.value for one in app.code)


def test_an_owner_gets_a_cost_centre_and_addresses(visit: Visit) -> None:
    app = visit("chargeback", "one cloud", month=str(LAST))
    fields = {one.label: one for one in app.text_input}
    fields["Name of the team"].set_value("search")
    fields["Cost centre"].set_value("CC-7")
    fields["Addresses that receive the statement, separated by commas"].set_value("a@example.com")
    press(app, "Save owner")
    with open_decisions() as decisions:
        (item,) = decisions.items("statement_owner")
    assert (item.id, item.body["cost_centre"], item.body["addresses"]) == (
        "team:search", "CC-7", ["a@example.com"],
    )  # fmt: skip


def test_a_quarter_is_the_sum_of_its_months(visit: Visit) -> None:
    app = visit("chargeback", "one cloud", month=str(LAST), span="year-to-date")
    text = shown(app)
    assert re.search(r"\d{4} to " + str(LAST), text)
    assert "not compared with the year before" in text


def test_the_page_starts_the_job_that_dagster_has() -> None:
    from credits_pipeline.finops.assets.chargeback import JOB

    assert starting.CHARGEBACK_JOB == JOB


def test_the_archive_of_all_is_a_run_s_work_and_the_command_is_shown_without_dagster(
    visit: Visit,
) -> None:
    app = visit("chargeback", "one cloud", month=str(LAST))
    assert "ZIP of all" not in [one.proto.label for one in app.get("download_button")]
    press(app, "Make ZIP of all")
    assert f"chargeback --month {LAST} --model 'by team tag' --zip" in app.code[0].value


def test_whoever_may_not_have_the_archive_made_is_told_why(visit: Visit) -> None:
    app = visit("chargeback", "one cloud", person=VIEWER, month=str(LAST))
    (button,) = [one for one in app.button if one.label == "Make ZIP of all"]
    assert button.disabled
    assert "editor" in button.help


def test_the_archive_that_a_run_kept_is_offered_and_a_team_lead_gets_the_lead_s_part(
    visit: Visit, tmp_path: Path
) -> None:
    bills = Bills(tmp_path / "kept")
    one_cloud(bills)
    bills.publish()
    published = open_current(bills.storage)
    assert published is not None
    visit("chargeback", bills.storage, month=str(LAST))
    office = open_office(published)
    view = office.view(LAST, office.model(None))
    key = keep_archive(office, view, lambda _: None)
    app = visit("chargeback", bills.storage, month=str(LAST))
    assert "ZIP of all" in [one.proto.label for one in app.get("download_button")]
    assert "Make ZIP of all" not in [one.label for one in app.button]
    whole = read_archive(office, key, view)
    assert whole == documents.archive(view)
    part = View(view.statement, ("search",), view.previous, view.closing)
    assert read_archive(office, key, part) == documents.archive(part)


def test_an_archive_of_an_open_month_is_not_offered_once_its_bills_changed(
    visit: Visit, tmp_path: Path
) -> None:
    bills = Bills(tmp_path / "kept")
    one_cloud(bills)
    for version, cost in (("v1", "100.10"), ("v2", "99.10")):
        bills.put("aws", str(LAST), [row(cost, charge_date=in_(LAST, 3))], version=version)
        bills.publish()
        visit("chargeback", bills.storage, month=str(LAST))
        published = open_current(bills.storage)
        assert published is not None
        office = open_office(published)
        view = office.view(LAST, office.model(None))
        assert archived(office, view) is None
        keep_archive(office, view, lambda _: None)
        assert archived(office, view) is not None
    assert len(published.depot.keys("chargeback/archives/")) == 1
