"""The API key appears nowhere: no message, repr, log, traceback, or chained exception."""

import logging
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest

import credits_pipeline
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.cloudzero.client import CloudZeroClient
from credits_pipeline.credits.cloudzero.drop_result import DropResult
from credits_pipeline.credits.cloudzero.errors import CloudZeroError
from credits_pipeline.sandbox.cloudzero import CloudZeroStandIn, Fault

MONTH = BillingMonth(2025, 1)
BODY = (
    b'{"month": "2025-01", "operation": "replace_drop", "data": ['
    b'{"time/usage_start": "2025-01-01T00:00:00Z", "cost/cost": "-1.00"}]}'
)
PACKAGE = Path(credits_pipeline.__file__).parent


class ClientMaker(Protocol):
    def __call__(self, **changes: Any) -> CloudZeroClient: ...


class Sender(Protocol):
    def __call__(self, owed: Any, **arguments: Any) -> DropResult: ...


class Patience(Protocol):
    def policy(self, **changes: Any) -> Any: ...


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and everything that refers from it."""
    while error is not None:
        yield error
        assert (
            error.__cause__ is None
            or error.__context__ is None
            or (error.__cause__ is error.__context__)
        )
        error = error.__cause__ or error.__context__


def everything(error: BaseException) -> str:
    """Everything about an exception that a log, a UI or a crash report could show.

    The frames of the product's code come with their local variables, and the values inside them.
    """
    parts = []
    for one in chain(error):
        parts += [str(one), repr(one), repr(vars(one)), repr(one.args)]
        parts += traceback.format_exception(one)
        parts += [
            f"{frame.f_code.co_qualname}: {name} = {value!r}"
            for frame, _ in traceback.walk_tb(one.__traceback__)
            if Path(frame.f_code.co_filename).is_relative_to(PACKAGE)
            for name, value in frame.f_locals.items()
        ]
    return "\n".join(parts)


def failures(calls: Iterable[Callable[[], Any]]) -> Iterator[CloudZeroError]:
    for call in calls:
        try:
            call()
        except CloudZeroError as error:
            yield error


FAULTS: dict[str, Callable[[CloudZeroStandIn], object]] = {
    "refused": lambda cz: cz.inject(
        Fault(operation="any", kind="status", status=403, body='{"message": "no KEY here"}')
    ),
    "broken": lambda cz: cz.inject(Fault(operation="any", kind="status", status=500)),
    "gateway": lambda cz: cz.inject(Fault(operation="any", kind="html")),
    "reset": lambda cz: cz.inject(Fault(operation="any", kind="reset")),
    "hang": lambda cz: cz.inject(Fault(operation="any", kind="hang")),
    "truncated": lambda cz: cz.inject(Fault(operation="any", kind="truncate")),
    "wrong": lambda cz: cz.inject(Fault(operation="create", kind="wrong_count")),
    "gone": lambda cz: cz.stop(),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_failure_and_no_log_shows_it(
    *,
    fault: str,
    make_client: ClientMaker,
    send: Sender,
    cloudzero: CloudZeroStandIn,
    api_key: str,
    patience: Patience,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpcore").setLevel(logging.DEBUG)
    client = make_client(
        timeout=httpx.Timeout(5.0, read=0.2), retry=patience.policy(budget_seconds=5)
    )
    FAULTS[fault](cloudzero)
    calls: list[Callable[[], Any]] = [
        lambda: client.create_drop(BODY, month=MONTH, row_counts={1}),
        lambda: client.contents(MONTH),
        client.list_drops,
    ]
    found = list(failures(calls))
    assert len(found) == (1 if fault == "wrong" else 3)
    for error in found:
        assert api_key not in everything(error)
        assert not any(isinstance(one, httpx.HTTPError) for one in chain(error))
    result = send({"1" * 12: "5"}, client=client, read_back_seconds=1, accept_change=True)
    assert result.verdict in {"failed", "incomplete"}
    assert api_key not in repr(result)
    assert api_key not in repr([request.history for request in result.requests])
    assert api_key not in caplog.text
    assert caplog.text


@pytest.mark.parametrize("damage", ["Bearer {}", "{} ", "{}\n", "{}é"])
def test_a_key_that_is_refused_is_not_shown(
    damage: str, make_client: ClientMaker, api_key: str
) -> None:
    with pytest.raises(CloudZeroError) as caught:
        make_client(api_key=damage.format(api_key))
    assert api_key not in everything(caught.value)


@pytest.mark.parametrize("wrong", [{"base_url": "http://example.com"}, {"connection_id": "a b"}])
def test_another_setting_that_is_refused_does_not_show_it(
    wrong: dict[str, str], make_client: ClientMaker, api_key: str
) -> None:
    with pytest.raises(CloudZeroError) as caught:
        make_client(**wrong)
    assert api_key not in everything(caught.value)


def test_the_client_does_not_show_it(make_client: ClientMaker, api_key: str) -> None:
    client = make_client()
    assert api_key not in f"{client}{client!r}{vars(client)}{client.policy}"
    assert api_key not in str(client._http.headers)


def test_a_server_that_echoes_it_does_not_make_us_show_it(
    make_client: ClientMaker, api_key: str
) -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        return httpx.Response(400, json={"message": f"bad {request.headers['authorization']}"})

    client = make_client(transport=httpx.MockTransport(echo))
    with client.session() as session, pytest.raises(CloudZeroError, match="bad") as caught:
        client.list_drops()
    assert api_key not in everything(caught.value)
    assert api_key not in repr(session.requests[0].history)


def test_a_success_that_can_not_be_read_and_echoes_it_does_not_make_us_show_it(
    make_client: ClientMaker, api_key: str, patience: Patience
) -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=f"{{{request.headers['authorization']}")

    client = make_client(
        transport=httpx.MockTransport(echo), retry=patience.policy(budget_seconds=2)
    )
    for call in (client.list_drops, lambda: client.contents(MONTH)):
        with pytest.raises(CloudZeroError, match="can't be read") as caught:
            call()
        assert api_key not in everything(caught.value)


def test_nothing_but_the_header_carries_it(
    send: Sender, cloudzero: CloudZeroStandIn, api_key: str, stream: str
) -> None:
    send({"1" * 12: "5"})
    assert all(record.has_authorization for record in cloudzero.log)
    assert api_key not in repr(cloudzero.log)
    assert api_key not in repr(cloudzero.rows(stream, "2025-01"))
