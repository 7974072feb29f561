"""The traps of CloudZero's idempotency key, each against a server that behaves as documented."""

from typing import Any, Protocol

import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.cloudzero.client import CloudZeroClient
from credits_pipeline.credits.cloudzero.drop_result import DropResult
from credits_pipeline.credits.cloudzero.errors import TransientError
from credits_pipeline.sandbox.cloudzero import CloudZeroStandIn, Fault

A = {"1" * 12: "5"}
B = {"1" * 12: "6"}


class Sender(Protocol):
    def __call__(self, owed: Any, **arguments: Any) -> DropResult: ...


def cost(cloudzero: CloudZeroStandIn, stream: str, month: str = "2025-01") -> str:
    [row] = cloudzero.rows(stream, month)
    return row["cost/cost"]


def test_every_attempt_of_every_request_has_a_key_of_its_own(
    send: Sender, cloudzero: CloudZeroStandIn
) -> None:
    for operation in ("create", "validate", "contents"):
        cloudzero.inject(Fault(operation=operation, kind="status", status=503, at=1, count=2))
    assert send(A).verdict == "verified"
    assert send(A, force=True).verdict == "verified"
    keys = [record.idempotency_key for record in cloudzero.log]
    assert len(keys) == 14
    assert None not in keys
    assert len(set(keys)) == len(keys)
    assert cloudzero.counters.replays == 0


def test_another_month_is_not_swallowed(
    send: Sender, cloudzero: CloudZeroStandIn, stream: str
) -> None:
    """The month is not in the path: one key per file would lose the second month."""
    assert send(A).verdict == "verified"
    assert send(B, month=BillingMonth(2025, 2)).verdict == "verified"
    assert cost(cloudzero, stream) == "-5.00"
    assert cost(cloudzero, stream, "2025-02") == "-6.00"


def test_a_corrected_file_is_not_swallowed(
    send: Sender, cloudzero: CloudZeroStandIn, stream: str
) -> None:
    """The body is not compared: one key per month would repeat the first file's answer for ever."""
    assert send(A).verdict == "verified"
    assert send(B).verdict == "verified"
    assert cost(cloudzero, stream) == "-6.00"


def test_going_back_is_not_swallowed(
    send: Sender, cloudzero: CloudZeroStandIn, stream: str
) -> None:
    """A, B, A: one key per content would leave B."""
    for content in (A, B, A):
        assert send(content).verdict == "verified"
    assert cost(cloudzero, stream) == "-5.00"


def test_an_error_that_is_replayed_for_ever_does_not_stick(
    send: Sender, cloudzero: CloudZeroStandIn, stream: str
) -> None:
    """A cached 500 can never be repeated with its own key."""
    cloudzero.inject(Fault(operation="create", kind="status", status=500, at=1))
    result = send(A)
    assert result.verdict == "verified"
    assert [request.attempts for request in result.requests] == [1, 1, 2, 1]
    assert cost(cloudzero, stream) == "-5.00"


def test_a_read_is_never_answered_from_before(
    send: Sender, client: CloudZeroClient, month: BillingMonth
) -> None:
    """The key applies to reads too: a second use would show the earlier state of the month."""
    before = client.contents(month)
    send(A)
    assert client.contents(month).height == before.height + 1


def test_a_replayed_answer_for_other_rows_is_found_out(
    send: Sender, cloudzero: CloudZeroStandIn
) -> None:
    """What a caching proxy would do."""
    cloudzero.inject(Fault(operation="create", kind="wrong_count", row_count=17))
    result = send(A)
    assert result.verdict == "incomplete"
    assert "17 rows" in result.reason


def test_a_refusal_without_a_retry_is_not_remembered(
    client: CloudZeroClient, cloudzero: CloudZeroStandIn
) -> None:
    cloudzero.inject(Fault(operation="list", kind="status", status=503))
    with pytest.raises(TransientError):
        client.list_drops()
    cloudzero.clear_faults()
    assert client.list_drops() == ()
