"""The pages' texts and actions, run as the server runs them; test_matrix has each state of each."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from credits_pipeline.finops.decisions import Author
from credits_pipeline.finops.decisions.opening import open_decisions
from credits_pipeline.finops.invoices import InvoiceBook, StatedInvoice
from credits_pipeline.finops.pages import figures
from credits_pipeline.finops.pages.person import Person, Role
from credits_pipeline.finops.queries.export import as_csv
from credits_pipeline.finops.queries.scope import Scope
from credits_pipeline.finops.queries.spend import spend
from credits_pipeline.finops.sources import Provider, Source, SourceBook
from credits_pipeline_tests.finops.pages.conftest import (
    FILES,
    HOSTILE,
    LAST,
    TODAY,
    Visit,
    shown,
)
from credits_pipeline_tests.finops.typed import TAGS, TYPES, Bills, row

VIEWER = Person("vic@example.com", Role.VIEWER)
LEAD = Person("lea@example.com", Role.EDITOR, ("search",))


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
        pytest.approx(now - then, abs=0.011)
        for now, then in zip(frame["Spend"], before, strict=True)
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


def test_who_sees_one_team_gets_its_numbers_alone(visit: Visit) -> None:
    app = visit("spend", "three clouds", person=LEAD, period=str(LAST))
    assert "$16.53" in shown(app)
    for words in ({"team": "payroll"}, {"team": "(untagged)"}, {"account": "azure-1"}):
        refused = visit("spend", "three clouds", person=LEAD, period=str(LAST), **words)
        assert refused.error
        assert not refused.dataframe


@pytest.mark.parametrize("page", FILES)
def test_a_hostile_name_is_shown_as_it_is(page: str, visit: Visit) -> None:
    text = shown(visit(page, "hostile names", period=str(LAST)))
    if page in ("overview", "spend"):
        assert HOSTILE in text


def test_the_csv_has_what_the_screen_and_the_version_have(visit: Visit) -> None:
    app = visit("spend", "one cloud", period=str(LAST))
    published = app.session_state["published"]
    ((whole,),) = published.rows(
        "SELECT SUM(effective_cost) FROM spend_monthly WHERE billing_month = ?", [str(LAST)]
    )
    scope = Scope.parse({"period": str(LAST), "group": "service"}, today=TODAY)
    lines = list(csv.DictReader(io.StringIO(as_csv(spend(published, scope)).decode())))
    assert sum(Decimal(line["cost"]) for line in lines) == whole == Decimal("123.625")
    assert {line["service"] for line in lines} == {"Machines", "Buckets"}


def test_a_view_of_other_teams_is_not_shown_to_whoever_sees_one_team(visit: Visit) -> None:
    visit("spend", "three clouds")
    with open_decisions() as decisions:
        for team in ("payroll", "search"):
            decisions.put(
                "view",
                f"of {team}",
                {
                    "name": f"of {team}",
                    "owner": "ann@example.com",
                    "shared": True,
                    "words": {"team": [team]},
                },
                by=Author("ann@example.com", "ui"),
                expected=None,
            )
    text = shown(visit("spend", "three clouds", person=LEAD, period=str(LAST)))
    assert "of search" in text
    assert "of payroll" not in text


def test_two_editors_see_both_versions_of_a_source(visit: Visit, tmp_path: Path) -> None:
    bills = tmp_path / "bills"
    bills.mkdir()
    visit("settings", "one cloud")
    with open_decisions() as decisions:
        body = {"provider": "focus", "location": str(bills), "export": ""}
        SourceBook(decisions).add(Source.of("aws", body), by=Author("ben@example.com", "cli"))
    app = visit("setup", "one cloud", source="aws")
    with open_decisions() as decisions:
        moved = Source.of("aws", {**body, "location": f"{bills}/his"})
        SourceBook(decisions).change(moved, expected=1, by=Author("ben@example.com", "cli"))
    (place,) = [one for one in app.text_input if one.value == str(bills)]
    place.set_value(f"{bills}/hers")
    next(button for button in app.button if button.label == "Save").click().run()
    text = shown(app)
    assert "ben@example.com changed aws in the meantime" in text
    assert f"{bills}/his" in text
    assert f"{bills}/hers" in text
    with open_decisions() as decisions:
        assert SourceBook(decisions).get("aws").location == f"{bills}/his"


def test_newer_data_is_offered_and_not_forced(visit: Visit, tmp_path: Path) -> None:
    bills = Bills(tmp_path / "finops")
    bills.put("aws", str(LAST), [row("5", charge_date=f"{LAST}-02")])
    bills.publish()
    app = visit("overview", bills.storage, period=str(LAST))
    bills.put("aws", str(LAST), [row("6", charge_date=f"{LAST}-02")], version="v2")
    bills.publish()
    app.run()
    assert "There is newer data than this page shows." in shown(app)
    assert "$5.00" in shown(app)
    assert "$6.00" not in shown(app)
    next(button for button in app.button if button.label == "Show it").click().run()
    assert "$6.00" in shown(app)
    assert "There is newer data" not in shown(app)


def test_a_source_is_added_tested_and_refused(visit: Visit, tmp_path: Path) -> None:
    app = visit("setup", "nothing yet")
    app.radio(key="setup:provider").set_value(Provider.FOCUS).run()
    inputs = {one.label: one for one in app.text_input}
    inputs["Name"].set_value("mine")
    inputs["Place"].set_value(str(tmp_path / "no-bills-here"))
    next(button for button in app.button if button.label == "Add").click().run()
    assert not app.exception
    with open_decisions() as decisions:
        assert [one.name for one in SourceBook(decisions).all()] == ["mine"]
    app = visit("setup", "nothing yet", source="mine")
    app.button(key="setup:test").click().run()
    text = shown(app)
    assert ":material/close: location" in text
    assert "no-bills-here" in text
    app.radio(key="setup:provider").set_value(Provider.FOCUS).run()
    inputs = {one.label: one for one in app.text_input}
    inputs["Name"].set_value("mine")
    inputs["Place"].set_value(str(tmp_path / "another"))
    next(button for button in app.button if button.label == "Add").click().run()
    assert "there is a source mine already" in shown(app)


def test_a_stated_invoice_is_beside_what_its_rows_add_up_to(visit: Visit) -> None:
    invoice = StatedInvoice("aws", str(LAST), "I-1", "USD", Decimal("123.62"))
    with open_decisions() as decisions:
        InvoiceBook(decisions).state(invoice, by=Author("ann@example.com", "ui"))
    app = visit("spend", "one cloud", period=str(LAST))
    (found,) = [one.value for one in app.dataframe if "Stated" in one.value]
    assert found.to_dict("records") == [
        {"Invoice": "I-1", "Source": "aws", "Month": str(LAST), "Billed": 123.63, "Stated": 123.62,
         "Difference": 0.01},
    ]  # fmt: skip
    assert "1 invoice not as stated on paper." in shown(app)


@pytest.mark.parametrize(
    ("provider", "hours", "says"),
    [
        (Provider.GCP, 2, "{}"),
        (Provider.AZURE, 30, "overdue since {}"),
        (Provider.FOCUS, 2, "not known"),
    ],
)
def test_setup_says_when_the_next_delivery_is_expected(
    visit: Visit, tmp_path: Path, provider: Provider, hours: int, says: str
) -> None:
    at = datetime.now(UTC) - timedelta(hours=hours)
    with open_decisions() as decisions:
        SourceBook(decisions).add(
            Source.of("aws", {"provider": provider.value, "location": str(tmp_path / "bills")}),
            by=Author("ann@example.com", "ui"),
        )
    bills = Bills(tmp_path / "wing")
    bills.put("aws", f"{TODAY:%Y-%m}", [row("5", charge_date=str(TODAY))],
              complete_through=TODAY, delivered_at=at.isoformat())  # fmt: skip
    bills.publish()
    app = visit("setup", tmp_path / "wing")
    (found,) = [one.value for one in app.dataframe if "Next expected" in one.value]
    assert found["Next expected"][0] == says.format(figures.moment(at + timedelta(days=1)))


def test_how_this_adds_up_names_only_the_bills_that_are_in_it(visit: Visit) -> None:
    words = {"period": str(LAST), "account": "azure-1"}
    app = visit("spend", "three clouds", **words)
    (found,) = [one.value for one in app.dataframe if "Invoice" in one.value]
    assert list(found["Source"]) == ["azure"]
    text = shown(app)
    assert f"azure {LAST}, complete" in text
    assert f"gcp {LAST}, complete" not in text


@pytest.mark.parametrize(("teams", "shown_too"), [(None, True), (("search",), False)])
def test_a_view_of_other_teams_is_not_shown_beside_ones_own(
    visit: Visit, teams: tuple[str, ...] | None, *, shown_too: bool
) -> None:
    with open_decisions() as decisions:
        body = {"name": "Ours", "owner": "ann@example.com", "shared": True,
                "words": {"team": ["core"]}}  # fmt: skip
        decisions.put("view", "Ours", body, by=Author("ann@example.com", "ui"), expected=None)
    app = visit("spend", "one cloud", person=Person("ben@example.com", Role.EDITOR, teams))
    next(one for one in app.text_input if one.label == "Save this view as").input("Ours")
    next(one for one in app.toggle if one.label == "Everybody sees it").set_value(True)
    next(one for one in app.button if one.label == "Save").click().run()
    assert not app.exception
    assert "has a shared view of that name" in shown(app)
    assert any("You wrote" in frame.value.columns for frame in app.dataframe) is shown_too


def test_nobody_reads_anothers_own_view_by_spelling_its_name(visit: Visit) -> None:
    with open_decisions() as decisions:
        body = {"name": "Layoffs", "owner": "ann@example.com", "shared": False,
                "words": {"account": ["999988887777"]}}  # fmt: skip
        decisions.put("view", "ann@example.com: Layoffs", body, by=Author("ann@example.com", "ui"),
                      expected=None)  # fmt: skip
    text = shown(saved(visit, "ann@example.com: Layoffs"))
    assert "This name is taken" in text
    assert "999988887777" not in text
    assert "shared view of that name" not in text


@pytest.mark.parametrize("name", ["a\0", "\N{PARTY POPPER}\0" * 40])
def test_a_name_that_no_database_keeps_is_refused_in_words(visit: Visit, name: str) -> None:
    assert "contains a character that databases can't store" in shown(saved(visit, name))


def saved(visit: Visit, name: str) -> AppTest:
    """The page after Ben saved it as a shared view."""
    app = visit("spend", "one cloud", person=Person("ben@example.com", Role.EDITOR))
    next(one for one in app.text_input if one.label == "Save this view as").input(name)
    next(one for one in app.toggle if one.label == "Everybody sees it").set_value(True)
    next(one for one in app.button if one.label == "Save").click().run()
    assert not app.exception
    return app


@pytest.mark.parametrize("tag", ["spend", "share", "change"])
def test_a_tag_that_is_called_as_a_column_of_amounts_keeps_its_names(
    visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tag: str
) -> None:
    monkeypatch.setitem(TYPES, f"tag_{tag}", "VARCHAR")
    bills = Bills(tmp_path / "wing", (*TAGS, tag))
    about = {f"tag_{one}": None for one in TAGS}
    for month, cost in ((LAST, "5"), (LAST.shift(-1), "3")):
        bills.put("aws", str(month), [
            row(cost, charge_date=f"{month}-02", **{**about, f"tag_{tag}": "green"}),
        ])  # fmt: skip
    bills.publish()
    app = visit("spend", tmp_path / "wing", period=str(LAST), group=tag)
    assert not app.exception
    (found,) = [one.value for one in app.dataframe if "Spend" in one.value]
    assert [*found[f"{tag.capitalize()} (tag)"]] == ["green"]
    assert [*found["Spend"]] == [5.0]
