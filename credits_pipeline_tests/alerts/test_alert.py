"""The text of an alert, and when two causes are the same."""

import pytest

from credits_pipeline.alerts.alert import Alert, cause_of


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("after 3 attempts in 61.2 s", "after 5 attempts in 4 s", True),
        ("run 8c0f-11 at 2025-02-01T10:00:00Z", "run 9d1a-12 at 2025-02-02T11:00:00Z", True),
        ("503 Service Unavailable", "403 Forbidden", False),
        ("the disk is full", "the disk is read-only", False),
    ],
)
def test_causes_that_differ_in_numbers_times_and_ids_are_one(
    one: str, other: str, same: bool
) -> None:
    assert (cause_of(one) == cause_of(other)) == same


def test_a_long_text_is_cut_and_what_is_empty_is_left_out() -> None:
    alert = Alert("s", "c", about="2025-01", state="blocked", what="word\n" * 2_000)
    ((name, text),) = alert.lines()
    assert name == "What happened"
    assert text.line(20) == "word word word word…"
    assert alert.text("https://ui.example.com") == f"What happened: {text.line(1_500)}"
    assert len(alert.text("")) == len("What happened: ") + 1_500
