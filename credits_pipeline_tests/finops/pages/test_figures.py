"""Numbers and dates as people read them."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.finops.pages import figures

AMOUNTS = st.decimals(-(10**11), 10**11, places=6, allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        ("391239.61", "$391k"),
        ("31416", "$31.4k"),
        ("999999", "$1.00m"),
        ("999.6", "$1.00k"),
        ("792.34", "$792"),
        ("-792.34", "−$792"),
        ("99.995", "$100.00"),
        ("0", "$0.00"),
        ("-0.004", "$0.00"),
        ("1234567890", "$1.23bn"),
    ],
)
def test_a_tile_has_three_significant_figures(amount: str, told: str) -> None:
    assert figures.short(Decimal(amount), "USD") == told


@pytest.mark.parametrize(
    ("amount", "currency", "told"),
    [
        ("1234.5", "USD", "$1,234.50"),
        ("-0.07", "USD", "−$0.07"),
        ("-0.004", "USD", "$0.00"),
        ("0.005", "EUR", "€0.01"),
        ("1234.5", "JPY", "¥1,235"),
        ("12", "CHF", "CHF 12.00"),
    ],
)
def test_a_table_is_to_the_cent_with_the_minus_first(amount: str, currency: str, told: str) -> None:
    assert figures.exact(Decimal(amount), currency) == told


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [
        ("107.6", "100", "+7.6%"),
        ("99", "100", "−1.0%"),
        ("1200", "100", "×12"),
        ("5", "0", "new"),
        ("0", "5", "gone"),
        ("0", "0", ""),
        ("5", "-5", "sign changed"),
        ("100", "100", "0.0%"),
    ],
)
def test_no_change_is_a_percentage_of_nothing(now: str, before: str, told: str) -> None:
    assert figures.percent_change(Decimal(now), Decimal(before)) == told


@given(AMOUNTS)
def test_a_short_figure_is_near_the_amount(amount: Decimal) -> None:
    told = figures.short(amount, "USD")
    sign = -1 if told.startswith(figures.MINUS) else 1
    body = told.lstrip(figures.MINUS).lstrip("$")
    unit = {"bn": 10**9, "m": 10**6, "k": 10**3}
    for letter, factor in unit.items():
        if body.endswith(letter):
            shown = Decimal(body.removesuffix(letter)) * factor
            break
    else:
        shown = Decimal(body.replace(",", ""))
    assert abs(sign * shown - amount) <= max(abs(amount) / 100, Decimal("0.005"))


@given(AMOUNTS)
def test_a_change_has_a_sign_exactly_where_something_shows(amount: Decimal) -> None:
    told = figures.change(amount, "USD")
    nothing = told == "$0.00"
    assert nothing or told[0] == ("+" if amount > 0 else figures.MINUS)


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        (date(2026, 11, 1), date(2026, 11, 25), "1–25 Nov"),
        (date(2026, 11, 3), date(2026, 11, 3), "3 Nov"),
        (date(2026, 10, 28), date(2026, 11, 3), "28 Oct – 3 Nov"),
        (date(2026, 5, 1), date(2026, 5, 31), "May 2026"),
        (date(2028, 2, 1), date(2028, 2, 29), "February 2028"),
        (date(2028, 2, 1), date(2028, 2, 28), "1–28 Feb 2028"),
        (date(2025, 12, 28), date(2026, 1, 3), "28 Dec 2025 – 3 Jan 2026"),
        (date(2025, 12, 1), date(2026, 11, 30), "Dec 2025 – Nov 2026"),
    ],
)
def test_days_are_written_as_people_say_them(start: date, end: date, told: str) -> None:
    assert figures.days(start, end, date(2026, 11, 26)) == told


@pytest.mark.parametrize(("number", "told"), [(1, "1 row"), (0, "0 rows"), (1200, "1,200 rows")])
def test_a_count_has_its_noun(number: int, told: str) -> None:
    assert figures.count(number, "row") == told


@pytest.mark.parametrize(
    ("number", "told"),
    [(0, "0 B"), (999, "999 B"), (3_400_000, "3.4 MB"), (340_000_000, "340 MB"),
     (5 * 10**12, "5000 GB")],
)  # fmt: skip
def test_bytes_are_written_as_people_say_them(number: int, told: str) -> None:
    assert figures.size(number) == told
