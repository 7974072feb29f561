import re
from collections.abc import Callable, Mapping
from decimal import Decimal

import polars as pl
import pytest

from credits_pipeline.credits.cloudzero.diff import compare
from credits_pipeline.credits.cloudzero.hold import HoldLimits, hold
from credits_pipeline.credits.cloudzero.payload import Payload

Payloads = Callable[..., Payload]
A, B, C, D = ("1" * 12, "2" * 12, "3" * 12, "4" * 12)


@pytest.mark.parametrize(
    ("held", "new", "says"),
    [
        ({A: "100"}, {A: "500"}, None),
        ({A: "100"}, {A: "500.01"}, "more than 5 times"),
        ({A: "100"}, {A: "20"}, None),
        ({A: "100"}, {A: "19.99"}, "less than 1/5"),
        ({A: "100"}, {A: "0"}, "less than 1/5"),
        ({A: "100"}, {A: "-100"}, "changes its sign"),
        ({A: "-100"}, {A: "-100", B: "-5"}, None),
        ({A: "1", B: "1", C: "1", D: "1"}, {A: "1", B: "1"}, None),
        ({A: "1", B: "1", C: "1"}, {A: "1"}, "2 of 3 accounts would lose all"),
        ({A: "1", B: "1", C: "1"}, {A: "1", B: "0", C: "0"}, "2 of 3 accounts would lose all"),
        ({A: "51", B: "49"}, {B: "49", C: "51"}, r"\$51.00 of \$100.00 would go"),
        ({A: "50", B: "50"}, {B: "50", C: "50"}, None),
        ({A: "1", B: "0", C: "0", D: "0"}, {A: "1"}, None),
        ({A: "0"}, {B: "1000000"}, None),
    ],
)
def test_a_change_beyond_the_limits_is_held_and_says_why(
    held: Mapping[str, str], new: Mapping[str, str], says: str | None, payload_of: Payloads
) -> None:
    why = hold(compare(payload_of(held).rows, payload_of(new).rows))
    if says is None:
        assert why is None
    else:
        assert why is not None
        assert re.search(says, why)


def test_where_cloudzero_holds_nothing_the_last_verified_month_is_the_measure(
    payload_of: Payloads,
) -> None:
    diff = compare(pl.DataFrame(), payload_of({A: "1000"}).rows)
    assert hold(diff) is None
    assert hold(diff, Decimal(0)) is None
    assert hold(diff, Decimal(200)) is None
    assert "that the verified months before had is more than 5 times" in (
        hold(diff, Decimal(199)) or ""
    )
    assert "less than 1/5" in (hold(diff, Decimal(5001)) or "")


def test_what_cloudzero_holds_goes_before_the_last_verified_month(payload_of: Payloads) -> None:
    diff = compare(payload_of({A: "900"}).rows, payload_of({A: "1000"}).rows)
    assert hold(diff, Decimal(1)) is None


def test_every_reason_is_given_at_once(payload_of: Payloads) -> None:
    held = payload_of({A: "100", B: "100", C: "100"}).rows
    why = hold(compare(held, payload_of({A: "1"}).rows)) or ""
    assert "less than 1/5" in why
    assert "2 of 3 accounts" in why
    assert "$200.00 of $300.00" in why


def test_the_limits_are_settings(payload_of: Payloads) -> None:
    diff = compare(payload_of({A: "1", B: "1"}).rows, payload_of({A: "12"}).rows)
    assert hold(diff, limits=HoldLimits(growth=Decimal(6), going=Decimal("0.5"))) is None
    assert "more than 25%" in (hold(diff, limits=HoldLimits(Decimal(6), Decimal("0.25"))) or "")
