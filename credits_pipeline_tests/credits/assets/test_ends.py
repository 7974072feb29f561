"""Deliberate ends in Dagster: one sentence, however Dagster transports errors between processes."""

import sys
from types import ModuleType
from typing import Any

import dagster as dg
import pytest

from credits_pipeline.credits.assets.ends import Refused, plain_error
from credits_pipeline.text import Outside

SENTENCE = "2025-02 BLOCKED: one row can't be read."


class _OtherError(Exception):
    """As a later Dagster might define it, with other arguments."""

    def __init__(self, *, told: str) -> None:
        super().__init__(told)


def ended(error: Exception) -> Any:
    """What Dagster stores about a step that ended with an error."""

    @dg.op
    def month() -> None:
        raise error

    @dg.job
    def one() -> None:
        month()

    result = one.execute_in_process(raise_on_error=False)
    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    return failure.step_failure_data


def test_an_end_on_purpose_is_a_sentence_without_a_stack_trace() -> None:
    kept = ended(Refused(Outside(SENTENCE)))
    assert kept.user_failure_data.description == SENTENCE
    assert kept.error.message == f"{SENTENCE}\n"
    assert kept.error.stack == []


@pytest.mark.parametrize("of_dagster", [{}, {"DagsterUserCodeProcessError": _OtherError}])
def test_a_dagster_without_that_error_shows_the_sentence_above_a_stack_trace(
    monkeypatch: pytest.MonkeyPatch, of_dagster: dict[str, Any]
) -> None:
    changed = ModuleType("dagster._core.errors")
    vars(changed).update(of_dagster)
    with monkeypatch.context() as other:
        other.setitem(sys.modules, "dagster._core.errors", changed)
        base: Any = plain_error()
    assert base is Exception
    kind: Any = type("Refused", (dg.Failure, base), {})
    kept = ended(kind(description=SENTENCE))
    assert kept.user_failure_data.description == SENTENCE
    assert SENTENCE in kept.error.message
    assert kept.error.stack != []
