"""Every page in every state, and what a person must find on it besides the title."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from credits_pipeline.finops.address import PAGES
from credits_pipeline.finops.decisions import Author
from credits_pipeline.finops.decisions.opening import open_decisions
from credits_pipeline.finops.pages.person import Person, Role
from credits_pipeline.finops.sources import Source, SourceBook
from credits_pipeline_tests.finops.pages.conftest import FILES, LAST, Visit, shown

VIEWER = Person("vic@example.com", Role.VIEWER)
LEAD = Person("lea@example.com", Role.EDITOR, ("search",))
#: Pages that show bills, with the status line and everything else that depends on bills.
OF_BILLS = [page for page in FILES if page not in ("setup", "settings")]
#: Those with the scope bar.
SCOPED = [page for page in OF_BILLS if page != "chargeback"]
#: For each page a word with a missing value, and the page's message about it.
BAD_LINKS = {
    "setup": ({"source": "nobody"}, "There is no source nobody here"),
    "overview": ({"account": "nobody"}, "occurs in no bill"),
    "spend": ({"service": "nobody"}, "occurs in no bill"),
    "budgets": ({"budget": "nobody"}, "There is no budget nobody here"),
    "optimization": ({"cloud": "nobody"}, "occurs in no bill"),
    "governance": ({"violation": "nobody"}, "There is no violation nobody in this scope"),
    "chargeback": ({"month": "2001-01"}, "There is no bill for the month"),
    "settings": ({"section": "nobody"}, "There is no section nobody here"),
}
#: What everybody may press: it reads, shows and links, and changes nothing for others.
HARMLESS = {
    "Show everything, this month", "Show it", "EUR", "USD", "New policy",
    "Try it", "Count the dollars of each spelling",
}  # fmt: skip
#: On Spend everybody may save a private view.
OWN = {"spend": {"Save"}}
CLOUDS = {"one cloud": ("AWS",), "three clouds": ("AWS", "Azure", "Google Cloud")}


@pytest.fixture
def looked(visit: Visit, tmp_path: Path) -> Visit:
    """With the bills' sources connected, so that Setup has something to show."""
    with open_decisions() as decisions:
        for name in ("aws", "azure", "gcp"):
            body = {"provider": "focus", "location": f"{tmp_path}/{name}", "export": ""}
            SourceBook(decisions).add(Source.of(name, body), by=Author("ann@example.com", "cli"))
    return visit


def said(app: AppTest, page: str) -> str:
    assert [title.value for title in app.title] == [PAGES[page]]
    return shown(app)


def presses(app: AppTest) -> list[str]:
    return [button.label for button in app.button if not button.disabled]


@pytest.mark.parametrize("page", FILES)
def test_with_nothing_yet_a_page_says_what_comes_first(visit: Visit, page: str) -> None:
    app = visit(page, "nothing yet")
    text = said(app, page)
    if page in OF_BILLS:
        assert "No bill has been read yet" in text
        assert [code.value for code in app.code] == ["credits-pipeline ingest"]
        assert "Go to Setup" in text
    elif page == "setup":
        assert "No source of bills is connected yet" in text
        assert "credits-pipeline demo" in text
    else:
        assert "local" in text or "ann@example.com" in text


@pytest.mark.parametrize("wing", CLOUDS)
@pytest.mark.parametrize("page", FILES)
def test_each_cloud_is_named_with_its_age(looked: Visit, page: str, wing: str) -> None:
    text = said(looked(page, wing, period=str(LAST)), page)
    if page in OF_BILLS:
        ages = text.split("Complete through")[1].splitlines()[0]
        assert [cloud for cloud in CLOUDS["three clouds"] if cloud in ages] == [*CLOUDS[wing]]
    elif page == "setup":
        # Three others are read daily besides bills; the other two clouds were never read.
        assert text.count("never read") == (5 if wing == "one cloud" else 3)
        assert "Run credits-pipeline scan." in text


@pytest.mark.parametrize("page", FILES)
def test_the_source_that_is_late_is_named_and_no_other(looked: Visit, page: str) -> None:
    text = said(looked(page, "a late source", period="Last 30 days"), page)
    if page == "settings":
        assert "days behind" not in text
        return
    assert text.count("days behind") == 1
    assert "9 days behind" in text


@pytest.mark.parametrize("page", FILES)
def test_a_link_to_something_missing_is_reported_and_shows_nothing_instead(
    looked: Visit, page: str
) -> None:
    words, says = BAD_LINKS[page]
    app = looked(page, "three clouds", **words)
    said(app, page)
    (told,) = [one.value.replace("\\", "") for one in app.error]
    assert says in told
    if says == "occurs in no bill":
        assert not app.dataframe


@pytest.mark.parametrize("page", FILES)
def test_a_viewer_can_press_nothing_that_changes_something_and_is_told_why(
    looked: Visit, page: str
) -> None:
    words = {"source": "aws"} if page == "setup" else {}
    app = looked(page, "three clouds", person=VIEWER, **words)
    said(app, page)
    assert set(presses(app)) - HARMLESS - OWN.get(page, set()) == set()
    off = [button for button in app.button if button.disabled]
    assert [button.label for button in off if "this needs the role" not in button.help] == []
    if page not in ("overview", "spend", "settings"):
        assert off, "there is something to do here for those who may"


@pytest.mark.parametrize("page", FILES)
def test_a_team_s_lead_finds_that_team_and_no_other(looked: Visit, page: str) -> None:
    hidden = ("payroll", "azure machines", "azure-1", "Machines", "platform-prod", "gcp")
    if page in ("overview", "spend"):
        everything = shown(looked(page, "three clouds", period=str(LAST)))
        assert any(name in everything for name in hidden)
    text = said(looked(page, "three clouds", person=LEAD, period=str(LAST)), page)
    assert [name for name in hidden if name in text] == []
    if page in ("spend", "chargeback"):
        assert "$16.53" in text


@pytest.mark.parametrize("page", FILES)
def test_two_currencies_are_chosen_from_or_shown_apart_and_never_added(
    looked: Visit, page: str
) -> None:
    app = looked(page, "two currencies", period=str(LAST), month=str(LAST))
    text = said(app, page)
    assert "134.6" not in text, "what both add up to"
    if page in SCOPED:
        assert {"EUR", "USD"} <= set(presses(app))
        assert not app.dataframe
    elif page == "chargeback":
        assert [one.value for one in app.subheader] == ["EUR", "USD"]
