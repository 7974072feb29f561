import json

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from credits_pipeline.credits.cloudzero.jsontext import JsonObjects, json_length, json_strings

texts = st.text(st.characters(exclude_categories=["Cs"]))


@settings(deadline=None)
@given(st.lists(texts, min_size=1))
def test_any_text_reads_back_from_json_and_has_the_predicted_length(values: list[str]) -> None:
    made = pl.DataFrame({"text": values}).select(
        json=json_strings(pl.col("text")), length=json_length(pl.col("text"))
    )
    assert [json.loads(text) for text in made["json"]] == values
    assert made["length"].to_list() == [len(text.encode()) for text in made["json"]]


def test_a_value_that_is_missing_stays_missing() -> None:
    made = pl.select(json_strings(pl.lit(None, dtype=pl.String))).to_series()
    assert made.to_list() == [None]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(texts, st.sampled_from(["a", 'b"', "\x1f"]), st.just("é"), texts), min_size=1
    )
)
def test_rows_become_objects_whether_their_values_differ_or_not(
    rows: list[tuple[str, ...]],
) -> None:
    """Columns with different values, few values, one value, and one that replaces another."""
    names = ["x", 'name "y"', "z\\", "start"]
    table = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    objects = JsonObjects.of(table, {"start": "00"})
    made = table.select(objects.texts({"start": '0"'}).str.join("\n")).item().split("\n")
    assert [json.loads(text) for text in made] == [
        dict(zip(names, (*row[:3], '0"'), strict=True)) for row in rows
    ]
    written = table.select(objects.texts({})).to_series()
    assert objects.lengths(table).to_list() == [len(text.encode()) for text in written]
