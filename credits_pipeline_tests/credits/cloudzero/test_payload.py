import hashlib
from collections.abc import Callable, Mapping
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.cloudzero.cbf import ACCOUNT, COST, CbfSettings, cbf_rows
from credits_pipeline.credits.cloudzero.payload import Payload, payload_equals_credits

MONTH = BillingMonth(2025, 1)
SETTINGS = CbfSettings()
Credits = Callable[[Mapping[str, str]], pl.DataFrame]


def test_the_digest_is_the_same_for_ever(payload_of: Callable[..., Payload]) -> None:
    """Receipts of many years contain it: it is computed here by hand, from its definition alone."""
    text = (
        "credits-pipeline payload 1\n"
        "2025-01\n"
        '["cost/cost", "lineitem/description", "lineitem/type", "resource/account", '
        '"resource/service", "time/usage_end", "time/usage_start"]\n'
        '["-5.00","AWS promotional credit","Credit","111111111111","AWSCredits",'
        '"2025-01-31T23:59:59Z","2025-01-01T00:00:00Z"]\n'
        '["0.00","AWS promotional credit","Credit","222222222222","AWSCredits",'
        '"2025-01-31T23:59:59Z","2025-01-01T00:00:00Z"]\n'
    )
    payload = payload_of({"222222222222": "0", "111111111111": "5"})
    assert payload.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert payload.sha256 == ("aea5a772865591d422eb7e9fd6653a51bfb45bff953dceac5fc5291a373537b9")


@settings(deadline=None)
@given(st.permutations(range(6)), st.permutations(range(7)))
def test_the_digest_knows_no_order_of_rows_or_columns(rows: list[int], columns: list[int]) -> None:
    # The last two rows have the same account.
    owed = pl.DataFrame(
        {
            "account_id": [f"{n:012d}" for n in (1, 2, 3, 4, 5, 5)],
            "amount_usd": pl.Series([1, 2, 3, 4, 5, 6]).cast(pl.Decimal(38, 12)),
        }
    )
    made = cbf_rows(owed, MONTH, SETTINGS)
    mixed = made[rows].select([made.columns[n] for n in columns])
    assert Payload(MONTH, mixed).sha256 == Payload(MONTH, made).sha256


@pytest.mark.parametrize(
    "change",
    [
        pl.lit("x").alias("lineitem/description"),
        pl.lit("-5.01").alias(COST),
        pl.lit("999999999999").alias(ACCOUNT),
        pl.lit("2025-01-01T01:00:00Z").alias("time/usage_start"),
        pl.lit("AWS").alias("lineitem/cloud_provider"),
    ],
)
def test_the_digest_sees_every_column(change: pl.Expr, payload_of: Callable[..., Payload]) -> None:
    payload = payload_of({"111111111111": "5"})
    changed = Payload(MONTH, payload.rows.with_columns(change))
    assert changed.sha256 != payload.sha256


def test_the_digest_sees_the_month_and_the_number_of_equal_rows(
    payload_of: Callable[..., Payload],
) -> None:
    rows = payload_of({"111111111111": "5"}).rows
    digests = {
        Payload(MONTH, rows).sha256,
        Payload(BillingMonth(2025, 2), rows).sha256,
        Payload(MONTH, pl.concat([rows, rows])).sha256,
        Payload(MONTH, rows.clear()).sha256,
    }
    assert len(digests) == 4


def test_totals_are_signed_as_credits_and_exact(payload_of: Callable[..., Payload]) -> None:
    payload = payload_of({"1" * 12: "0.1", "2" * 12: "0.2", "3" * 12: "-0.05"})
    assert payload.total_usd == Decimal("0.25")
    assert payload.accounts == 3
    assert payload_of({}).total_usd == 0
    assert payload_of({}).accounts == 0


def test_a_payload_made_from_credits_equals_them(credits_of: Credits) -> None:
    owed = credits_of({"1" * 12: "5.10", "2" * 12: "-3", "3" * 12: "0", "4" * 12: "1e-12"})
    rows = cbf_rows(owed, MONTH, SETTINGS)
    assert payload_equals_credits(rows, owed, MONTH, SETTINGS).equal


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda rows: rows.head(2), "1 rows missing, 0 unexpected"),
        (lambda rows: pl.concat([rows, rows.head(1)]), "0 rows missing, 1 unexpected"),
        (lambda rows: rows.with_columns(pl.lit("-1.00").alias(COST)), "missing 1111"),
        (lambda rows: rows.with_columns(pl.col(COST).str.strip_chars("-")), "unexpected 1111"),
        (lambda rows: rows.with_columns(pl.lit("Usage").alias("lineitem/type")), "3 rows missing"),
        (lambda rows: rows.drop("lineitem/description"), "lineitem/description"),
        (lambda rows: rows.with_columns(pl.lit("x").alias("resource/id")), "resource/id"),
        (lambda rows: rows.drop("time/usage_end"), "time/usage_end"),
        (lambda rows: rows.filter(pl.col(COST) != "0.00"), "missing 3333"),
    ],
)
def test_a_payload_that_says_anything_else_is_found_out(
    damage: Callable[[pl.DataFrame], pl.DataFrame], says: str, credits_of: Credits
) -> None:
    owed = credits_of({"1" * 12: "5.10", "2" * 12: "3", "3" * 12: "0"})
    rows = damage(cbf_rows(owed, MONTH, SETTINGS))
    found = payload_equals_credits(rows, owed, MONTH, SETTINGS)
    assert not found.equal
    assert says in found.says
