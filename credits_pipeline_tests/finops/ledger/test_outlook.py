"""When a credit runs out: pace, range, expiry, and what is then lost."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.ledger.credit import Allocation, LedgerMonth
from credits_pipeline.finops.ledger.outlook import State, outlook, outlooks
from credits_pipeline_tests.finops.ledger.months import EC2, PAYER, A, credit

JUNE_1 = date(2026, 6, 1)


def months(*usd: str, estimated: bool = False) -> list[LedgerMonth]:
    """Closed months before June, the newest first."""
    return [
        LedgerMonth(
            PAYER,
            BillingMonth(2026, 6).shift(-1 - ago),
            (Allocation("7", A, EC2, Decimal(one), estimated),),
            "2026-06-01T00:00:00+00:00",
            complete=True,
        )
        for ago, one in enumerate(usd)
    ]


def test_a_credit_that_runs_out_before_it_expires() -> None:
    """92 days at 10, 10 and 10 a day: 31, 30 and 31 days."""
    found = outlook(
        credit("7", remaining=Decimal(300), expiry=None), months("310", "300", "310"), JUNE_1
    )
    assert (found.state, found.a_month) == (State.RUNS_OUT, Decimal("300.00"))
    assert found.runs_out == found.earliest == found.latest == date(2026, 7, 1)
    assert found.lost == 0


def test_the_range_is_of_the_fastest_and_the_slowest_month() -> None:
    found = outlook(
        credit("7", remaining=Decimal(300), expiry=date(2027, 1, 1)),
        months("310", "150", "620", "28"),
        JUNE_1,
    )
    assert found.earliest == date(2026, 6, 16)  # 20 a day
    assert found.runs_out == date(2026, 6, 27)  # 11.67 a day
    assert found.latest is None  # 1 a day: it expires first
    assert found.lost_at_most == Decimal("86.00")


def test_a_credit_that_expires_with_money_left_says_how_much() -> None:
    found = outlook(
        credit("7", remaining=Decimal(1000), expiry=date(2026, 7, 1)), months("310"), JUNE_1
    )
    assert (found.state, found.runs_out, found.lost) == (State.EXPIRES, None, Decimal("700.00"))


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({"remaining": Decimal(0)}, State.USED_UP),
        ({"remaining": Decimal(9), "estimated": Decimal(0)}, State.USED_UP),
        ({"expiry": date(2026, 6, 1)}, State.EXPIRED),
        ({"expiry": None}, State.STAYS),
    ],
)
def test_other_ends(more: dict[str, object], state: State) -> None:
    assert outlook(credit("7", **more), months(), JUNE_1).state is state


def test_what_may_still_move_says_no_pace() -> None:
    found = outlook(credit("7"), months("310", estimated=True), JUNE_1)
    assert (found.a_month, found.state) == (None, State.EXPIRES)
    assert outlook(credit("7"), months("0", "0"), JUNE_1).a_month == 0


def test_a_gap_ends_what_is_known_of_the_pace() -> None:
    known = months("310", "300", "310", "30000")
    del known[1]
    assert outlook(credit("7"), known, JUNE_1).a_month == Decimal("300.00")


def test_the_nearest_end_comes_first_and_what_is_over_last() -> None:
    found = outlooks(
        [
            credit("1", remaining=Decimal(0)),
            credit("2", expiry=date(2026, 9, 1)),
            credit("7", remaining=Decimal(100), expiry=None),
        ],
        months("310"),
        JUNE_1,
    )
    assert [one.credit.id for one in found] == ["7", "2", "1"]


@given(
    st.integers(1, 10**7),
    st.lists(st.integers(0, 10**6), max_size=8),
    st.none() | st.integers(1, 900),
)
def test_range_and_loss_lie_around_the_pace(left: int, used: list[int], days: int | None) -> None:
    expiry = None if days is None else date.fromordinal(JUNE_1.toordinal() + days)
    found = outlook(
        credit("7", remaining=Decimal(left) / 100, expiry=expiry),
        months(*(str(Decimal(one) / 100) for one in used)),
        JUNE_1,
    )
    assert 0 <= found.lost <= found.lost_at_most <= found.credit.left
    if found.runs_out:
        assert found.earliest is not None
        assert JUNE_1 <= found.earliest <= found.runs_out
        assert found.latest is None or found.runs_out <= found.latest
        assert expiry is None or found.runs_out < expiry
    assert (found.state is State.RUNS_OUT) == (found.runs_out is not None)
