"""A month compared with the months before it: what is usual, what is not, and the messages."""

from decimal import Decimal

import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.evaluation.plausible import EarlierMonth, PlausibleLimits, plausible

JANUARY = BillingMonth(2025, 1)


def before(*months: tuple[str, int]) -> list[EarlierMonth]:
    """Months before January, the nearest first."""
    return [
        EarlierMonth(JANUARY.shift(-1 - number), Decimal(usd), accounts)
        for number, (usd, accounts) in enumerate(months)
    ]


USUAL = before(("100.00", 20), ("110.00", 22), ("90.00", 18))


def test_without_a_month_before_it_holds_and_says_so() -> None:
    found = plausible(Decimal("5.00"), 1, [])
    assert found.passed
    assert found.message == "There is no verified month before this one to compare it with."
    assert found.metrics == {"months_compared": 0}


@pytest.mark.parametrize(
    ("usd", "accounts", "holds"),
    [
        ("100.00", 20, True),
        ("150.00", 30, True),
        ("50.00", 10, True),
        ("150.01", 20, False),
        ("49.99", 20, False),
        ("100.00", 31, False),
        ("100.00", 9, False),
        ("0.00", 20, False),
        ("-100.00", 20, False),
    ],
)
def test_more_than_half_off_the_middle_is_unusual_and_never_stops_a_month(
    usd: str, accounts: int, holds: bool
) -> None:
    found = plausible(Decimal(usd), accounts, USUAL)
    assert found.passed is holds
    assert not found.blocking


def test_it_says_how_far_off_what_is_usual_and_since_when() -> None:
    found = plausible(Decimal("210.00"), 21, USUAL)
    assert found.message == (
        "The total, $210.00, is 110 % above the usual $100.00; the number of accounts, 21, is 5 % "
        "above the usual 20. Usual is the middle of the 3 verified months from 2024-10 to 2024-12. "
        "More than 50 % off is unusual. Check that the file is the right one, and complete."
    )
    assert found.metrics == {
        "months_compared": 3,
        "total_usd": "210.00",
        "usual_usd": "100.00",
        "accounts": 21,
        "usual_accounts": 20.0,
        "usd_percent_off": 110.0,
        "accounts_percent_off": 5.0,
    }


def test_what_is_barely_past_the_limit_reads_so() -> None:
    assert "is 50.1 % above the usual $100.00" in plausible(Decimal("150.01"), 20, USUAL).message


def test_one_odd_month_does_not_move_what_is_usual() -> None:
    months = before(("100.00", 20), ("9000.00", 900), ("100.00", 20))
    assert plausible(Decimal("101.00"), 20, months).passed


def test_only_the_nearest_months_are_looked_at() -> None:
    months = before(("100.00", 20), ("100.00", 20), ("9.00", 2), ("9.00", 2), ("9.00", 2))
    assert plausible(Decimal("100.00"), 20, months, PlausibleLimits(months=2)).passed
    assert not plausible(Decimal("100.00"), 20, months, PlausibleLimits(months=5)).passed


def test_the_only_month_before_is_named() -> None:
    found = plausible(Decimal("100.00"), 20, USUAL[:1])
    assert found.message == (
        "The total, $100.00, is the usual $100.00; the number of accounts, 20, is the usual 20. "
        "Compared with 2024-12, the only verified month before."
    )


def test_months_of_nothing_make_any_credit_unusual() -> None:
    months = before(("0.00", 20))
    assert plausible(Decimal("0.00"), 20, months).passed
    found = plausible(Decimal("5.00"), 20, months)
    assert not found.passed
    assert "The total, $5.00, was $0.00 before" in found.message
    assert "usd_percent_off" not in found.metrics


def test_amounts_are_exact_whatever_their_size() -> None:
    large = "12345678901234567890123456.123456789012"
    found = plausible(Decimal(large), 1, before((large, 1), (large, 1)))
    assert found.passed
    assert found.metrics["usual_usd"] == large
