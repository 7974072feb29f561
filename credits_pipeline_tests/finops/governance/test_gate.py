"""What the gate refuses, by name; whatever it lets through is built from its own pieces."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credits_pipeline.finops.governance.functions import FUNCTIONS
from credits_pipeline.finops.governance.gate import RefusedError, expression, predicate
from credits_pipeline.finops.governance.language import ASKED
from credits_pipeline_tests.finops.governance.hostile import EXAMPLES, REFUSED, texts

_SECONDS = 2
#: Everything that may stand in a rule's SQL besides quoted texts.
_WORDS = {
    "AND", "OR", "NOT", "IS", "NULL", "IN", "LIKE", "ILIKE", "CASE", "WHEN", "THEN", "END", "CAST",
    "AS", "DOUBLE", "NULLIF", "COALESCE", "TRIM", "TRUE", "FALSE", "map_contains", "concat_ws",
    "tags", "not_known", "seen_at", *ASKED, *FUNCTIONS,
}  # fmt: skip
_QUOTED = re.compile(r"'(?:[^']|'')*'")
_LEFT = re.compile(r"[A-Za-z_][A-Za-z_0-9]*|\d+(?:\.\d+)?|[()\[\],+\-*/<>=]|\s+")


def pieces_of(sql: str) -> set[str]:
    bare = _QUOTED.sub(" ", sql)
    assert _LEFT.sub("", bare) == "", sql
    return set(re.findall(r"[A-Za-z_][A-Za-z_0-9]*", bare))


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_listed_is_refused_by_name_with_what_is_allowed(what: str) -> None:
    text, named = REFUSED[what]
    with pytest.raises(RefusedError) as refused:
        predicate(text)
    assert named in str(refused.value)
    assert "What to do: " in str(refused.value)
    assert "<class" not in str(refused.value)


def test_a_refused_function_comes_with_the_list_of_functions() -> None:
    with pytest.raises(RefusedError) as refused:
        predicate("starts_wth(name, 'a')")
    assert "did you mean starts_with" in str(refused.value)
    assert all(name in str(refused.value) for name in FUNCTIONS)


def test_a_refused_column_comes_with_the_list_of_columns() -> None:
    with pytest.raises(RefusedError) as refused:
        predicate("cpu_max > 5")
    assert "did you mean cpu_max_14d" in str(refused.value)
    assert all(name in str(refused.value) for name in ASKED)


def test_an_unreadable_rule_is_reported_with_line_and_column() -> None:
    with pytest.raises(RefusedError, match="line 2, column"):
        predicate("gpus > 1 and\n  name = = 'a'")


@given(text=texts)
@settings(max_examples=EXAMPLES, deadline=None)
def test_whatever_comes_through_is_built_of_pieces_of_the_gate(text: str) -> None:
    # Processor time, not the clock: a busy machine says nothing about a text.
    began = time.process_time()
    try:
        gated = expression(text, {"allowed": ("a", "b"), "x": 3})
    except RefusedError:
        return
    finally:
        assert time.process_time() - began < _SECONDS
    assert pieces_of(gated.sql) <= _WORDS, gated.sql
    assert gated.columns <= ASKED.keys()


@given(text=st.text(max_size=40))
@settings(max_examples=150, deadline=2000)
def test_a_text_stays_a_text_whatever_is_in_it(text: str) -> None:
    written = "name = '" + text.replace("'", "''") + "'"
    try:
        gated = predicate(written)
    except RefusedError:
        return
    found = _QUOTED.findall(gated.sql)
    assert len(found) == 1
    assert found[0][1:-1].replace("''", "'") == text


def test_lists_and_values_have_names() -> None:
    values = {"allowed": ("eu-west-1", "it's"), "most": 5}
    assert predicate("region not in allowed and gpus > most", values).sql == (
        "((NOT (region IN ('eu-west-1', 'it''s'))) AND (gpus > 5))"
    )
    with pytest.raises(RefusedError, match="the list allowed is empty"):
        predicate("region in allowed", {"allowed": ()})
    with pytest.raises(RefusedError, match="no usable name"):
        predicate("gpus > gpus", {"gpus": 5})
