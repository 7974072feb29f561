"""Budgets & Forecast, in each state that a page can be in, and what its forms write."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from credits_pipeline.finops.decisions import Author
from credits_pipeline.finops.decisions.opening import open_decisions
from credits_pipeline.finops.decisions.store import DecisionStore
from credits_pipeline.finops.pages.person import Person, Role
from credits_pipeline_tests.finops.pages.conftest import HOSTILE, Visit, shown

ANN = Author("ann@example.com", "ui")
BODY = {"scope": {"team": ["core"]}, "amount": "1", "from": "2020-01", "owner": "ann"}
VIEWER = Person("vic@example.com", Role.VIEWER)
DATA_LEAD = Person("dan@example.com", Role.EDITOR, ("data",))


@pytest.fixture
def store(visit: Visit) -> Iterator[DecisionStore]:
    """The store of decisions of the page; `visit` has set where it lies."""
    with open_decisions() as decisions:
        assert isinstance(decisions, DecisionStore)
        yield decisions


def put(store: DecisionStore, id_: str = "Core", **changes: Any) -> None:
    store.put("budget", id_, {**BODY, **changes}, by=ANN, expected=None)


def fill(app: AppTest, **values: Any) -> AppTest:
    """Fill fields of the form by their labels, and save."""
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


@pytest.mark.parametrize("wing", ["one cloud", "three clouds", "a late source", "hostile names"])
def test_every_version_shows_where_it_is_heading(visit: Visit, wing: str) -> None:
    app = visit("budgets", wing, period="last month")
    text = shown(app)
    assert "Budgets & Forecast" in text
    assert "in all" in text or "so far" in text or "There is no forecast" in text


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
    assert "▲ over" in text
    assert "on track" in text
    assert "more is used than the amount; crossed on" in text
    assert "'planet' is no word of a scope" in text
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


def test_what_can_t_be_saved_is_said(visit: Visit, recent_wing: Path, store: DecisionStore) -> None:
    app = fill(visit("budgets", recent_wing), Name="X", **{"Amount of a period, USD": "much"})
    assert "This can't be saved: amount is 'much'" in shown(app)
    app = fill(app, **{"Tell when so many percent are used": "half"})
    assert "no list of percentages" in shown(app)
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


def test_a_budget_of_days_is_no_forecast(visit: Visit, recent_wing: Path) -> None:
    assert "A forecast is of whole months" in shown(
        visit("budgets", recent_wing, period="last 30 days")
    )
