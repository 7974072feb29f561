"""CloudZero's answers are read in a time that grows with their length, whatever they contain."""

import contextlib
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.cloudzero.client import CloudZeroClient
from credits_pipeline.credits.cloudzero.contents import read_contents
from credits_pipeline.credits.cloudzero.errors import (
    CloudZeroError,
    UnreadableAnswerError,
    failure,
    retry_after_seconds,
)
from credits_pipeline.credits.cloudzero.operations import Operation
from credits_pipeline.credits.cloudzero.retrying import RetryPolicy
from credits_pipeline_tests.work import assert_linear

MONTH = BillingMonth(2025, 1)


def listed(name: str, row: dict[str, Any], n: int) -> str:
    return json.dumps({name: [row] * n})


#: Texts that some way of reading would scan again and again.
TEXTS: dict[str, Callable[[int], str]] = {
    "rows": lambda n: json.dumps({"billing_drop": [{"a": str(i), "b": "x"} for i in range(n)]}),
    "ends of rows in a text": lambda n: json.dumps({"billing_drop": [{"a": "},{" * 4 * n}]}),
    "a text that stays open": lambda n: '{"billing_drop": [{"a": "' + "},{" * 4 * n,
    "many openings": lambda n: '{"billing_drop": [' * n,
    "spaces": lambda n: " " * 20 * n + "x",
    "spaces at the opening": lambda n: '{"billing_drop"' + " " * 20 * n + "x",
    "escapes": lambda n: '{"billing_drop": [{"a": "' + "\\u00e9" * 4 * n + '"}]}',
    "backslashes": lambda n: '{"billing_drop": [{"a": "' + "\\" * 20 * n,
    "names": lambda n: (
        '{"billing_drop": [{' + ", ".join(f'"n{i}": "1"' for i in range(n // 8)) + "}]}"
    ),
    "digits": lambda n: '{"billing_drop": [{"a": ' + "1" * min(20 * n, 4_000) * 2 + "}]}",
    "titles": lambda n: "<title" * 4 * n,
    "titles that stay open": lambda n: "<title>" * 4 * n + "</titl",
    "tags": lambda n: "<html" * 4 * n,
    "entities": lambda n: "<title>" + "&amp" * 4 * n + "</title>",
    "costs": lambda n: listed("costs", {"usage_date": "2025-01-01", "cost": 1.5}, n),
    "drops": lambda n: listed("billing_drops", {"month": "2025-01", "row_count": 7}, n),
}
PIECE = 512


def read_in_pieces(text: str) -> None:
    raw = text.encode()
    with contextlib.suppress(UnreadableAnswerError):
        read_contents(raw[at : at + PIECE] for at in range(0, len(raw), PIECE))


def refused(text: str) -> None:
    for status in (400, 500):
        failure(Operation.CREATE_DROP, "here", httpx.Response(status, text=text), secret="k" * 9)


def called(text: str) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text=text))
    policy = RetryPolicy(budget_seconds=0.5, first_wait_seconds=60)
    with CloudZeroClient(
        api_key="k" * 9, connection_id="c", transport=transport, retry=policy
    ) as client:
        for call in (client.list_drops, client.connection, lambda: client.costs({})):
            with contextlib.suppress(CloudZeroError):
                call()


@pytest.mark.parametrize("work", [read_in_pieces, refused, called])
@pytest.mark.parametrize("make", TEXTS.values(), ids=TEXTS)
def test_an_answer_is_read_in_a_time_that_grows_with_its_length(
    make: Callable[[int], str], work: Callable[[str], None]
) -> None:
    assert_linear(make, work, 3_000)


@pytest.mark.parametrize("unit", [" ", "9", "Fri, ", "1:", "+", "(", "é"])
def test_a_retry_after_is_read_in_a_time_that_grows_with_its_length(unit: str) -> None:
    assert_linear(
        lambda n: unit * n + "x",
        lambda text: retry_after_seconds(text, MONTH.start),
        20_000,
    )
