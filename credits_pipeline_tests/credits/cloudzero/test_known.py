from collections.abc import Callable
from decimal import Decimal

import polars as pl
import pytest

from credits_pipeline.credits.cloudzero.cbf import ACCOUNT
from credits_pipeline.credits.cloudzero.known import UnknownLimits, leave_out_unknown
from credits_pipeline.credits.cloudzero.payload import Payload

NOTHING = pl.DataFrame()


@pytest.fixture
def rows(many: Callable[..., pl.DataFrame], payload_of: Callable[..., Payload]) -> pl.DataFrame:
    """A hundred accounts with about a hundred dollars each."""
    return payload_of(many(100, 100)).rows


def accounts(rows: pl.DataFrame) -> list[str]:
    return rows[ACCOUNT].to_list()


def test_accounts_that_cloudzero_does_not_know_are_left_out(rows: pl.DataFrame) -> None:
    known = set(accounts(rows)[2:])
    part = leave_out_unknown(rows, known, NOTHING)
    assert accounts(part.left_out) == accounts(rows)[:2]
    assert part.left_out_usd == Decimal(201)
    assert accounts(part.sent) == accounts(rows)[2:]
    assert part.checked is True
    assert part.blocked is None


def test_an_account_that_the_stream_holds_is_known(rows: pl.DataFrame) -> None:
    """January, made again two years later: its accounts may have had no cost since."""
    part = leave_out_unknown(rows, set(), rows)
    assert part.left_out.is_empty()
    assert part.blocked is None
    half = leave_out_unknown(rows, set(accounts(rows)[:50]), rows.tail(49))
    assert accounts(half.left_out) == accounts(rows)[50:51]


def test_where_cloudzero_could_not_be_asked_everything_is_sent_unchecked(
    rows: pl.DataFrame,
) -> None:
    part = leave_out_unknown(rows, None, NOTHING)
    assert part.sent.equals(rows)
    assert part.left_out.is_empty()
    assert part.checked is False
    assert part.blocked is None


def test_a_list_that_comes_back_half_empty_blocks(rows: pl.DataFrame) -> None:
    part = leave_out_unknown(rows, set(accounts(rows)[:50]), NOTHING)
    assert part.blocked is not None
    assert part.blocked.startswith("50 of 100 accounts, with $8,725.00 of $14,950.00, are not")
    assert leave_out_unknown(rows, set(), NOTHING).blocked is not None


@pytest.mark.parametrize(
    ("unknown_rows", "unknown_usd", "blocks"),
    [(10, "0.5", False), (11, "0.1", True), (1, "5", False), (1, "5.5", True), (1, "-6", True)],
)
def test_the_limits_are_a_tenth_of_the_rows_and_a_twentieth_of_the_dollars(
    unknown_rows: int, unknown_usd: str, blocks: bool, payload_of: Callable[..., Payload]
) -> None:
    """Each unknown account has so many dollars, and all known ones together a hundred."""
    lost = abs(Decimal(unknown_usd)) * unknown_rows
    rest = (100 - lost) / (100 - unknown_rows)
    amounts = {f"{n:012d}": unknown_usd if n < unknown_rows else f"{rest:.12f}" for n in range(100)}
    known = {account for account in amounts if int(account) >= unknown_rows}
    part = leave_out_unknown(payload_of(amounts).rows, known, NOTHING)
    assert (part.blocked is not None) is blocks


def test_the_limits_for_unknown_accounts_are_settings(rows: pl.DataFrame) -> None:
    known = set(accounts(rows)[:50])
    wide = UnknownLimits(usd=Decimal(1), rows=Decimal("0.5"))
    assert leave_out_unknown(rows, known, NOTHING, wide).blocked is None
    narrow = UnknownLimits(usd=Decimal(1), rows=Decimal("0.495"))
    assert "More than 49.5% of the rows" in (
        leave_out_unknown(rows, known, NOTHING, narrow).blocked or ""
    )


def test_zero_dollars_alone_do_not_block(payload_of: Callable[..., Payload]) -> None:
    rows = payload_of({f"{n:012d}": "0" for n in range(20)}).rows
    part = leave_out_unknown(rows, set(accounts(rows)[1:]), NOTHING)
    assert part.blocked is None
    assert part.left_out_usd == 0
