"""What a cell of a table shows."""

import math
from decimal import Decimal

import pytest

from credits_pipeline.finops.pages.tables import _SHOWN


@pytest.mark.parametrize(
    ("amounts", "heights"),
    [
        (["1", "2.5"], [1.0, 2.5]),
        (["-1", "-2.5", "0"], [1.0, 2.5, 0.0]),
        (["1", "-2"], [1.0, -2.0]),
        ([], []),
    ],
)
def test_what_only_takes_off_has_bars_that_stand(amounts: list[str], heights: list[float]) -> None:
    assert _SHOWN["bars"]([Decimal(amount) for amount in amounts]) == heights


@pytest.mark.parametrize(
    ("amount", "shown"), [("-0.004", 0.0), ("-0.005", -0.01), ("12.345", 12.35)]
)
def test_an_amount_is_shown_to_the_cent_and_nothing_has_no_sign(amount: str, shown: float) -> None:
    found = _SHOWN["money"](Decimal(amount))
    assert found == shown
    assert math.copysign(1, found) == math.copysign(1, shown)
