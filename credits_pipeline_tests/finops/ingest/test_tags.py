"""Tags in every provider's form are the same tags, and keys become columns."""

import json
from collections.abc import Sequence
from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings

from credits_pipeline.finops.ingest.tags import (
    TagColumn,
    tag_columns,
    tags_of_pairs,
    tags_of_text,
)

COLUMNS = (TagColumn("team", ("team", "owner-team", "squad")), TagColumn("org", (" Org",)))
_keys = st.sampled_from(
    ["team", "Team", "TEAM", " team ", "tEaM", "squad", "Owner-Team", "org", "ORG ", "x:team", "te"]
) | st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
_values = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)


def run(select: str, values: Sequence[Any], kind: str) -> list[tuple[Any, ...]]:
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE t(n INTEGER, c {kind})")
        connection.executemany("INSERT INTO t VALUES (?, ?)", list(enumerate(values)))
        return connection.execute(f"SELECT {select} FROM t ORDER BY n").fetchall()


def looked_up(tags: dict[str, str], column: TagColumn) -> set[str | None]:
    """The values that a column may have: those of the first spelling that exists."""
    for alias in column.aliases:
        wanted = alias.strip().casefold()
        found = {v.strip() or None for k, v in tags.items() if k.strip().lower() == wanted}
        if found:
            return found
    return {None}


@settings(max_examples=30)
@given(tags=st.lists(st.dictionaries(_keys, _values, max_size=4), min_size=1, max_size=30))
def test_a_key_is_found_in_any_case_and_the_first_spelling_wins(tags: list[dict[str, str]]) -> None:
    texts = [json.dumps(each, ensure_ascii=False) for each in tags]
    rows = run(f"{tags_of_text('c')}, {', '.join(tag_columns(COLUMNS, 'c'))}", texts, "VARCHAR")
    for given_tags, (text, team, org) in zip(tags, rows, strict=True):
        assert (json.loads(text) if text else {}) == given_tags
        spellings = [
            alias
            for alias in COLUMNS[0].aliases
            if any(key.strip().lower() == alias for key in given_tags)
        ]
        if len(spellings) < 2:
            assert team in looked_up(given_tags, COLUMNS[0])
        assert org in looked_up(given_tags, COLUMNS[1])


@settings(max_examples=20)
@given(tags=st.dictionaries(_keys.map(str.strip).filter(bool), _values, min_size=1, max_size=4))
def test_maps_lists_and_texts_give_the_same_object(tags: dict[str, str]) -> None:
    whole = [json.dumps(tags, ensure_ascii=False)]
    pairs = [[{"key": key, "value": value} for key, value in tags.items()]]
    ((of_text,),) = run(tags_of_text("c"), whole, "VARCHAR")
    ((bare,),) = run(tags_of_text("c"), [whole[0][1:-1]], "VARCHAR")
    ((of_pairs,),) = run(tags_of_pairs("c"), pairs, "STRUCT(key VARCHAR, value VARCHAR)[]")
    assert json.loads(of_text) == json.loads(bare) == json.loads(of_pairs) == tags


def test_values_that_are_no_text_become_text() -> None:
    written = ['{"a": 1, "b": true, "c": null, "d": "x"}', '{"a": {"b": 1}}']
    rows = [json.loads(text) for (text,) in run(tags_of_text("c"), written, "VARCHAR")]
    assert rows == [{"a": "1", "b": "true", "c": "", "d": "x"}, {"a": '{"b":1}'}]


def test_what_is_not_tags_is_nothing() -> None:
    written = ["", " ", "{}", "x", "[1]", "{", '{"a"', "1", "team=x", None]
    assert {text for (text,) in run(tags_of_text("c"), written, "VARCHAR")} == {None}
