from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.core.columns import USD, text_of
from credits_pipeline.core.money import for_people, from_text, to_text

AMOUNTS = st.decimals(
    min_value=Decimal(-(10**20)), max_value=Decimal(10**20), places=12, allow_nan=False
)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "0.00"),
        ("-0", "0.00"),
        ("-0.000", "0.00"),
        ("1E+3", "1000.00"),
        ("-6407.960000000000", "-6407.96"),
        ("0.000000000001", "0.000000000001"),
        ("5.1", "5.10"),
        ("120", "120.00"),
    ],
)
def test_amounts_are_spelled_plainly(amount: str, text: str) -> None:
    assert to_text(Decimal(amount)) == text


@given(st.lists(AMOUNTS, min_size=1, max_size=20))
def test_a_column_is_spelled_as_each_amount_is_and_reads_back_exactly(
    amounts: list[Decimal],
) -> None:
    column = pl.DataFrame({"usd": pl.Series(amounts, dtype=USD)}).select(text_of(pl.col("usd")))
    texts = column["usd"].to_list()
    assert texts == [to_text(amount) for amount in amounts]
    assert [Decimal(text) for text in texts] == amounts


@pytest.mark.parametrize(
    ("amount", "text"),
    [("116319.27", "$116,319.27"), ("-5", "-$5.00"), ("0", "$0.00"), ("0.000001", "$0.000001")],
)
def test_people_read_dollars(amount: str, text: str) -> None:
    assert for_people(Decimal(amount)) == text


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1234.5", "EUR", "EUR 1,234.50"),
        ("-0.000001", "EUR", "-EUR 0.000001"),
        ("0", "", "0.00"),
        ("-" + "9" * 36 + ".01", "USD", "-$" + ",".join(["999"] * 12) + ".01"),
    ],
)
def test_people_read_every_digit_in_any_currency(amount: str, currency: str, text: str) -> None:
    assert for_people(Decimal(amount), currency) == text


@pytest.mark.parametrize("sign", ["", "-", "+"])
@pytest.mark.parametrize("digits", ["0", "12", "12.", ".5", "0.000000000001", "9" * 30 + ".01"])
def test_an_amount_that_people_write_is_read_exactly(sign: str, digits: str) -> None:
    found = from_text(f" {sign}{digits} ")
    assert found == Decimal(f"{sign}{digits}")
    assert to_text(found) == to_text(Decimal(f"{sign}{digits}"))
    assert not str(found).startswith("-0") or found != 0


@pytest.mark.parametrize(
    "text",
    ["", ".", "-", "+-1", "1e5", "1E-3", "1__0", "1_000", "1,234.56", "1 000", "NaN", "inf", "sNaN",
     "\u0663", "\uff11", "0x10", "$5", "5 USD", "1.2.3", "\u22125", "(5)", "1\n2", "9" * 31,
     "1" * 5000, "0." + "1" * 31, "." + "1" * 5000],
)  # fmt: skip
def test_a_likely_typing_error_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="is no amount"):
        from_text(text)
