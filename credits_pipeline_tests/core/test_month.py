from datetime import UTC, datetime

import pytest

from credits_pipeline.core.month import BillingMonth


def test_a_month_knows_its_first_and_last_second_in_utc() -> None:
    month = BillingMonth.parse("2024-02")
    assert month.start == datetime(2024, 2, 1, tzinfo=UTC)
    assert month.end == datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)
    assert month.hours == 29 * 24


def test_a_month_is_its_partition_key_and_back() -> None:
    assert BillingMonth.of_partition("2025-12-01") == BillingMonth(2025, 12)
    assert BillingMonth(2025, 12).partition_key == "2025-12-01"
    assert str(BillingMonth(987, 1)) == "0987-01"


@pytest.mark.parametrize(("by", "expected"), [(1, "2026-01"), (-12, "2024-12"), (0, "2025-12")])
def test_shifting_crosses_years(by: int, expected: str) -> None:
    assert str(BillingMonth(2025, 12).shift(by)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2025-13",
        "2025-00",
        "2025-1",
        "25-01",
        "2025-01-01",
        "\u0662\u0660\u0662\u0665-\u0660\u0661",
        "",
    ],
)
def test_what_is_not_a_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="month"):
        BillingMonth.parse(text)


def test_a_moment_late_at_night_elsewhere_is_in_utc_s_month() -> None:
    assert BillingMonth.at(datetime.fromisoformat("2025-01-31T22:00:00-05:00")) == BillingMonth(
        2025, 2
    )
