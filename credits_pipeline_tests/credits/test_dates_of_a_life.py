"""Dates beside a credit's start or end: a person says which of them is the month; no guess."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.reading import UnreadableFile, read_sheet
from credits_pipeline.credits.reading.profiles.book import Profiles

#: Words that say when a credit begins or ends, and words that say nothing about their dates.
STARTS = ("Start Date", "Start", "Begin", "From", "Inicio")
ENDS = ("End Date", "End", "Until", "Ende")
LIVES = (*STARTS, *ENDS)
VAGUE = ("Date", "Day", "Foo", "Expi3ation Date", "Datum", "Fecha", "Time", "Given")
#: Words that say that their dates are the credits'.
SAID = ("Billing Date", "Usage date", "Month", "Billing Period", "Invoice month", "Service date")
MAY, JUNE = BillingMonth(2024, 5), BillingMonth(2024, 6)
DAYS = st.integers(2, 28)


def sheet(names: tuple[str, str], dates: tuple[str, str], *, swapped: bool) -> bytes:
    turn = slice(None, None, -1 if swapped else 1)
    head = ",".join(("Account ID", "Credit Amount", *names[turn]))
    rows = (f"{310987654321 + i},6{i}.50,{','.join(dates[turn])}" for i in range(2))
    return "\n".join((head, *rows, "")).encode()


def months(data: bytes) -> tuple[BillingMonth, ...]:
    return read_sheet(data, profiles=Profiles()).months


@given(st.sampled_from(VAGUE), st.sampled_from(LIVES), DAYS, st.integers(1, 28), st.booleans())
def test_a_day_that_may_be_of_a_life_is_asked_about(
    name: str, life: str, day: int, other: int, swapped: bool
) -> None:
    dates = f"2024-06-{day:02d}", f"2025-06-{other:02d}"
    file = sheet((name, life), dates, swapped=swapped)
    if life in ENDS:
        # Another day may be the start; then the credit has no month, and no row counts.
        found = read_sheet(file, profiles=Profiles())
        assert [len(found.month(month).rows) for month in found.months] in ([], [0])
    else:
        with pytest.raises(UnreadableFile, match="is unclear"):
            read_sheet(file, profiles=Profiles())


@pytest.mark.parametrize("life", LIVES)
@pytest.mark.parametrize("name", SAID)
def test_a_day_that_is_said_to_be_of_the_credits_is_read(name: str, life: str) -> None:
    assert months(sheet((name, life), ("2024-06-15", "2025-06-15"), swapped=False)) == (JUNE,)


@pytest.mark.parametrize("life", LIVES)
@pytest.mark.parametrize("name", VAGUE)
def test_dates_of_one_month_and_months_themselves_are_read(name: str, life: str) -> None:
    assert months(sheet((name, life), ("2024-06-15", "2024-06-20"), swapped=False)) == (JUNE,)
    assert months(sheet((name, life), ("2024-05", "2025-06-20"), swapped=False)) in ((MAY,), ())
