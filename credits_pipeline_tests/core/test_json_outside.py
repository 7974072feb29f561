"""JSON from outside: however deep it nests, it is an invalid message and not a crash."""

import contextlib
from collections.abc import Callable

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.core.json_outside import read_json
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.cloudzero.client import CloudZeroClient
from credits_pipeline.credits.cloudzero.errors import AmbiguousError, CloudZeroError, PermanentError
from credits_pipeline.credits.cloudzero.retrying import RetryPolicy
from credits_pipeline.credits.delivery.secret import _fields
from credits_pipeline.credits.inbox.bucket import Inbox
from credits_pipeline.credits.inbox.events import keys_named

DEPTH = 100_000
NESTED = {
    "lists": "[" * DEPTH + "]" * DEPTH,
    "objects": '{"a":' * DEPTH + "1" + "}" * DEPTH,
    "in a field": '{"billing_drop": [{"a": ' + "[" * DEPTH + "]" * DEPTH + "}]}",
    "in records": '{"Records": ' + "[" * DEPTH + "]" * DEPTH + "}",
    "not closed": "[" * DEPTH,
}
MONTH = BillingMonth(2025, 1)
CALLS: dict[str, Callable[[CloudZeroClient], object]] = {
    "create": lambda client: client.create_drop(b"{}", month=MONTH, row_counts={1}),
    "validate": lambda client: client.validate(b"{}"),
    "list": lambda client: client.list_drops(),
    "contents": lambda client: client.contents(MONTH),
    "costs": lambda client: client.costs({}),
    "connection": lambda client: client.connection(),
}


def client(status: int, text: str) -> CloudZeroClient:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, text=text))
    policy = RetryPolicy(budget_seconds=0.5, first_wait_seconds=60)
    return CloudZeroClient(api_key="k" * 9, connection_id="c", transport=transport, retry=policy)


@pytest.mark.parametrize("text", NESTED.values(), ids=NESTED)
def test_a_message_or_a_secret_that_is_nested_too_deep_is_a_bad_one(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its text is Python's or ours
        keys_named(text, Inbox("bucket"))
    assert _fields(text if text.startswith("{") else f'{{"a": {text}') is None


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("text", NESTED.values(), ids=NESTED)
@pytest.mark.parametrize("status", [200, 400, 500])
def test_an_answer_that_is_nested_too_deep_is_one_that_can_t_be_read(
    call: Callable[[CloudZeroClient], object], text: str, status: int
) -> None:
    with client(status, text) as cloudzero, pytest.raises(CloudZeroError) as raised:
        call(cloudzero)
    assert len(str(raised.value)) < 2_000
    if status == 400:
        assert isinstance(raised.value, PermanentError), "the status says it, whatever the text is"


def test_a_create_whose_answer_can_t_be_read_may_have_been_applied() -> None:
    with client(200, NESTED["objects"]) as cloudzero, pytest.raises(AmbiguousError):
        CALLS["create"](cloudzero)


@given(st.text())
def test_any_text_is_a_value_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        read_json(text)
