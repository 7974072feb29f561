"""One line per run, which every reader sees as one line with its fields."""

import json
from dataclasses import fields
from typing import Any

import pytest

from credits_pipeline.credits.state.attempt import Attempt, Verdict
from credits_pipeline.reporting.log_line import LONGEST, log_line


def attempt(**changes: Any) -> Attempt:
    return Attempt("run-1", "2025-01", Verdict.BLOCKED, **changes)


@pytest.mark.parametrize("end", ["\n", "\r", "\x85", "\u2028", "\u2029", "\x0b", "\x1c"])
def test_no_text_of_a_file_breaks_it(end: str) -> None:
    line = log_line(attempt(reason=f"line 5{end}: äöü", file=f"credits{end}.csv"))
    assert line.splitlines() == [line]
    assert json.loads(line)["reason"] == f"line 5{end}: äöü"


def test_it_has_every_field_of_the_attempt_at_the_top() -> None:
    told = json.loads(log_line(attempt(warnings=["one", "two"])))
    assert {field.name for field in fields(Attempt)} < set(told)
    assert told["event"] == "credits_run"
    assert told["verdict"] == "blocked"
    assert (told["warnings_count"], told["requests_count"], told["shortened"]) == (2, 0, False)


@pytest.mark.parametrize(
    "much",
    [
        {"warnings": ["a warning"] * 5_000},
        {"requests": [{"operation": "create", "drop_id": "x" * 30}] * 500},
        {"reason": "ü" * 20_000, "what_to_do": "x" * 20_000},
    ],
)
def test_it_stays_short_and_says_what_it_left_out(much: dict[str, Any]) -> None:
    line = log_line(attempt(**much))
    told = json.loads(line)
    assert len(line) <= LONGEST
    assert told["shortened"]
    assert told["verdict"] == "blocked"
    for name, found in much.items():
        if isinstance(found, list):
            assert told[f"{name}_count"] == len(found)
            assert name not in told
