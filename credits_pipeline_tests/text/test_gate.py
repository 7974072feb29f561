"""The gate of failures and logs: no error and no line leaves with active or invisible content."""

import logging
import traceback
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.text import Outside, gated, log_of
from credits_pipeline.text.gate import WordsFromOutsideError
from credits_pipeline_tests.text.hostile import TEXTS

UNSEEN = st.text(max_size=60) | st.sampled_from([text[:500] for text in TEXTS.values()])


def unseen(text: str) -> list[str]:
    """The lines of a text that a person does not see completely."""
    return [line for line in text.split("\n") if Outside(line).lines() != line]


class OddError(Exception):
    """Its message is not one of its arguments."""

    def __init__(self, told: str) -> None:
        super().__init__(1, 2)
        self.told = told

    def __str__(self) -> str:
        return f"odd: {self.told}"


def raises(kind: str, text: str) -> Any:
    if kind == "an OSError":
        raise FileNotFoundError(2, text, f"{text}.csv")
    if kind == "words of its own":
        raise OddError(text)
    if kind == "with a note":
        error = ValueError("plain")
        error.add_note(text)
        raise error
    if kind == "with a cause":
        try:
            raises("words of its own", text)
        except OddError as error:
            raise ValueError(text) from error
    if kind == "on the way":
        try:
            raises("an OSError", text)
        except OSError:
            raise KeyError(text)  # noqa: B904 - the chain is the point
    if kind == "hidden":
        try:
            raises("an OSError", text)
        except OSError:
            raise KeyError(text) from None
    raise ValueError(text)


KINDS = (
    "words", "an OSError", "words of its own", "with a note", "with a cause", "on the way", "hidden"
)  # fmt: skip


@given(text=UNSEEN, kind=st.sampled_from(KINDS), generates=st.booleans())
def test_whatever_a_step_raises_is_shown_whole_and_so_is_what_led_to_it(
    text: str, kind: str, generates: bool
) -> None:
    def returning() -> Any:
        return raises(kind, text)

    def generating() -> Any:
        yield 1
        raises(kind, text)

    with pytest.raises(Exception) as caught:  # noqa: PT011 - any
        list(gated(generating if generates else returning)())
    shown = traceback.TracebackException.from_exception(caught.value)
    told = [shown]
    for one in told:
        said = "".join(one.format_exception_only())
        assert unseen(said) == []
        told += [each for each in (one.__cause__, one.__context__) if each is not None]
    plain = {"words": ValueError, "with a cause": ValueError, "on the way": KeyError}
    assert isinstance(caught.value, (plain.get(kind, Exception), WordsFromOutsideError))


def test_an_error_that_says_nothing_hidden_stays_what_it_is() -> None:
    error = OSError(2, "no such file", "credits-2025-01.csv")

    @gated
    def step() -> None:
        raise error

    with pytest.raises(OSError, match="no such file") as caught:
        step()
    assert caught.value is error
    assert caught.value.args == (2, "no such file")


def test_a_gate_lets_values_through_and_sends_them_in() -> None:
    @gated
    def steps() -> Any:
        sent = yield 1
        assert sent == "in"
        return "out"

    running = steps()
    assert next(running) == 1
    with pytest.raises(StopIteration) as ended:
        running.send("in")
    assert ended.value.value == "out"


@given(text=UNSEEN)
def test_no_line_of_a_log_acts_on_a_terminal(text: str) -> None:
    handler = logging.Handler()
    lines: list[str] = []
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("credits_pipeline_tests.gate")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    log = log_of(logger.name)
    log.info("an answer: %s, %d times", text, 2)
    log.warning(text)
    log.debug("%s", text)
    logger.removeHandler(handler)
    assert len(lines) == 2
    assert [unseen(line) for line in lines] == [[], []]
    assert not any("\n" in line for line in lines)
