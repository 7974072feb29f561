"""An account's cell is read as one text, whatever is asked about it."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credits_pipeline.credits.reading.accounts import (
    account,
    is_label,
    is_label_and_number,
    looks_like_account,
)

Question = Callable[[str], object]
QUESTIONS = (account, is_label, is_label_and_number, looks_like_account)
SOFT_HYPHEN = "\u00ad"
#: Parts of cells as people and spreadsheets write them; other parts are inserted between these.
PARTS = st.sampled_from(
    ["123456789012", "1234-5678-9012", "000000000000", "12", "Prod", "EU", "(", ")", " ", "-",
     ",", ".5", "E+11", "\t", "'", '="', '"', "\u00a0", "\u200b", "\u2212", "٣", "²", "İ"]
)  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.__name__)
@given(parts=st.lists(PARTS | st.text(max_size=3), max_size=8))
@settings(max_examples=400, deadline=None)
def test_every_question_has_an_answer_for_every_cell(question: Question, parts: list[str]) -> None:
    question("".join(parts))


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.__name__)
@given(
    # With another character at both ends, because blanks there are removed first.
    middle=st.lists(PARTS, min_size=1, max_size=6).map("".join),
    at=st.lists(st.integers(0, 40), max_size=4),
)
@settings(max_examples=400, deadline=None)
def test_soft_hyphens_within_a_cell_change_no_answer(
    question: Question, middle: str, at: list[int]
) -> None:
    cell = f"A {middle} Z"
    hyphened = cell
    for number in at:
        place = 1 + number % (len(cell) - 1)
        hyphened = hyphened[:place] + SOFT_HYPHEN + hyphened[place:]
    assert question(hyphened) == question(cell)


def test_a_label_with_soft_hyphens_in_place_of_its_id_s_end_is_no_crash() -> None:
    cell = f"Dev, EU (000000000000{SOFT_HYPHEN * 80}-2)"
    assert is_label_and_number(cell)
