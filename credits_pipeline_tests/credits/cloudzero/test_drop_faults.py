"""Every fault at every request of a drop: the verdict agrees with what the stream then holds."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal, Protocol

import httpx
import polars as pl
import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.cloudzero.client import CloudZeroClient
from credits_pipeline.credits.cloudzero.confirm import still_holds
from credits_pipeline.credits.cloudzero.drop_result import DropResult
from credits_pipeline.credits.cloudzero.operations import Operation
from credits_pipeline.credits.cloudzero.plan import SendingLimits
from credits_pipeline.sandbox.cloudzero import CloudZeroStandIn, Fault

MONTH = BillingMonth(2025, 1)
THREE_BODIES = SendingLimits(body_bytes=2_600)
State = Literal["as before", "as sent", "neither"]


class Sender(Protocol):
    def __call__(self, owed: Any, **arguments: Any) -> DropResult: ...


class ClientMaker(Protocol):
    def __call__(self, **changes: Any) -> CloudZeroClient: ...


class Patience(Protocol):
    waits: list[float]
    seconds: float

    def policy(self, **changes: Any) -> Any: ...


@pytest.fixture
def quick(make_client: ClientMaker, patience: Patience) -> CloudZeroClient:
    """A client whose budget ends after a few attempts."""
    return make_client(retry=patience.policy(budget_seconds=15))


@pytest.fixture
def hasty(make_client: ClientMaker, patience: Patience) -> CloudZeroClient:
    """The same, but it waits half a second for an answer: for servers that hang."""
    timeout = httpx.Timeout(5.0, read=0.5)
    return make_client(timeout=timeout, retry=patience.policy(budget_seconds=15))


@pytest.fixture
def before(send: Sender, many: Callable[..., pl.DataFrame], cloudzero: CloudZeroStandIn) -> Any:
    """The stream holds another version of the month, in one body."""
    assert send(many(25, 2)).verdict == "verified"
    return many(25, 2)


@pytest.fixture
def state(cloudzero: CloudZeroStandIn, stream: str) -> Callable[[DropResult], State]:
    """What the stream holds, asked of the stand-in itself."""

    def look(result: DropResult) -> State:
        held = pl.DataFrame(cloudzero.rows(stream, "2025-01"))
        assert result.plan is not None
        if still_holds(held, result.plan.placed()).equal:
            return "as sent"
        old = held["time/usage_start"].n_unique() == 1 and held.height == 25
        return "as before" if old and "-2.00" in held["cost/cost"].to_list() else "neither"

    return look


KINDS = ["status 400", "status 403", "status 404", "status 413", "status 429", "status 500",
         "status 503", "html", "reset", "hang", "truncate", "commit reset", "commit hang",
         "commit status 500", "commit html", "wrong_count", "wrong_month", "lose_rows"]  # fmt: skip


def fault(kind: str, **more: Any) -> Fault:
    words = kind.split()
    commit = words[0] == "commit"
    words = words[1:] if commit else words
    status = int(words[1]) if words[0] == "status" else None
    return Fault(operation="create", kind=words[0], status=status, commit=commit, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_that_stays_is_judged_by_what_the_stream_holds(
    *,
    kind: str,
    at: int,
    quick: CloudZeroClient,
    hasty: CloudZeroClient,
    send: Sender,
    before: Any,
    many: Callable[..., pl.DataFrame],
    cloudzero: CloudZeroStandIn,
    state: Callable[[DropResult], State],
) -> None:
    cloudzero.inject(fault(kind, at=at, count=10_000))
    client = hasty if "hang" in kind else quick
    result = send(many(25), client=client, sending=THREE_BODIES, read_back_seconds=5)
    held = state(result)
    if result.verdict in {"verified", "partial"}:
        assert held == "as sent"
    elif result.verdict == "failed":
        assert held == "as before"
    else:
        assert result.verdict == "incomplete"
    if at > 1:
        assert result.verdict != "failed"
    if kind.startswith("commit") and at == 3:
        assert result.verdict == "verified"
    if kind in {"status 400", "status 403", "status 404", "status 413"}:
        assert result.permanent
        assert result.verdict == ("failed" if at == 1 else "incomplete")
        assert kind.split()[1] in result.reason
    assert result.reason
    assert result.verdict == "verified" or result.what_to_do
    assert cloudzero.counters.crashes == 0


@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize(
    "kind",
    ["status 429", "status 500", "status 503", "html", "reset", "hang", "truncate",
     "commit reset", "commit hang", "commit status 500", "commit html"],
)  # fmt: skip
def test_a_fault_that_passes_is_overcome(
    *,
    kind: str,
    at: int,
    quick: CloudZeroClient,
    hasty: CloudZeroClient,
    send: Sender,
    before: Any,
    many: Callable[..., pl.DataFrame],
    cloudzero: CloudZeroStandIn,
    state: Callable[[DropResult], State],
) -> None:
    cloudzero.inject(fault(kind, at=at, count=2))
    client = hasty if "hang" in kind else quick
    result = send(many(25), client=client, sending=THREE_BODIES)
    assert result.verdict == "verified"
    assert state(result) == "as sent"
    creates = [request for request in result.requests if request.endpoint is Operation.CREATE_DROP]
    assert [request.attempts for request in creates] == [3 if n == at else 1 for n in (1, 2, 3)]
    without_answer = any(word in kind for word in ("reset", "hang", "truncate", "html"))
    assert result.ambiguous is without_answer


@pytest.mark.parametrize("kind", ["status 400", "status 403", "status 500", "html", "reset"])
def test_a_month_that_can_not_be_read_first_is_not_touched(
    kind: str, send: Sender, quick: CloudZeroClient, cloudzero: CloudZeroStandIn
) -> None:
    """Without what CloudZero holds there is no diff, no hold and no proof."""
    words = kind.split()
    status = int(words[1]) if words[0] == "status" else None
    cloudzero.inject(Fault(operation="contents", kind=words[0], status=status))  # type: ignore[arg-type]
    result = send({"1" * 12: "5"}, client=quick)
    assert result.verdict == "failed"
    assert result.permanent is (kind in {"status 400", "status 403"})
    assert "Nothing was sent." in result.reason
    assert not result.sent_something


def test_a_month_that_can_not_be_read_back_is_incomplete(
    send: Sender, quick: CloudZeroClient, cloudzero: CloudZeroStandIn
) -> None:
    cloudzero.inject(Fault(operation="contents", kind="status", status=403, at=2, count=99))
    result = send({"1" * 12: "5"}, client=quick)
    assert result.verdict == "incomplete"
    assert "could not be read back" in result.reason


def test_a_first_body_that_is_refused_leaves_the_month_and_says_so(
    send: Sender, cloudzero: CloudZeroStandIn
) -> None:
    cloudzero.inject(
        Fault(
            operation="create",
            kind="status",
            status=400,
            body='{"error": {"message": "row 3 is odd", "type": "BadRequest"}}',
        )
    )
    result = send({"1" * 12: "5"})
    assert (result.verdict, result.permanent, result.ambiguous) == ("failed", True, False)
    assert "row 3 is odd" in result.reason
    assert "Read again, the month is unchanged." in result.reason
    assert [record.operation for record in cloudzero.log] == [
        "contents",
        "validate",
        "create",
        "contents",
    ]


def test_a_refusal_after_which_the_month_can_not_be_read_is_taken_at_its_word(
    send: Sender, quick: CloudZeroClient, cloudzero: CloudZeroStandIn
) -> None:
    cloudzero.inject(Fault(operation="create", kind="status", status=400))
    cloudzero.inject(Fault(operation="contents", kind="status", status=403, at=2, count=99))
    result = send({"1" * 12: "5"}, client=quick)
    assert (result.verdict, result.permanent) == ("failed", True)
    assert "By that answer the month is unchanged." in result.reason


@pytest.mark.parametrize("status", [400, 403, 409, 429])
def test_a_refusal_that_was_applied_anyway_is_not_called_failed(
    status: int, send: Sender, quick: CloudZeroClient, cloudzero: CloudZeroStandIn
) -> None:
    """What a gateway might make of a success: a read outweighs every answer."""
    cloudzero.inject(Fault(operation="create", kind="status", status=status, commit=True))
    result = send({"1" * 12: "5"}, client=quick)
    assert result.verdict == ("verified" if status in {409, 429} else "incomplete")
    assert "equal" in result.reason


def test_a_server_that_goes_away_before_the_first_create_leaves_the_month(
    send: Sender, quick: CloudZeroClient, cloudzero: CloudZeroStandIn
) -> None:
    result = send({"1" * 12: "5"}, client=quick, journal=lambda _: cloudzero.stop())
    assert (result.verdict, result.permanent, result.ambiguous) == ("failed", False, False)
    assert "The month is unchanged." in result.reason


def test_a_committed_request_without_an_answer_is_verified_by_reading(
    send: Sender, quick: CloudZeroClient, cloudzero: CloudZeroStandIn
) -> None:
    cloudzero.inject(Fault(operation="create", kind="reset", commit=True))
    result = send({"1" * 12: "5"}, client=quick)
    assert result.verdict == "verified"
    assert result.ambiguous
    assert "no good answer" in result.reason


def test_a_commit_that_comes_late_is_ambiguous_and_found_by_looking_again(
    *, send: Sender, quick: CloudZeroClient, client: CloudZeroClient,
    cloudzero: CloudZeroStandIn,
) -> None:  # fmt: skip
    """B's first attempt gets no answer. Meanwhile A is sent again, and then B commits."""
    send({"1" * 12: "5"})
    cloudzero.inject(
        Fault(operation="create", kind="late_commit", after_seconds=600, count=1, at=1)
    )
    second = send({"1" * 12: "6"}, client=quick)
    assert (second.verdict, second.ambiguous) == ("verified", True)
    third = send({"1" * 12: "5"}, accept_change=True)
    assert third.verdict == "verified"
    assert third.plan is not None
    cloudzero.clock.advance(timedelta(minutes=15))
    assert not still_holds(client.contents(MONTH), third.plan.placed()).equal


def test_a_request_lost_before_its_commit_fails_and_stays_ambiguous(
    send: Sender, quick: CloudZeroClient, cloudzero: CloudZeroStandIn, stream: str
) -> None:
    send({"1" * 12: "5"})
    cloudzero.inject(Fault(operation="create", kind="reset"))
    result = send({"1" * 12: "6"}, client=quick)
    assert result.verdict == "failed"
    assert result.ambiguous
    assert not result.permanent
    assert "Read again, the month is unchanged." in result.reason
    assert cloudzero.rows(stream, "2025-01")[0]["cost/cost"] == "-5.00"


def test_a_read_that_lags_for_some_seconds_is_waited_for(
    send: Sender, cloudzero: CloudZeroStandIn, patience: Patience
) -> None:
    cloudzero.inject(Fault(operation="contents", kind="lag", writes=1, at=2, count=3))
    result = send({"1" * 12: "5"})
    assert result.verdict == "verified"
    assert patience.waits == [0.5, 1.0, 2.0]


def test_a_read_that_lags_for_ever_is_red_and_shows_the_difference(
    send: Sender, cloudzero: CloudZeroStandIn, patience: Patience
) -> None:
    cloudzero.inject(Fault(operation="contents", kind="lag", writes=1, at=2, count=999))
    result = send({"1" * 12: "5"}, read_back_seconds=30)
    assert result.verdict == "incomplete"
    assert result.read_back is not None
    assert result.read_back.missing == 1
    assert "1 rows missing" in result.reason
    assert patience.seconds <= 30


def test_rows_that_are_lost_in_silence_are_found(
    send: Sender, cloudzero: CloudZeroStandIn, many: Callable[..., pl.DataFrame]
) -> None:
    cloudzero.inject(Fault(operation="create", kind="lose_rows", rows=2))
    result = send(many(25), read_back_seconds=1)
    assert result.verdict == "incomplete"
    assert result.read_back is not None
    assert result.read_back.missing == 2


def test_another_feeder_in_the_same_month_is_found(
    send: Sender, cloudzero: CloudZeroStandIn, stream: str
) -> None:
    """Its rows arrive between our create and our read."""

    def feed(sentence: str) -> None:
        if sentence.endswith("back"):
            rows = cloudzero.rows(stream, "2025-01")
            cloudzero.seed(stream, "2025-01", [*rows, {**rows[0], "resource/account": "9" * 12}])

    result = send({"1" * 12: "5"}, progress=feed, read_back_seconds=1)
    assert result.verdict == "incomplete"
    assert "unexpected 999999999999" in result.reason
    assert "another feeder" in result.what_to_do


def test_the_next_attempt_of_an_incomplete_month_starts_again_at_the_first_body(
    *, send: Sender, quick: CloudZeroClient, cloudzero: CloudZeroStandIn,
    many: Callable[..., pl.DataFrame], state: Callable[[DropResult], State],
) -> None:  # fmt: skip
    cloudzero.inject(Fault(operation="create", kind="status", status=500, at=2, count=999))
    broken = send(many(25), client=quick, sending=THREE_BODIES)
    assert broken.verdict == "incomplete"
    assert "request 2 of 3" in broken.reason
    cloudzero.clear_faults()
    again = send(many(25), sending=THREE_BODIES, accept_change=True)
    assert again.verdict == "verified"
    assert state(again) == "as sent"


def test_a_budget_that_ends_within_the_drop_still_lets_it_find_out_what_is_there(
    send: Sender, make_client: ClientMaker, cloudzero: CloudZeroStandIn, patience: Patience
) -> None:
    cloudzero.inject(Fault(operation="create", kind="status", status=503))
    client = make_client(retry=patience.policy(budget_seconds=30))
    result = send({"1" * 12: "5"}, client=client, read_back_seconds=10)
    assert result.verdict == "failed"
    assert result.ambiguous
    assert "Read again, the month is unchanged." in result.reason
    assert patience.seconds <= 60


def test_a_second_request_in_flight_is_waited_out(
    send: Sender, cloudzero: CloudZeroStandIn
) -> None:
    """CloudZero does not document its answer; here it is 409."""
    cloudzero.inject(Fault(operation="create", kind="status", status=409, at=1))
    assert send({"1" * 12: "5"}).verdict == "verified"
