"""Periods: words and dates, month ends, and the period before each."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.finops.queries.periods import PERIOD_WORDS, Period, PeriodError

DAYS = st.dates(min_value=date(2020, 1, 1), max_value=date(2035, 12, 31))


@pytest.mark.parametrize(
    ("word", "today", "start", "last", "by_month"),
    [
        ("This month", "2026-05-12", "2026-05-01", "2026-05-31", True),
        ("this month", "2026-05-01", "2026-04-01", "2026-04-30", True),
        ("This month", "2026-01-01", "2025-12-01", "2025-12-31", True),
        ("Last month", "2026-03-31", "2026-02-01", "2026-02-28", True),
        ("Last month", "2024-03-01", "2024-02-01", "2024-02-29", True),
        ("Last 30 days", "2024-03-01", "2024-01-31", "2024-02-29", False),
        ("Last 90 days", "2026-05-12", "2026-02-11", "2026-05-11", False),
        ("Last 12 months", "2026-05-12", "2025-05-01", "2026-04-30", True),
        ("2024-02", "2026-05-12", "2024-02-01", "2024-02-29", True),
        ("2026-01..2026-03", "2026-05-12", "2026-01-01", "2026-03-31", True),
        ("2026-05-03..2026-05-09", "2026-05-12", "2026-05-03", "2026-05-09", False),
        ("2026-05-01..2026-05-31", "2026-05-12", "2026-05-01", "2026-05-31", True),
        ("2024-02-29..2024-02-29", "2026-05-12", "2024-02-29", "2024-02-29", False),
        (" 2026-02 ", "2026-05-12", "2026-02-01", "2026-02-28", True),
        ("2025-11-15..2026-02", "2026-05-12", "2025-11-15", "2026-02-28", False),
    ],
)
def test_words_are_days(word: str, today: str, start: str, last: str, by_month: bool) -> None:
    period = Period.parse(word, date.fromisoformat(today))
    assert (str(period.start), str(period.last), period.by_month) == (start, last, by_month)


@pytest.mark.parametrize(
    "text",
    [
        "", "yesterday", "2026", "2026-13", "2026-02-30..2026-03-01", "2026-05-09..2026-05-03",
        "2026-05-03", "..", "2026-05..", "2026-05-03..x", "0000-01", "9998-12", "2026-5",
        "\u0662\u0660\u0662\u0666-05", "2026-05-03..2026-05-09..2026-05-10",
    ],
)  # fmt: skip
def test_what_is_not_a_period_is_refused_with_examples_of_one(text: str) -> None:
    if text == "9998-12":
        # The last month that has a next one is still a month.
        with pytest.raises(PeriodError):
            Period.parse("9999-12", date(2026, 5, 12))
        return
    with pytest.raises(PeriodError, match=r"This month|write|before it begins"):
        Period.parse(text, date(2026, 5, 12))


@pytest.mark.parametrize(
    ("word", "start", "last"),
    [
        ("2024-03", "2024-02-01", "2024-02-29"),
        ("2026-01", "2025-12-01", "2025-12-31"),
        ("2026-01..2026-03", "2025-10-01", "2025-12-31"),
        ("2024-03-01..2024-03-10", "2024-02-20", "2024-02-29"),
    ],
)
def test_the_period_before_has_as_many_months_or_days(word: str, start: str, last: str) -> None:
    before = Period.parse(word, date(2026, 5, 12)).previous()
    assert (str(before.start), str(before.last)) == (start, last)


@given(today=DAYS, word=st.sampled_from(PERIOD_WORDS))
def test_every_word_gives_whole_days_and_reads_as_itself(today: date, word: str) -> None:
    period = Period.parse(word, today)
    assert period.days > 0
    assert period.start <= period.last < period.end
    assert Period.parse(period.word, today) == period
    assert period.previous().end == period.start
    assert len(period.months) == len(set(period.months))


@given(start=DAYS, days=st.integers(0, 800))
def test_a_range_is_by_month_only_where_it_is_whole_months(start: date, days: int) -> None:
    last = start + timedelta(days=days)
    period = Period.parse(f"{start}..{last}", date(2026, 5, 12))
    assert period.days == days + 1
    assert period.by_month == (start.day == 1 and (last + timedelta(days=1)).day == 1)
    before = period.previous()
    assert len(before.months) == len(period.months) if period.by_month else True
    assert before.days == period.days or period.by_month
