"""Every number and every length from CloudZero has a bound."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.cloudzero.client import LONGEST_REFUSAL, CloudZeroClient
from credits_pipeline.credits.cloudzero.confirm import visible_in_billed_cost
from credits_pipeline.credits.cloudzero.difference import canonical_amounts
from credits_pipeline.credits.cloudzero.errors import (
    CloudZeroError,
    PermanentError,
    WrongAnswerError,
    retry_after_seconds,
)
from credits_pipeline.credits.cloudzero.retrying import RetryPolicy

NOW = datetime(2025, 6, 1, tzinfo=UTC)
MONTH = BillingMonth(2025, 1)
AMOUNTS = st.decimals(-(10**12), 10**12, places=12, allow_nan=False, allow_infinity=False)


def client(answer: httpx.Response, budget: float = 0.5) -> CloudZeroClient:
    return CloudZeroClient(
        api_key="k" * 9,
        connection_id="c",
        transport=httpx.MockTransport(lambda _: answer),
        retry=RetryPolicy(budget_seconds=budget, first_wait_seconds=60),
    )


@given(st.text() | st.from_regex(r"\w{3}, \d{1,3} [A-Z][a-z]{2} \d{1,12} [\d:]{1,12} [+-]?\w{1,6}"))
def test_any_retry_after_is_seconds_or_nothing(text: str) -> None:
    found = retry_after_seconds(text, NOW)
    assert found is None or found >= 0


@pytest.mark.parametrize(
    "text",
    [
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Fri, 31 Dec 99999999999999999999 23:59:59 GMT",
        "Fri, 99 Dec 2025 99:99:99 GMT",
        "Mon, 01 Jan 0001 00:00:00 +2359",
        "9" * 400,
    ],
)
def test_a_retry_after_beyond_the_calendar_ends_no_drop(text: str) -> None:
    answer = httpx.Response(429, headers={"retry-after": text}, text="later")
    with client(answer) as cloudzero, pytest.raises(CloudZeroError, match="429"):
        cloudzero.contents(MONTH)


@given(AMOUNTS, st.integers(-20, 20), st.booleans())
def test_amounts_of_one_value_are_equal_however_they_are_spelled(
    amount: Decimal, shift: int, lower: bool
) -> None:
    scaled = f"{amount.scaleb(shift):f}E{-shift}"
    spelled = [f"{amount:f}", f" {amount:f} ", f"{amount:E}", scaled, f"{amount:f}000"[:90]]
    if "." not in spelled[0]:
        spelled.pop()
    texts = [text.lower() if lower else text for text in spelled]
    assert len(set(canonical_amounts(pl.Series("cost/cost", texts)))) == 1


@pytest.mark.parametrize("text", ["1E999999999", "-1e-999999999", "1" * 5000 + "e1", "NaN", "sNaN"])
def test_an_amount_that_no_dollars_have_stays_as_it_is_written(text: str) -> None:
    assert canonical_amounts(pl.Series("cost/cost", [text])).to_list() == [text]


@pytest.mark.parametrize(
    "pagination",
    [
        '{"cursor": {"has_next": true}}',
        '{"cursor": {"has_next": true, "next_cursor": null}}',
        '{"cursor": {"has_next": true, "next_cursor": ""}}',
        '{"cursor": {"has_next": true, "next_cursor": 7}}',
        '{"cursor": {"next_cursor": {"a": 1}}}',
        '{"cursor": "more"}',
        '["more"]',
    ],
)
def test_a_page_with_a_next_one_and_no_way_to_it_is_not_a_complete_answer(pagination: str) -> None:
    answer = httpx.Response(200, text=f'{{"costs": [], "pagination": {pagination}}}')
    with client(answer) as cloudzero, pytest.raises(CloudZeroError, match="can't be read"):
        cloudzero.costs({})


@pytest.mark.parametrize(
    "pagination", ["null", "{}", '{"cursor": null}', '{"cursor": {"has_next": false}}']
)
def test_a_page_without_a_next_one_is_the_last(pagination: str) -> None:
    answer = httpx.Response(200, text=f'{{"costs": [], "pagination": {pagination}}}')
    with client(answer) as cloudzero:
        assert cloudzero.costs({}) == ()


@pytest.mark.parametrize("cost", [None, "", "free", True, "1e999999999", "NaN", [1]])
def test_a_cost_that_is_not_an_amount_is_said_and_not_counted_as_nothing(cost: object) -> None:
    row = {"usage_date": "2025-01-01", "Account": "123456789012", "cost": cost}
    expected = pl.DataFrame(schema={"account": pl.String, "usd": pl.Decimal(38, 12)})
    with pytest.raises(WrongAnswerError, match="123456789012"):
        visible_in_billed_cost([row], expected, MONTH)


@pytest.mark.parametrize("count", ['"1e9"', "1e999999999", "1.5", "-1", '"' + "9" * 5000 + '"'])
def test_an_invalid_count_of_rows_is_an_answer_that_can_t_be_read(count: str) -> None:
    text = f'{{"drop_id": "d", "month": "2025-01", "row_count": {count}}}'
    answer = httpx.Response(200, text=text)
    with client(answer) as cloudzero, pytest.raises(CloudZeroError, match="can't be read"):
        cloudzero.create_drop(b"{}", month=MONTH, row_counts={1})


def test_a_refusal_s_text_is_read_within_the_time_and_no_longer_than_it_helps() -> None:
    read = 0

    def pieces() -> Iterator[bytes]:
        nonlocal read
        for _ in range(100_000):
            read += 1
            yield b"<title" * 1000

    answer = httpx.Response(400, content=pieces())
    with client(answer) as cloudzero, pytest.raises(PermanentError):
        cloudzero.contents(MONTH)
    assert read * 6000 <= 2 * LONGEST_REFUSAL


def test_a_refusal_whose_text_trickles_past_the_time_is_still_the_refusal() -> None:
    clock = [0.0]

    def pieces() -> Iterator[bytes]:
        while True:
            clock[0] += 1
            yield b"x"

    policy = RetryPolicy(budget_seconds=2, clock=lambda: clock[0], sleep=time.sleep)
    answer = httpx.Response(403, content=pieces())
    with (
        CloudZeroClient(
            api_key="k" * 9,
            connection_id="c",
            transport=httpx.MockTransport(lambda _: answer),
            retry=policy,
        ) as cloudzero,
        pytest.raises(PermanentError, match="403"),
    ):
        cloudzero.validate(b"{}")
    assert clock[0] <= 4
