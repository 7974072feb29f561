"""Models as people write them: read as a whole, or refused with every fault and its place."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from credits_pipeline.finops.chargeback.decided import Decided, DecidedError
from credits_pipeline.finops.chargeback.kinds import METRIC, MODEL, OWNER, RATES
from credits_pipeline.finops.chargeback.model import Model, ModelError, Rule, matches
from credits_pipeline.finops.decisions.body import checked
from credits_pipeline_tests.finops.chargeback.conftest import TEAMS
from credits_pipeline_tests.finops.chargeback.test_allocating import models


@given(models)
@settings(max_examples=40)
def test_a_model_that_is_kept_reads_back_as_it_was(model: Model) -> None:
    assert Model.parse(model.name, checked(model.body())) == model


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "weights": ({"pools": [{"name": "p", "split": "fixed", "shares": {"a": "60", "b": "39.9"}}]},
                "pool 1: its shares add up to 99.9 %, and must be 100 %."),
    "no shares": ({"pools": [{"name": "p", "split": "fixed"}]}, "add up to 0 %"),
    "negative": ({"pools": [{"name": "p", "split": "fixed", "shares": {"a": "-1"}}]},
                 "the share of 'a' is '-1'"),
    "no such pool": ({"rules": [{"pool": "p"}]}, "rule 1: there is no pool 'p'."),
    "twice": ({"pools": [{"name": "p", "split": "even"}] * 2}, "the pool 'p' occurs twice."),
    "no metric": ({"pools": [{"name": "p", "split": "metric"}]}, "pool 1: name a metric"),
    "no target": ({"rules": [{"when": {"account": "1"}}]}, "rule 1 needs exactly one of"),
    "two targets": ({"rules": [{"to": "a", "by": "team"}]}, "rule 1 needs exactly one of"),
    "a word": ({"rules": [{"when": {"acount": "1"}, "to": "a"}]},
               "rule 1: 'acount' is not a word of a charge"),
    "a number": ({"rules": [{"when": {"account": 123}, "to": "a"}]}, "stands in quotes"),
    "a field": ({"rulez": []}, "'rulez' is not known"),
    "the dimension": ({"to": "floor"}, "to is one of team, product, and not 'floor'."),
    "the credits": ({"credits": "mine"}, "credits is one of bill, receipts"),
    "rates": ({"convert": "USD"}, "write both, or neither"),
    "a list": ({"rules": {"to": "a"}}, "rules is a list."),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_a_model_is_reported_with_its_place(name: str) -> None:
    body, says = FAULTS[name]
    with pytest.raises(ModelError) as refused:
        Model.parse("m", body, tags=("team",))
    assert says in str(refused.value)


def test_all_faults_are_reported_at_once() -> None:
    bodies = [body for body, _ in FAULTS.values() if list(body) == ["rules"]]
    rules = [rule for body in bodies if isinstance(body["rules"], list) for rule in body["rules"]]
    with pytest.raises(ModelError) as refused:
        Model.parse("m", {"rules": rules}, tags=("team",))
    assert len(refused.value.faults) >= len(rules)


@pytest.mark.parametrize(
    ("pattern", "value", "holds"),
    [
        ("a", "a", True), ("a", "A", False), ("a*", "abc", True), ("*c", "abc", True),
        ("a*c", "ac", True), ("a*bc", "abc", True), ("ab*bc", "abc", False), ("*", "", True),
        ("a*b*c", "axxbyyc", True), ("a*b*c", "acb", False), ("[a]", "a", False),
        ("a?", "ab", False),
    ],
)  # fmt: skip
def test_a_star_stands_for_any_text_and_nothing_else_does(
    pattern: str, value: str, holds: bool
) -> None:
    assert matches(pattern, value) is holds


def test_an_account_is_named_by_its_id_or_its_name() -> None:
    rule = Rule(when=(("account", ("labs",)),), to="a")
    assert rule.owner({"account": ("222", "labs")}) == "a"
    assert rule.owner({"account": ("222",)}) is None


def test_without_a_saved_model_the_tag_says_who_owns_a_charge() -> None:
    decided = Decided.read({})
    assert decided.is_default
    assert decided.model(None).rules == (Rule(by="team"),)
    with pytest.raises(DecidedError, match="there is no allocation model 'x'"):
        decided.model("x")


def test_a_statement_depends_on_what_its_model_uses_and_on_nothing_else() -> None:
    contents = {
        "allocation_model": {"teams": TEAMS, "other": {"to": "product"}},
        "statement_owner": {"team:a": {}, "product:b": {}},
        "allocation_metric": {"requests": {"months": {}}},
        "exchange_rates": {"ecb": {"to": "USD", "months": {}}},
    }
    decided = Decided.read(contents)
    assert {
        kind: sorted(found) for kind, found in decided.used(decided.model("teams")).items()
    } == {
        "allocation_model": ["teams"],
        "statement_owner": ["team:a"],
    }


@pytest.mark.parametrize(
    ("kind", "id_", "body", "says"),
    [
        (OWNER, "search", {}, "team:NAME or product:NAME"),
        (OWNER, "team:a", {"addresses": "a@example.com"}, "addresses as a list"),
        (OWNER, "team:a", {"adresses": []}, "no 'adresses'"),
        (METRIC, "m", {"months": {"2026-13": {}}}, "2026-13"),
        (METRIC, "m", {"months": {"2026-05": {"a": "-1"}}}, "zero or more"),
        (RATES, "r", {"months": {}}, "a target currency"),
        (RATES, "r", {"to": "USD", "months": {"2026-05": {"EUR": "0"}}}, "above zero"),
        (MODEL, "m", {"to": "x"}, "to is one of"),
    ],
)
def test_a_kind_of_decisions_refuses_what_it_can_not_use(
    kind: Any, id_: str, body: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        kind.check(id_, body)


def test_numbers_of_a_metric_stay_exact() -> None:
    decided = Decided.read({"allocation_metric": {"m": {"months": {"2026-05": {"a": "0.1"}}}}})
    assert decided.metrics["m"]["2026-05"]["a"] == Decimal("0.1")
