import json

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from credits_pipeline.cloudzero.jsontext import json_length, json_strings

texts = st.text(st.characters(exclude_categories=["Cs"]))


@settings(deadline=None)
@given(st.lists(texts, min_size=1))
def test_any_text_reads_back_from_json_and_has_the_length_foretold(values: list[str]) -> None:
    made = pl.DataFrame({"text": values}).select(
        json=json_strings(pl.col("text")), length=json_length(pl.col("text"))
    )
    assert [json.loads(text) for text in made["json"]] == values
    assert made["length"].to_list() == [len(text.encode()) for text in made["json"]]


def test_a_value_that_is_missing_stays_missing() -> None:
    made = pl.select(json_strings(pl.lit(None, dtype=pl.String))).to_series()
    assert made.to_list() == [None]
