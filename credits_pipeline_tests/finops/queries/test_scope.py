"""Scopes: writing one and reading it gives the same, and all bad words are named at once."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.finops.queries.periods import PERIOD_WORDS
from credits_pipeline.finops.queries.scope import COSTS, Scope, ScopeError
from credits_pipeline.finops.queries.words import FIXED_WORDS, Vocabulary, blank

TODAY = date(2026, 5, 12)
TAGS = ("team", "product", "environment", "cost_center")
FILTERS = tuple(Vocabulary(TAGS).filters)
TEXTS = st.text(min_size=1, max_size=8).filter(str.strip)
WORDS = st.fixed_dictionaries(
    {},
    optional={
        "period": st.sampled_from([*PERIOD_WORDS, "2026-05", "2026-05-03..2026-05-09"]),
        "cost": st.sampled_from(COSTS[:3]),
        "credits": st.sampled_from(["in", "out"]),
        "tax": st.sampled_from(["in", "out"]),
        "currency": st.sampled_from(["USD", "eur"]),
        "group": st.lists(st.sampled_from([*FILTERS, "day", "month"]), max_size=3),
        **{word: st.lists(TEXTS, max_size=3) for word in FILTERS},
    },
)


def parse(words: dict[str, Any]) -> Scope:
    return Scope.parse(words, today=TODAY, tags=TAGS)


def test_without_a_word_every_charge_of_this_month_counts() -> None:
    scope = parse({})
    assert scope.basis == "Amortised, credits in, tax in"
    assert (scope.period.word, scope.filters, scope.group) == ("This month", {}, ())


@given(WORDS)
def test_a_scope_s_words_give_the_same_scope(words: dict[str, Any]) -> None:
    scope = parse(words)
    assert parse(scope.words()) == scope


@given(WORDS, st.randoms())
def test_the_order_of_words_and_values_does_not_matter(words: dict[str, Any], random: Any) -> None:
    group = words.pop("group", [])
    shuffled = {
        word: random.sample(values, len(values)) if isinstance(values, list) else values
        for word, values in random.sample(sorted(words.items()), len(words))
    }
    assert parse({**words, "group": group}) == parse({**shuffled, "group": group})


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"acount": "1"}, "'acount' is not a word of a scope; did you mean account?"),
        ({"cost": "blended"}, "cost is one of amortised, billed, list, net"),
        ({"credits": "yes"}, "credits is one of in, out"),
        ({"tax": "no"}, "tax is one of in, out"),
        ({"group": ["cloud", "colour"]}, "'colour' is not one of them"),
        ({"period": "never"}, "'never' is not a period"),
        ({"cost": ["billed", "list"]}, "cost takes one value, but got billed, list"),
        ({"cost": "net", "source": "aws"}, "source can't be combined with cost=net"),
        ({"group": "resource"}, "needs one account"),
        (
            {"group": "resource", "account": "1", "period": "Last 30 days"},
            "costs of resources are stored by month",
        ),
    ],
)
def test_a_bad_word_is_named_with_what_is_right(words: dict[str, Any], told: str) -> None:
    with pytest.raises(ScopeError) as caught:
        parse(words)
    assert told in str(caught.value)


def test_all_bad_words_are_named_at_once() -> None:
    with pytest.raises(ScopeError) as caught:
        parse({"period": "never", "cost": "x", "nonsense": "1", "group": "y"})
    for word in ("never", "'x'", "nonsense", "'y'"):
        assert word in str(caught.value)


def test_a_link_to_a_row_narrows_the_scope() -> None:
    scope = parse({"team": ["core"], "group": "service"})
    assert scope.narrowed("service", "Machines").filters == {
        "service": ("Machines",),
        "team": ("core",),
    }
    assert scope.narrowed("team", None).filters["team"] == ("(untagged)",)
    assert scope.narrowed("region", None).filters["region"] == ("(none)",)


def test_every_configured_tag_is_a_word_and_takes_no_other_s_place() -> None:
    words = Vocabulary(("team", "environment", "region", "cost", "day", "period")).filters
    assert words["environment"] == "tag_environment"
    assert words["region"] == "region_id"
    assert "product" not in words
    assert not {"cost", "day", "period"} & words.keys()


@pytest.mark.parametrize("word", FIXED_WORDS)
def test_the_lack_of_a_value_has_a_name(word: str) -> None:
    assert blank(word) == ("(untagged)" if word in ("team", "product") else "(none)")
