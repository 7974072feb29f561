"""How links spell a scope, and that reading one gives the same scope."""

from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.finops.pages.address import PAGES, link
from credits_pipeline.finops.queries.scope import COSTS, Scope

TODAY = date(2026, 11, 27)
NAMES = st.text(min_size=1, max_size=20).filter(str.strip)


@given(
    account=st.lists(NAMES, max_size=3),
    team=st.lists(NAMES, max_size=3),
    cost=st.sampled_from(COSTS),
    tax=st.sampled_from(["in", "out"]),
    period=st.sampled_from(["This month", "2026-05", "2026-05-03..2026-05-09", "Last 90 days"]),
)
def test_a_link_spells_the_whole_scope_and_reads_back_as_it(
    account: list[str], team: list[str], cost: str, tax: str, period: str
) -> None:
    words = {"account": account, "team": team, "cost": cost, "tax": tax, "period": period}
    scope = Scope.parse(words, today=TODAY)
    parts = urlsplit(link("spend", scope, base="https://spend.example.com/"))
    assert (parts.netloc, parts.path) == ("spend.example.com", "/spend")
    read = parse_qs(parts.query, strict_parsing=True, keep_blank_values=True)
    assert {"period", "cost", "credits", "tax"} <= read.keys()
    assert Scope.parse(read, today=TODAY) == scope


def test_no_character_of_a_value_leaves_its_place() -> None:
    scope = Scope.parse({"team": "a&cost=list#x y/../?é"}, today=TODAY)
    address = link("spend", scope)
    assert "team=a%26cost%3Dlist%23x%20y" in address
    assert "cost=amortised" in address


def test_the_words_of_pages_are_pinned() -> None:
    assert list(PAGES) == [
        "setup", "overview", "spend", "budgets", "optimization", "governance", "chargeback",
        "settings",
    ]  # fmt: skip
    assert link("setup") == "/setup"


def test_there_is_no_link_to_a_page_that_does_not_exist() -> None:
    with pytest.raises(KeyError):
        link("nowhere")
