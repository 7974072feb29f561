"""Invalid policies are refused with the field and the line that is wrong."""

from typing import Any

import pytest

from credits_pipeline.finops.decisions.body import checked
from credits_pipeline.finops.governance.policy import Policy, PolicyError
from credits_pipeline.finops.governance.reading import PolicyTextError, read
from credits_pipeline.finops.governance.refusal import RefusedError
from credits_pipeline.finops.governance.sentence import Sentence

GOOD: dict[str, Any] = {
    "name": "Dear",
    "type": "cost",
    "severity": "low",
    "when": "cost_month > 10",
    "say": "Costs {cost_month:.2f}",
}


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("name", None, "it is missing"),
        ("name", "  ", "it is missing"),
        ("name", "x" * 200, "too long"),
        ("name", ["a"], "not a text"),
        ("type", "money", "write one of tags, place"),
        ("severity", "critical", "write one of low, medium, high"),
        ("enabled", "yes", "write true or false"),
        ("applies_to", [], "not a kind"),
        ("applies_to", ["aws ec2"], "'aws ec2' is not a kind"),
        ("applies_to", {"a": 1}, "not a list"),
        ("needs", ["cpu"], "there is no evidence 'cpu'. What to do: did you mean"),
        ("needs", ["account"], "there is no evidence 'account'"),
        ("values", {"a": None}, "use texts, numbers and lists"),
        ("values", ["a"], "not a mapping"),
        ("values", {"gpus": 1}, "no usable name"),
        ("values", {"A b": 1}, "no usable name"),
        ("values", {"a": [1, "b"]}, "mixes texts and numbers"),
        ("scope", {"gpus": ["1"]}, "name a text column"),
        ("scope", {"region": []}, "has no values"),
        ("scope", ["a"], "not a mapping"),
        ("when", "cost_month >", "can't be read"),
        ("when", "cost_month", "compare it"),
        ("say", "{", "an unmatched bracket"),
        ("say", "{cost}", "the placeholder {cost}: there is no column 'cost'"),
        ("say", "{name:.1f}", "leave :.1f out"),
        ("say", "{length(repeat('x', 4000000000))}", "the function repeat is not allowed"),
        ("sya", "x", "there is no field 'sya'. What to do: did you mean say"),
    ],
)
def test_a_field_that_is_wrong_is_named(field: str, value: Any, says: str) -> None:
    with pytest.raises(PolicyError) as refused:
        Policy.of("dear", {**GOOD, field: value})
    assert says in str(refused.value)
    assert "policy 'dear'" in str(refused.value)
    assert refused.value.field in (field, "")


@pytest.mark.parametrize("id_", ["", "A", "a b", "../x", "x" * 90, "-a"])
def test_an_id_is_a_plain_word(id_: str) -> None:
    with pytest.raises(PolicyError, match="not an id"):
        Policy.of(id_, GOOD)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "contains no policy"),
        ("[]", "contains no policy"),
        ("x: [", "line 1"),
        (
            "id: a\nid: b\n",
            "line 2, column 1: it is not YAML that can be used: 'id' occurs twice",
        ),
        ("- &a [*a]\n", "stands within itself"),
        ("- id: 5\n", "has no id"),
        ("- just text\n", "has no id"),
        (
            "id: a\nname: b\ntype: cost\nseverity: low\nsay: x\nwhen: gpu > 1\n",
            "line 6: policy 'a'",
        ),
        ("a: !!python/object/apply:os.system ['true']", "not YAML that can be used"),
        ("x" * 300_000, "use at most"),
        ("[" * 5_000, "nested more than 50 deep"),
    ],
)
def test_a_text_that_can_not_be_read_is_reported_with_its_line(text: str, says: str) -> None:
    with pytest.raises(PolicyTextError) as refused:
        read(text, name="rules.yaml")
    assert says in str(refused.value)
    assert str(refused.value).startswith("rules.yaml")


def test_numbers_with_decimals_are_kept_exactly() -> None:
    text = "id: a\nname: b\ntype: cost\nseverity: low\nsay: x\nvalues: {most: 2.5}\n"
    (one,) = read(text + "when: cost_month > most")
    assert one.body["values"] == {"most": {"decimal": "2.5"}}
    assert checked(one.body) == one.body
    held = Policy.of("a", one.body)
    assert held.rule is not None
    assert held.rule.sql == "(cost_month > 2.5)"


@pytest.mark.parametrize(
    ("say", "values", "told"),
    [
        ("{cost_month:,.2f} a month", ["1234.500000000000000000"], "1,234.50 a month"),
        ("{cost_month}", ["12.500000000000000000"], "12.5"),
        ("{gpus:d} GPUs", ["8"], "8 GPUs"),
        ("{cpu_max_14d:.1f} %", [None], "not known %"),
        ("{name}", ["a\nb\x1b[31m{cost_month}"], "a b\\x1b[31m{cost_month}"),
        ("{cpu_max_14d:.1f}", ["inf"], "Infinity"),
        ("no placeholder", [], "no placeholder"),
    ],
)
def test_a_sentence_shows_values_as_text(say: str, values: list[str | None], told: str) -> None:
    assert Sentence.parse(say).filled(values) == told


def test_a_sentence_has_a_length() -> None:
    with pytest.raises(RefusedError, match="501 characters"):
        Sentence.parse("x" * 501)
