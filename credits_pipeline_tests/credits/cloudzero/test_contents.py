import json
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credits_pipeline.credits.cloudzero import contents
from credits_pipeline.credits.cloudzero.contents import read_contents
from credits_pipeline.credits.cloudzero.errors import UnreadableAnswerError

texts = st.text(
    st.one_of(st.sampled_from('{},[]:"\\ é€'), st.characters(exclude_categories=["Cs"])),
    max_size=12,
)
names = st.sampled_from(["cost/cost", "resource/account", "lineitem/description", "x,{}"])
values = st.one_of(texts, st.none(), st.integers(), st.booleans(), st.lists(st.integers()))


def pieces(text: bytes, size: int) -> Iterator[bytes]:
    for first in range(0, len(text), size):
        yield text[first : first + size]


@settings(deadline=None)
@given(
    rows=st.lists(st.dictionaries(names, values, min_size=1), min_size=1, max_size=8),
    size=st.integers(1, 60),
    batch=st.integers(1, 80),
    indent=st.sampled_from([None, 1]),
)
def test_rows_read_the_same_in_any_pieces(
    rows: list[dict[str, Any]], size: int, batch: int, indent: int | None
) -> None:
    """Rows with braces and commas inside strings, cut anywhere, even inside a character."""
    answer = json.dumps({"billing_drop": rows}, ensure_ascii=False, indent=indent).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contents, "_BATCH_CHARACTERS", batch)
        table = read_contents(pieces(answer, size))
    assert set(table.columns) == {name for row in rows for name in row}
    assert set(table.dtypes) == {pl.String}

    def text(value: Any) -> str | None:
        return value if isinstance(value, str | None) else json.dumps(value)

    expected = [{name: text(row.get(name)) for name in table.columns} for row in rows]
    read = [{name: text_of_list(row[name]) for name in table.columns} for row in table.to_dicts()]
    assert read == [{k: text_of_list(v) for k, v in row.items()} for row in expected]


def text_of_list(value: str | None) -> str | None:
    """Numbers inside a list keep their spelling."""
    return value.replace('"', "") if value is not None and value.startswith("[") else value


@pytest.mark.parametrize(
    "answer",
    [
        b'{"billing_drop": []}',
        b' { "billing_drop" : [ ] } ',
        b'{"billing_drop": [], "pagination": {}}',
        b'{"pagination": {}, "billing_drop": []}',
    ],
)
def test_no_rows_are_an_empty_table(answer: bytes) -> None:
    assert read_contents([answer]).is_empty()


def test_names_before_and_after_the_rows_do_not_matter() -> None:
    answer = b'{"month": "2025-01", "billing_drop": [{"a": "1"}, {"a": "2"}], "more": [{"b": 1}]}'
    assert read_contents(pieces(answer, 7)).to_dict(as_series=False) == {"a": ["1", "2"]}


def test_numbers_keep_every_digit() -> None:
    answer = b'{"billing_drop": [{"cost/cost": -1.000000000000000000000000000001}]}'
    assert read_contents([answer])["cost/cost"].to_list() == ["-1.000000000000000000000000000001"]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>hello</html>",
        b'{"billing_drop": [{"a": "1"}, {"a": "2"',
        b'{"billing_drop": [{"a": "1"},',
        b'{"billing_drop": [{"a": "1"}]',
        b'{"billing_drop": [{"a": "1"}]} and more',
        b'{"billing_drop": {"a": "1"}}',
        b'{"billing_drop": ["a", "b"]}',
        b'{"billing_drop": null}',
        b'{"drops": []}',
        b"[]",
        b"null",
        b'{"billing_drop": [{"a": "\xff"}]}',
        b'{"billing_drop": [{"a": "\xc3',
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_anything_else_is_unreadable_and_never_an_empty_month(answer: bytes, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contents, "_BATCH_CHARACTERS", 1)
        with pytest.raises(UnreadableAnswerError):
            read_contents(pieces(answer, size))


def test_a_mix_of_rows_and_other_things_is_unreadable() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contents, "_BATCH_CHARACTERS", 1)
        with pytest.raises(UnreadableAnswerError):
            read_contents(pieces(b'{"billing_drop": [1, {"a": "1"}, {"a": "2"}, {"a": "3"}]}', 5))
