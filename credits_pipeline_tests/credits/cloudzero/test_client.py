import json
import logging
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any, Protocol

import httpx
import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.cloudzero.client import CloudZeroClient
from credits_pipeline.credits.cloudzero.confirm import landed_query
from credits_pipeline.credits.cloudzero.credentials import checked_base_url
from credits_pipeline.credits.cloudzero.errors import (
    AmbiguousError,
    PermanentError,
    SettingsError,
    TransientError,
    WrongAnswerError,
)
from credits_pipeline.credits.cloudzero.operations import Operation
from credits_pipeline.credits.cloudzero.payload import Payload
from credits_pipeline.credits.cloudzero.plan import plan_bodies
from credits_pipeline.sandbox.cloudzero import SCOPES, CloudZeroStandIn, Fault, StandInSettings

MONTH = BillingMonth(2025, 1)


class Patience(Protocol):
    waits: list[float]
    seconds: float

    def policy(self, **changes: Any) -> Any: ...


class ClientMaker(Protocol):
    def __call__(self, **changes: Any) -> CloudZeroClient: ...


@pytest.fixture
def body(payload_of: Callable[..., Payload]) -> bytes:
    plan = plan_bodies(payload_of({"1" * 12: "5", "2" * 12: "6.50"}).rows, MONTH)
    return plan.content(plan.bodies[0])


def create(client: CloudZeroClient, body: bytes) -> Any:
    return client.create_drop(body, month=MONTH, row_counts={2})


class TestOperations:
    def test_a_drop_is_created_listed_and_read(
        self, client: CloudZeroClient, body: bytes, cloudzero: CloudZeroStandIn, stream: str
    ) -> None:
        receipt = create(client, body)
        assert (receipt.month, receipt.row_count) == (MONTH, 2)
        assert client.list_drops() == (receipt,)
        assert client.contents(MONTH).to_dicts() == cloudzero.rows(stream, "2025-01")
        assert cloudzero.counters.connections == 1

    def test_a_month_that_cloudzero_does_not_know_holds_nothing(
        self, client: CloudZeroClient
    ) -> None:
        assert client.contents(MONTH).is_empty()

    def test_an_invalid_body_is_an_answer(
        self, client: CloudZeroClient, cloudzero: CloudZeroStandIn
    ) -> None:
        wrong = json.dumps({"month": "2025-01", "data": [{"cost/cost": "$5"}]}).encode()
        validation = client.validate(wrong)
        assert not validation.is_valid
        assert validation.errors
        assert cloudzero.counters.commits == 0

    @pytest.mark.parametrize("envelope", ["connection", "top"])
    def test_a_validation_is_read_under_connection_or_at_the_top(
        self,
        envelope: Any,
        client: CloudZeroClient,
        cloudzero: CloudZeroStandIn,
        body: bytes,
    ) -> None:
        cloudzero.settings = StandInSettings(validate_envelope=envelope)
        assert client.validate(body, month=MONTH).is_valid

    def test_the_answers_month_may_be_a_moment(
        self, client: CloudZeroClient, cloudzero: CloudZeroStandIn, body: bytes
    ) -> None:
        cloudzero.settings = StandInSettings(answer_month="datetime")
        assert create(client, body).month == MONTH

    def test_the_connection_is_found(self, client: CloudZeroClient, stream: str) -> None:
        assert client.connection()["id"] == stream

    def test_all_pages_of_costs_are_read_exactly(
        self,
        client: CloudZeroClient,
        cloudzero: CloudZeroStandIn,
        stream: str,
        body: bytes,
    ) -> None:
        cloudzero.settings = StandInSettings(costs_page_rows=1)
        create(client, body)
        query = landed_query(stream, MONTH, MONTH)
        assert client.costs(query) == ()
        cloudzero.clock.advance(timedelta(hours=25))
        assert [(row["Account"], row["cost"]) for row in client.costs(query)] == [
            ("1" * 12, Decimal("-5.0")),
            ("2" * 12, Decimal("-6.5")),
        ]
        assert cloudzero.costs_calls_today == 1

    def test_a_page_that_can_not_be_had_is_not_a_short_answer(
        self, client: CloudZeroClient, cloudzero: CloudZeroStandIn, stream: str, body: bytes
    ) -> None:
        cloudzero.settings = StandInSettings(costs_page_rows=1)
        create(client, body)
        cloudzero.clock.advance(timedelta(hours=25))
        cloudzero.inject(Fault(operation="costs", kind="status", status=410, at=2))
        with pytest.raises(PermanentError, match="ask again from the first page"):
            client.costs(landed_query(stream, MONTH, MONTH))

    def test_pages_that_turn_in_a_circle_end_in_an_error(self, make_client: ClientMaker) -> None:
        page = {"costs": [], "pagination": {"cursor": {"next_cursor": "x", "has_next": True}}}
        circle = httpx.MockTransport(lambda _: httpx.Response(200, json=page))
        with pytest.raises(WrongAnswerError, match="repeat themselves"):
            make_client(transport=circle).costs({})

    def test_where_the_days_calls_are_used_up_patience_ends_soon(
        self, client: CloudZeroClient, cloudzero: CloudZeroStandIn
    ) -> None:
        cloudzero.settings = StandInSettings(costs_calls_a_day=0)
        with pytest.raises(TransientError, match="429"):
            client.costs(landed_query("x", MONTH, MONTH))
        assert len(cloudzero.log) == 3


class TestWrongAnswers:
    @pytest.mark.parametrize("kind", ["wrong_count", "wrong_month"])
    def test_an_answer_for_something_else_is_a_failure_and_not_repeated(
        self, kind: Any, client: CloudZeroClient, cloudzero: CloudZeroStandIn, body: bytes
    ) -> None:
        cloudzero.inject(Fault(operation="create", kind=kind))
        with pytest.raises(WrongAnswerError, match="sent 2 rows for 2025-01, and the answer"):
            create(client, body)
        assert len(cloudzero.log) == 1

    def test_a_truncated_answer_to_a_write_is_ambiguous_and_repeated(
        self, client: CloudZeroClient, cloudzero: CloudZeroStandIn, body: bytes
    ) -> None:
        cloudzero.inject(Fault(operation="create", kind="truncate", at=1))
        with client.session() as session:
            assert create(client, body).row_count == 2
        assert session.requests[0].attempts == 2
        assert session.requests[0].ambiguous

    @pytest.mark.parametrize(
        "answer",
        [
            httpx.Response(200, text="<html>welcome to the hotel's network</html>"),
            httpx.Response(200, json=[]),
            httpx.Response(200, json={"connection": {"drop_id": "x"}}),
            httpx.Response(200, json={"connection": {"drop_id": "x", "month": 1, "row_count": 2}}),
            httpx.Response(200),
        ],
    )
    def test_a_success_that_can_not_be_read_is_never_a_success(
        self, answer: httpx.Response, make_client: ClientMaker, body: bytes
    ) -> None:
        client = make_client(
            transport=httpx.MockTransport(lambda _: httpx.Response(200, content=answer.content))
        )
        with pytest.raises(AmbiguousError, match="can't be read"):
            create(client, body)
        for read in (client.list_drops, client.connection, lambda: client.contents(MONTH)):
            if answer.content.startswith(b"{") and read == client.connection:
                continue
            with pytest.raises(TransientError):
                read()

    def test_a_validation_without_a_verdict_is_not_a_validation(
        self, make_client: ClientMaker, body: bytes
    ) -> None:
        odd = httpx.MockTransport(lambda _: httpx.Response(200, json={"connection": {}}))
        with pytest.raises(TransientError, match="no is_valid"):
            make_client(transport=odd).validate(body)


class TestRetries:
    @pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
    def test_what_may_pass_is_repeated_with_growing_waits(
        self,
        status: int,
        client: CloudZeroClient,
        cloudzero: CloudZeroStandIn,
        body: bytes,
        patience: Patience,
    ) -> None:
        cloudzero.inject(Fault(operation="create", kind="status", status=status, count=4))
        with client.session() as session:
            create(client, body)
        [request] = session.requests
        assert (request.attempts, request.status, request.row_count) == (5, 200, 2)
        assert [attempt.status for attempt in request.history] == [status] * 4 + [200]
        for wait, least in zip(patience.waits, (1, 2, 4, 8), strict=True):
            assert least <= wait <= least + 1

    def test_waits_have_jitter(self, cloudzero: CloudZeroStandIn, make_client: ClientMaker,
                               patience: Patience) -> None:  # fmt: skip
        cloudzero.inject(Fault(operation="list", kind="status", status=503, count=6))
        make_client().list_drops()
        fractions = {wait % 1 for wait in patience.waits}
        assert len(fractions) == 6

    def test_waits_end_growing_at_a_minute(
        self, cloudzero: CloudZeroStandIn, client: CloudZeroClient, patience: Patience
    ) -> None:
        cloudzero.inject(Fault(operation="list", kind="status", status=503, count=12))
        client.list_drops()
        assert max(patience.waits) <= 61

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
    def test_a_refusal_is_not_repeated(
        self, status: int, client: CloudZeroClient, cloudzero: CloudZeroStandIn, body: bytes
    ) -> None:
        cloudzero.inject(Fault(operation="create", kind="status", status=status))
        with pytest.raises(PermanentError, match=str(status)):
            create(client, body)
        assert len(cloudzero.log) == 1

    def test_a_server_that_is_not_there_is_tried_until_the_budget_ends(
        self, make_client: ClientMaker, cloudzero: CloudZeroStandIn, patience: Patience
    ) -> None:
        cloudzero.stop()
        client = make_client(retry=patience.policy(budget_seconds=100))
        with client.session() as session, pytest.raises(TransientError, match="nothing was sent"):
            client.list_drops()
        assert session.requests[0].attempts > 3
        assert session.requests[0].status is None
        assert patience.seconds <= 100

    @pytest.mark.parametrize("kind", ["reset", "hang"])
    @pytest.mark.parametrize("commit", [False, True])
    def test_a_write_without_an_answer_is_repeated_and_stays_ambiguous(
        self,
        *,
        kind: Any,
        commit: bool,
        make_client: ClientMaker,
        cloudzero: CloudZeroStandIn,
        body: bytes,
        stream: str,
    ) -> None:
        cloudzero.inject(Fault(operation="create", kind=kind, commit=commit, at=1))
        client = make_client(timeout=httpx.Timeout(5.0, read=1.0))
        with client.session() as session:
            assert create(client, body).row_count == 2
        assert session.requests[0].attempts == 2
        assert session.requests[0].ambiguous
        assert session.requests[0].history[0].status is None
        assert len(cloudzero.rows(stream, "2025-01")) == 2

    def test_every_attempt_is_logged_with_its_operation_month_and_cause(
        self,
        client: CloudZeroClient,
        cloudzero: CloudZeroStandIn,
        body: bytes,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.INFO, logger="credits_pipeline")
        cloudzero.inject(Fault(operation="create", kind="status", status=503, count=2))
        create(client, body)
        assert sum("attempt 1, 503" in line for line in caplog.messages) == 1
        assert sum("attempt 3, 200" in line for line in caplog.messages) == 1
        again = [line for line in caplog.messages if "again in" in line]
        assert len(again) == 2
        assert all("create drop" in line and "2025-01" in line for line in again)


class TestRetryAfter:
    @pytest.mark.parametrize("operation", ["create", "list"])
    def test_seconds_are_honoured(
        self,
        operation: Any,
        client: CloudZeroClient,
        cloudzero: CloudZeroStandIn,
        body: bytes,
        patience: Patience,
    ) -> None:
        cloudzero.inject(
            Fault(operation=operation, kind="status", status=429, at=1, retry_after="42")
        )
        create(client, body) if operation == "create" else client.list_drops()
        assert patience.waits == [42.0]

    def test_a_date_is_honoured(
        self, client: CloudZeroClient, cloudzero: CloudZeroStandIn, patience: Patience
    ) -> None:
        """The client's wall clock says 12:00:00 of that day."""
        cloudzero.inject(
            Fault(
                operation="list",
                kind="status",
                status=503,
                at=1,
                retry_after="Mon, 03 Feb 2025 12:01:30 GMT",
            )
        )
        client.list_drops()
        assert patience.waits == [90.0]

    @pytest.mark.parametrize("rubbish", ["soon", "-1", "1e9", ""])
    def test_rubbish_is_as_if_it_was_not_there(
        self,
        rubbish: str,
        client: CloudZeroClient,
        cloudzero: CloudZeroStandIn,
        patience: Patience,
    ) -> None:
        cloudzero.inject(
            Fault(operation="list", kind="status", status=429, at=1, retry_after=rubbish)
        )
        client.list_drops()
        assert 1 <= patience.waits[0] <= 2

    def test_it_is_bounded(
        self, client: CloudZeroClient, cloudzero: CloudZeroStandIn, patience: Patience
    ) -> None:
        cloudzero.inject(
            Fault(operation="list", kind="status", status=429, at=1, retry_after="86400")
        )
        client.list_drops()
        assert patience.waits == [300.0]

    def test_a_wait_longer_than_the_budget_is_not_begun(
        self, make_client: ClientMaker, cloudzero: CloudZeroStandIn, patience: Patience
    ) -> None:
        cloudzero.inject(
            Fault(operation="list", kind="status", status=429, at=1, retry_after="200")
        )
        with pytest.raises(TransientError, match="429"):
            make_client(retry=patience.policy(budget_seconds=100)).list_drops()
        assert patience.waits == []


class TestBudget:
    def test_the_requests_of_a_session_share_one_budget(
        self, make_client: ClientMaker, cloudzero: CloudZeroStandIn, patience: Patience
    ) -> None:
        cloudzero.inject(
            Fault(operation="list", kind="status", status=429, count=9, retry_after="30")
        )
        client = make_client(retry=patience.policy(budget_seconds=100))
        with client.session() as session:
            with pytest.raises(TransientError):
                client.list_drops()
            assert (patience.waits, session.remaining) == ([30.0] * 3, 10.0)
            with pytest.raises(TransientError):
                client.list_drops()
            assert patience.seconds == 90
            patience.sleep(10)
            cloudzero.clear_faults()
            with pytest.raises(TransientError, match=r"time budget of 100 s is used up"):
                client.contents(MONTH)
            session.allow(5)
            assert client.contents(MONTH).is_empty()
        assert [request.attempts for request in session.requests] == [4, 1, 1]

    def test_outside_of_a_session_each_request_has_its_own(
        self, make_client: ClientMaker, patience: Patience
    ) -> None:
        client = make_client(retry=patience.policy(budget_seconds=10))
        assert client.list_drops() == ()
        patience.sleep(11)
        assert client.list_drops() == ()

    def test_a_session_inside_of_a_session_is_the_same(self, client: CloudZeroClient) -> None:
        with client.session() as outer, client.session() as inner:
            client.list_drops()
        assert inner is outer
        assert len(outer.requests) == 1

    def test_an_answer_that_trickles_ends_with_the_budget(
        self, make_client: ClientMaker, patience: Patience
    ) -> None:
        class Trickle(httpx.SyncByteStream):
            def __iter__(self) -> Any:
                while True:
                    patience.sleep(5)
                    yield b" "

        def answer(_: httpx.Request) -> httpx.Response:
            return httpx.Response(200, stream=Trickle())

        client = make_client(
            transport=httpx.MockTransport(answer), retry=patience.policy(budget_seconds=60)
        )
        with pytest.raises(TransientError, match="did not end within the time budget"):
            client.contents(MONTH)
        assert patience.seconds <= 70

    def test_an_attempts_time_outs_are_cut_to_what_is_left(
        self, make_client: ClientMaker, patience: Patience
    ) -> None:
        seen: list[dict[str, float]] = []

        def answer(request: httpx.Request) -> httpx.Response:
            seen.append(request.extensions["timeout"])
            return httpx.Response(200, json={"billing_drops": []})

        client = make_client(
            transport=httpx.MockTransport(answer), retry=patience.policy(budget_seconds=60)
        )
        with client.session():
            client.list_drops()
            patience.sleep(55)
            client.list_drops()
        assert seen[0]["read"] == 60
        assert set(seen[1].values()) == {5.0}


class TestSettings:
    @pytest.mark.parametrize(
        ("key", "says"),
        [
            ("", "empty"),
            ("Bearer abcdef", "leave out 'Bearer'"),
            ("bearer  abcdef", "leave out 'Bearer'"),
            (" Bearer abcdef", "leave out 'Bearer'"),
            ("abc def", "space"),
            ("abcdef\n", "line break"),
            (" abcdef", "space"),
            ("abc\tdef", "space"),
            ("abcdéf", "another character"),
            ("abc\u200bdef", "another character"),
        ],
    )
    def test_a_key_that_can_not_be_one_is_refused_without_showing_it(
        self, key: str, says: str, make_client: ClientMaker
    ) -> None:
        with pytest.raises(SettingsError, match=says) as caught:
            make_client(api_key=key)
        assert "def" not in str(caught.value).replace("default", "")

    @pytest.mark.parametrize(
        "url",
        [
            "http://api.cloudzero.com",
            "http://10.0.0.1:8080",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "ftp://api.cloudzero.com",
            "api.cloudzero.com",
            "https://",
            "https://user:secret@api.cloudzero.com",
            "https://api.cloudzero.com?key=1",
            "https://api.cloudzero.com/#x",
            "",
            "https://exa mple.com",
            "https://api.cloudzero.com:port",
        ],
    )
    def test_an_unsafe_or_invalid_base_url_is_refused(
        self, url: str, make_client: ClientMaker
    ) -> None:
        with pytest.raises(SettingsError, match=r"base URL") as caught:
            make_client(base_url=url)
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize(
        ("url", "same"),
        [
            ("https://api.cloudzero.com", "https://api.cloudzero.com"),
            ("https://API.CloudZero.com:443/", "https://api.cloudzero.com"),
            (" https://api.cloudzero.com//", "https://api.cloudzero.com"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
            ("http://localhost:80", "http://localhost"),
            ("http://[::1]:9", "http://[::1]:9"),
            ("https://proxy.example/cloudzero/", "https://proxy.example/cloudzero"),
        ],
    )
    def test_a_base_url_has_one_spelling(self, url: str, same: str) -> None:
        assert checked_base_url(url) == same

    @pytest.mark.parametrize("connection", ["", "a/b", "a b", "..", "a?b", "x\n"])
    def test_a_connection_id_that_can_not_be_one_is_refused(
        self, connection: str, make_client: ClientMaker
    ) -> None:
        with pytest.raises(SettingsError, match="is not a connection id"):
            make_client(connection_id=connection)

    @pytest.mark.parametrize("test_key", ["", "a b", "a\n"])
    def test_an_invalid_test_key_is_refused_and_never_counts_as_no_test(
        self, test_key: str, make_client: ClientMaker
    ) -> None:
        with pytest.raises(SettingsError, match="test key"):
            make_client(test_key=test_key)

    def test_a_redirect_is_not_followed(self, make_client: ClientMaker) -> None:
        asked: list[str] = []

        def answer(request: httpx.Request) -> httpx.Response:
            asked.append(request.url.host)
            return httpx.Response(307, headers={"location": "https://elsewhere.example/"})

        with pytest.raises(PermanentError, match=r"elsewhere\.example"):
            make_client(transport=httpx.MockTransport(answer)).list_drops()
        assert asked == ["127.0.0.1"]

    def test_a_proxy_of_the_environment_never_sees_plain_http(
        self, monkeypatch: pytest.MonkeyPatch, make_client: ClientMaker
    ) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")
        assert make_client().list_drops() == ()


@pytest.mark.parametrize("operation", list(Operation))
def test_a_key_without_a_scope_is_reported_with_the_scope(
    *,
    operation: Operation,
    client: CloudZeroClient,
    cloudzero: CloudZeroStandIn,
    api_key: str,
    body: bytes,
    stream: str,
) -> None:
    calls: dict[Operation, Callable[[], Any]] = {
        Operation.CREATE_DROP: lambda: create(client, body),
        Operation.VALIDATE: lambda: client.validate(body),
        Operation.LIST_DROPS: client.list_drops,
        Operation.CONTENTS: lambda: client.contents(MONTH),
        Operation.COSTS: lambda: client.costs(landed_query(stream, MONTH, MONTH)),
        Operation.CONNECTION: client.connection,
    }
    cloudzero.keys[api_key] = frozenset(SCOPES) - {operation.scope}
    for other, call in calls.items():
        if other is operation:
            with pytest.raises(PermanentError, match=operation.scope):
                call()
        else:
            call()
