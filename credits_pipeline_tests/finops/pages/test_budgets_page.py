"""Budgets & Forecast in each state of the page, and what its forms write."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from credits_pipeline.alerts.state import AlertState
from credits_pipeline.credits.assets.finops_alerts import money
from credits_pipeline.finops.budgets.book import standings
from credits_pipeline.finops.budgets.results import keep_standings
from credits_pipeline.finops.decisions import Author
from credits_pipeline.finops.decisions.archive import packed
from credits_pipeline.finops.decisions.opening import open_decisions
from credits_pipeline.finops.decisions.store import DecisionStore
from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.pages import figures
from credits_pipeline.finops.pages.person import Person, Role
from credits_pipeline.finops.publish.published import open_current
from credits_pipeline_tests.finops.pages.conftest import HOSTILE, Visit, shown

ANN = Author("ann@example.com", "ui")
BODY = {"scope": {"team": ["core"]}, "amount": "1", "from": "2020-01", "owner": "ann"}
VIEWER = Person("vic@example.com", Role.VIEWER)
DATA_LEAD = Person("dan@example.com", Role.EDITOR, ("data",))


@pytest.fixture
def store(visit: Visit) -> Iterator[DecisionStore]:
    """The page's store of decisions; `visit` has set its place."""
    with open_decisions() as decisions:
        assert isinstance(decisions, DecisionStore)
        yield decisions


def put(store: DecisionStore, id_: str = "Core", **changes: Any) -> None:
    store.put("budget", id_, {**BODY, **changes}, by=ANN, expected=None)


def fill(app: AppTest, **values: Any) -> AppTest:
    """Fill the form's fields by their labels, and save."""
    fields = {one.label: one for kind in ("text_input", "selectbox", "text_area", "radio", "toggle")
              for one in getattr(app, kind) if one.key is None}  # fmt: skip
    for label, value in values.items():
        fields[label].set_value(value)
    (save,) = [one for one in app.button if one.label == "Save"]
    return save.click().run()


def test_nothing_yet_and_no_budget_yet_say_what_to_do(visit: Visit, recent_wing: Path) -> None:
    assert "No bill has been read yet" in shown(visit("budgets", "nothing yet"))
    app = visit("budgets", recent_wing)
    assert "There is no budget yet. Add one below" in shown(app)
    assert "heading for" in shown(app)


def test_a_budget_is_made_from_the_scope_of_the_address(
    visit: Visit, recent_wing: Path, store: DecisionStore
) -> None:
    app = visit("budgets", recent_wing, team="core")
    assert "Its scope is what the filters above choose: team core" in shown(app)
    app = fill(app, Name="Core", Owner="ann", **{"Amount of a period, USD": "1.50"})
    item = store.item("budget", "Core")
    assert item is not None, shown(app)
    assert item.body["scope"] == {"team": ["core"]}
    assert (item.body["amount"], item.body["credits"], item.body["currency"]) == (
        "1.50", "out", "USD",
    )  # fmt: skip
    assert store.changes("budget")[0].who == "ann@example.com"
    assert "over the budget of $1.50" in shown(app)


def test_the_table_says_status_reason_and_owner_and_the_link_opens_it(
    visit: Visit, recent_wing: Path, store: DecisionStore
) -> None:
    put(store)
    put(store, "Ample", amount="99999999")
    put(store, "Broken", scope={"planet": ["mars"]})
    app = visit("budgets", recent_wing)
    text = shown(app)
    (listed,) = [one.value for one in app.dataframe if "Status" in one.value]
    assert list(listed["Budget"]) == ["Core", "Ample"], "who is over comes first"
    assert "▲ over" in text
    assert "on track" in text
    assert "more is used than the amount" in text
    assert "'planet' is not a word of a scope" in text
    app = visit("budgets", recent_wing, budget="Core")
    text = shown(app)
    assert "over the budget of $1.00" in text
    assert "How its last periods ended" in text
    assert "There is no budget Nothing here" in shown(
        visit("budgets", recent_wing, budget="Nothing")
    )


def test_of_two_editors_one_saves_and_the_other_sees_both_versions(
    visit: Visit, recent_wing: Path, store: DecisionStore
) -> None:
    put(store)
    app = visit("budgets", recent_wing, budget="Core")
    store.put("budget", "Core", {**BODY, "amount": "7"}, by=Author("ben", "cli"), expected=1)
    app = fill(app, **{"Amount of a period, USD": "8"})
    text = shown(app)
    assert "ben changed Core in the meantime. Nothing was written." in text
    assert "You wrote" in text
    item = store.item("budget", "Core")
    assert item is not None
    assert (item.version, item.body["amount"]) == (2, "7")
    fill(app, **{"Amount of a period, USD": "8"})
    item = store.item("budget", "Core")
    assert item is not None
    assert (item.version, item.body["amount"]) == (3, "8")


def test_what_can_t_be_saved_is_reported(
    visit: Visit, recent_wing: Path, store: DecisionStore
) -> None:
    app = fill(visit("budgets", recent_wing), Name="X", **{"Amount of a period, USD": "much"})
    assert "This can't be saved: amount is 'much'" in shown(app)
    app = fill(app, **{"Alert when this many percent are used": "half"})
    assert "not a list of percentages" in shown(app)
    assert store.items("budget") == []


def test_a_viewer_sees_and_changes_nothing(
    visit: Visit, recent_wing: Path, store: DecisionStore
) -> None:
    put(store)
    for words in ({}, {"budget": "Core"}):
        app = visit("budgets", recent_wing, person=VIEWER, **words)
        assert "over" in shown(app)
        buttons = [one for one in app.button if one.label in ("Save", "Remove this budget")]
        assert buttons
        assert all(one.disabled for one in buttons)


def test_a_team_s_lead_sees_that_team_s_budgets_alone(
    visit: Visit, recent_wing: Path, store: DecisionStore
) -> None:
    put(store)
    put(store, "Data", scope={"team": ["data"]}, amount="5")
    put(store, "All", scope={}, amount="6")
    text = shown(visit("budgets", recent_wing, person=DATA_LEAD, team="data"))
    assert "'Budget': ['Data']" in text
    assert "Core" not in text
    text = shown(visit("budgets", recent_wing, person=DATA_LEAD, team="data", budget="All"))
    assert "There is no budget All here" in text
    app = fill(
        visit("budgets", recent_wing, person=DATA_LEAD, team="data"),
        Name="Mine", **{"Amount of a period, USD": "3"},
    )  # fmt: skip
    item = store.item("budget", "Mine")
    assert item is not None, shown(app)
    assert item.body["scope"] == {"team": ["data"]}


def test_names_from_outside_stay_text(
    visit: Visit, recent_wing: Path, store: DecisionStore
) -> None:
    name = HOSTILE[:80]
    put(store, name, name=name, owner=HOSTILE)
    for words in ({}, {"budget": name}):
        app = visit("budgets", recent_wing, **words)
        for one in (*app.markdown, *app.subheader, *app.info):
            assert "<img" not in str(one.value).replace("\\<img", "")
            assert "](http://evil" not in str(one.value).replace("\\](", "").replace("]\\(", "")


def test_a_budget_of_days_is_not_a_forecast(visit: Visit, recent_wing: Path) -> None:
    assert "A forecast covers whole months" in shown(
        visit("budgets", recent_wing, period="last 30 days")
    )


def test_settings_take_decisions_along_and_bring_them_back(
    visit: Visit, recent_wing: Path, store: DecisionStore
) -> None:
    put(store)
    file = packed(store.contents())
    put(store, "Data", amount="5")
    app = visit("settings", recent_wing, section="files")
    (button,) = [one for one in app.get("download_button") if "YAML" in one.proto.label]
    assert button.proto.url
    (field,) = app.get("file_uploader")
    field.upload("decisions.zip", file, "application/zip").run()
    assert "The stored decisions already equal these files." in shown(app)
    next(one for one in app.toggle if one.key == "files:prune").set_value(True).run()
    assert "removed" in shown(app)
    next(one for one in app.text_input if one.key == "files:why").set_value("as in git").run()
    next(one for one in app.button if one.key == "files:take").click().run()
    assert "1 change taken in." in shown(app)
    assert [item.id for item in store.items("budget")] == ["Core"]
    assert store.changes("budget")[0].why == "as in git"


def test_whoever_is_not_an_admin_imports_nothing(
    visit: Visit, recent_wing: Path, store: DecisionStore
) -> None:
    put(store)
    (field,) = visit("settings", recent_wing, person=VIEWER, section="files").get("file_uploader")
    assert field.proto.disabled


def test_the_overview_says_where_it_is_heading_and_what_waits(
    visit: Visit, recent_wing: Path, store: DecisionStore
) -> None:
    text = shown(visit("overview", recent_wing))
    assert "none yet" in text
    assert "heading for" in text
    text = shown(visit("overview", recent_wing, period="last 30 days"))
    assert "was Warehouse \N{MULTIPLICATION SIGN}4.5 in data-prod meant?" in text
    put(store, "All", scope={}, amount="2", credits="in")
    text = shown(visit("overview", recent_wing))
    assert "1 over" in text
    assert "over the budget of $2.00" in text
    assert "Budget All is over: about" in text


def test_an_anomaly_on_spend_is_judged_with_a_reason(
    visit: Visit, recent_wing: Path, store: DecisionStore
) -> None:
    app = visit("spend", recent_wing, period="last 30 days")
    assert "Warehouse, \N{MULTIPLICATION SIGN}4.5 for 3 days since" in shown(app)
    assert "data-prod, +$210" in shown(app)
    radio = next(one for one in app.radio if one.label == "It is")
    radio.set_value("expected")
    save = next(one for one in app.button if one.label == "Save" and "anomaly" in one.form_id)
    save.click().run()
    assert "Give a reason" in shown(app)
    next(one for one in app.text_input if one.label == "Reason").set_value("a load test")
    next(one for one in app.radio if one.label == "It is").set_value("expected")
    save = next(one for one in app.button if one.label == "Save" and "anomaly" in one.form_id)
    save.click().run()
    assert "expected by ann@example.com: a load test" in shown(app)
    (state,) = store.states.of("anomaly").values()
    assert (state.state, state.who) == ("expected", "ann@example.com")
    assert store.changes("anomaly")[0].why == "a load test"
    assert "anomaly in this period, 1 open" not in shown(app)


def test_an_alert_s_link_opens_the_budget_that_it_is_about(
    visit: Visit, recent_wing: Path, store: DecisionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store)
    published = open_current(recent_wing)
    assert published is not None
    bodies = {item.id: item.body for item in store.items("budget")}
    found = standings(published, bodies, datetime.now(UTC).date())
    depot = Depot(str(recent_wing))
    monkeypatch.setenv("FINOPS_STORAGE", str(recent_wing))
    monkeypatch.setenv("FINOPS_PAGES_URL", "https://spend.example.com/")
    keep_standings(depot, found, {"version": published.version})
    (alert,) = [one for one in money(AlertState()).wrong if one.subject == "budget Core used"]
    address = urlsplit(alert.address)
    assert (address.netloc, address.path) == ("spend.example.com", "/budgets")
    text = shown(visit("budgets", recent_wing, **parse_qs(address.query)))
    assert "over the budget of $1.00" in text
    (one,) = found.found
    assert figures.exact(one.used, "USD") in text
