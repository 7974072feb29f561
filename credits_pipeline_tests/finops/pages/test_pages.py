"""Each page in each state that it can be in, run as the server runs it."""

from decimal import Decimal

import pytest

from credits_pipeline.finops.pages.person import Person, Role
from credits_pipeline_tests.finops.pages.conftest import FILES, LAST, Visit, shown

VIEWER = Person("vic@example.com", Role.VIEWER)
LEAD = Person("lea@example.com", Role.EDITOR, ("search",))
WINGS = ("nothing yet", "one cloud", "three clouds", "a late source", "two currencies")


@pytest.mark.parametrize("wing", WINGS)
@pytest.mark.parametrize("page", FILES)
def test_every_page_has_its_title_in_every_state(page: str, wing: str, visit: Visit) -> None:
    app = visit(page, wing)
    assert [title.value for title in app.title] == [page.capitalize()]


@pytest.mark.parametrize("page", ["overview", "spend"])
def test_before_the_first_bill_a_page_says_which_command_brings_one(
    page: str, visit: Visit
) -> None:
    app = visit(page, "nothing yet")
    assert "No bill has been read yet" in app.info[0].value
    assert app.code[0].value == "credits-pipeline ingest"


def test_the_overview_shows_what_the_bills_add_up_to(visit: Visit) -> None:
    text = shown(visit("overview", "one cloud", period=str(LAST)))
    assert "$124" in text, text  # 100.10 + 20.025 + 7 - 3.5
    assert "AWS" in text
    assert "+$34.63 (+38.9%)" in text


def test_the_columns_of_spend_add_up_to_its_line(visit: Visit) -> None:
    app = visit("spend", "one cloud", period=str(LAST))
    (frame,) = [one.value for one in app.dataframe if "Service" in one.value]
    assert sorted(frame["Service"]) == ["Buckets", "Gone", "Machines"]
    assert round(frame["Spend"].sum(), 2) == pytest.approx(123.63, abs=0.02)
    line = next(one.value for one in app.markdown if " in " in one.value and "**" in one.value)
    assert line.replace("\\", "").startswith("**$123.63** in"), line
    before = frame.iloc[:, 3]
    assert Decimal(str(before.sum())) == 89
    assert list(frame["Change"]) == [
        pytest.approx(now - then, abs=0.011) for now, then in zip(frame["Spend"], before)
    ]


def test_a_late_source_is_named_with_its_days(visit: Visit) -> None:
    text = shown(visit("overview", "a late source", period="Last 30 days"))
    assert "9 days behind" in text
    assert text.count("days behind") == 1


@pytest.mark.parametrize("page", ["overview", "spend"])
@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"acount": "111"}, "did you mean account"),
        ({"account": "nobody"}, "occurs in no bill"),
        ({"period": "2026-13"}, "is not a period"),
        ({"cost": "cheap"}, "cost is one of"),
        ({"currency": "XXX"}, "occurs in no bill"),
    ],
)
def test_a_link_that_says_nothing_shows_nothing_wider(
    page: str, words: dict[str, str], says: str, visit: Visit
) -> None:
    app = visit(page, "three clouds", **words)
    assert says in app.error[0].value.replace("\\", "")
    assert not app.dataframe
    app.button[-1].click().run()
    assert not app.error


def test_two_currencies_are_never_added(visit: Visit) -> None:
    app = visit("spend", "two currencies", period=str(LAST))
    assert {button.label for button in app.button} >= {"EUR", "USD"}
    assert not app.dataframe
    next(button for button in app.button if button.label == "EUR").click().run()
    assert "€11.00" in shown(app)


def test_a_viewer_is_told_why_a_button_is_off(visit: Visit) -> None:
    app = visit("setup", "one cloud", person=VIEWER)
    (add,) = [button for button in app.button if button.label == "Add"]
    assert add.disabled
    assert "this needs the role editor" in add.help


@pytest.mark.parametrize("page", FILES)
def test_who_sees_one_team_finds_no_name_of_another(page: str, visit: Visit) -> None:
    everything = shown(visit(page, "three clouds", period=str(LAST)))
    hidden = ("payroll", "azure machines", "azure-1", "Machines", "platform-prod")
    if page in ("overview", "spend"):
        assert any(name in everything for name in hidden)
    limited = shown(visit(page, "three clouds", person=LEAD, period=str(LAST)))
    assert [name for name in hidden if name in limited] == []


def test_who_sees_one_team_gets_its_numbers_alone(visit: Visit) -> None:
    app = visit("spend", "three clouds", person=LEAD, period=str(LAST))
    assert "$16.53" in shown(app)
    for words in ({"team": "payroll"}, {"team": "(untagged)"}, {"account": "azure-1"}):
        refused = visit("spend", "three clouds", person=LEAD, period=str(LAST), **words)
        assert refused.error
        assert not refused.dataframe
