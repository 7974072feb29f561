from collections.abc import Callable, Mapping
from decimal import Decimal

import pandera.errors
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credits_pipeline.core.columns import USD
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.cloudzero.cbf import (
    COST,
    CbfRows,
    CbfSettings,
    cbf_rows,
    usd_of,
    zero_rows,
)

MONTH = BillingMonth(2024, 2)
amounts = st.decimals(
    min_value=Decimal("-1E15"), max_value=Decimal("1E15"), places=12, allow_nan=False
)


def test_a_credit_becomes_a_row_of_texts_with_the_amount_negated(
    credits_of: Callable[[Mapping[str, str]], pl.DataFrame],
) -> None:
    rows = cbf_rows(credits_of({"012345678901": "6407.96"}), MONTH, CbfSettings())
    assert rows.to_dicts() == [
        {
            "time/usage_start": "2024-02-01T00:00:00Z",
            "time/usage_end": "2024-02-29T23:59:59Z",
            "lineitem/type": "Credit",
            "lineitem/description": "AWS promotional credit",
            "resource/account": "012345678901",
            "resource/service": "AWSCredits",
            "cost/cost": "-6407.96",
        }
    ]


def test_the_settings_texts_are_on_every_row(
    credits_of: Callable[[Mapping[str, str]], pl.DataFrame],
) -> None:
    settings = CbfSettings(description="MAP", service="Partner", cloud_provider="AWS")
    rows = cbf_rows(credits_of({"1" * 12: "1", "2" * 12: "2"}), MONTH, settings)
    assert CbfRows.validate(rows)["lineitem/description"].unique().to_list() == ["MAP"]
    assert rows["resource/service"].unique().to_list() == ["Partner"]
    assert rows["lineitem/cloud_provider"].unique().to_list() == ["AWS"]


@pytest.mark.parametrize(
    ("amount", "cost"),
    [
        ("0", "0.00"),
        ("-0.00", "0.00"),
        ("5", "-5.00"),
        ("-5", "5.00"),
        ("1000", "-1000.00"),
        ("0.000000000001", "-0.000000000001"),
        ("12345678901234567890.123456789012", "-12345678901234567890.123456789012"),
        ("10.10", "-10.10"),
    ],
)
def test_a_cost_is_a_plain_decimal_and_zero_has_no_sign(
    amount: str, cost: str, credits_of: Callable[[Mapping[str, str]], pl.DataFrame]
) -> None:
    assert cbf_rows(credits_of({"1" * 12: amount}), MONTH, CbfSettings())[COST].to_list() == [cost]


def test_rows_are_sorted_by_account_whatever_the_order_of_the_file(
    credits_of: Callable[[Mapping[str, str]], pl.DataFrame],
) -> None:
    one = credits_of({"3" * 12: "1", "1" * 12: "2", "2" * 12: "3"})
    rows = cbf_rows(one, MONTH, CbfSettings())
    assert rows["resource/account"].to_list() == ["1" * 12, "2" * 12, "3" * 12]
    assert rows.equals(cbf_rows(one.reverse(), MONTH, CbfSettings()))


@settings(deadline=None)
@given(st.lists(amounts, max_size=30))
def test_every_row_fits_the_model_and_says_its_amount_exactly(values: list[Decimal]) -> None:
    owed = pl.DataFrame(
        {"account_id": [f"{n:012d}" for n in range(len(values))], "amount_usd": values},
        schema={"account_id": pl.String, "amount_usd": USD},
    )
    rows = CbfRows.validate(cbf_rows(owed, MONTH, CbfSettings()))
    assert usd_of(rows).to_list() == values
    assert [-Decimal(text) for text in rows[COST]] == values


@pytest.mark.parametrize(
    ("column", "wrong"),
    [
        ("cost/cost", "-1E+3"),
        ("cost/cost", "$5.00"),
        ("lineitem/type", "Refund"),
        ("time/usage_start", "2024-02-01"),
        ("resource/account", ""),
    ],
)
def test_the_model_refuses_what_cloudzero_would_refuse(
    column: str, wrong: str, credits_of: Callable[[Mapping[str, str]], pl.DataFrame]
) -> None:
    rows = cbf_rows(credits_of({"1" * 12: "1"}), MONTH, CbfSettings())
    with pytest.raises(pandera.errors.SchemaError, match=column):
        CbfRows.validate(rows.with_columns(pl.lit(wrong).alias(column)))


def test_a_withdrawn_month_is_one_row_of_zero_cost_for_each_account() -> None:
    rows = zero_rows(pl.Series(["2" * 12, "1" * 12, "2" * 12]), MONTH, CbfSettings())
    assert rows["resource/account"].to_list() == ["1" * 12, "2" * 12]
    assert rows[COST].to_list() == ["0.00", "0.00"]
