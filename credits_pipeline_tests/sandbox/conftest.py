"""The stand-in as its callers see it: over HTTP, without the product's client."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from credits_pipeline.sandbox.cloudzero import SCOPES, CloudZeroStandIn, StandInSettings

KEY = "a-key-that-never-shows-9c1e"
STREAM = "1234abcd-1234-abcd-1234-abcd1234efgh"
OTHER_STREAM = "another-stream"
MONTH = "2026-10"
# Made once: otherwise each client makes its own, which takes longer than most tests.
TLS = ssl.create_default_context()
ANYCOST = "/v2/connections/billing/anycost"


def credit(
    account: str = "000000000001",
    cost: Any = "-5.00",
    *,
    hour: int = 0,
    month: str = MONTH,
    **more: Any,
) -> dict[str, Any]:
    """A row as the product's card describes it; columns given as `None` are left out."""
    row = {
        "lineitem/type": "Credit",
        "lineitem/description": "AWS promotional credit",
        "time/usage_start": f"{month}-01T{hour:02d}:00:00Z",
        "time/usage_end": f"{month}-28T23:59:59Z",
        "resource/account": account,
        "resource/service": "AWSCredits",
        "cost/cost": cost,
    } | {name.replace("__", "/"): value for name, value in more.items()}
    return {name: value for name, value in row.items() if value is not None}


@dataclass
class Caller:
    """Calls CloudZero's operations; omitted parts of a body are not sent."""

    http: httpx.Client
    stream: str = STREAM

    def create(
        self,
        data: Any,
        month: str | None = MONTH,
        operation: str | None = "replace_drop",
        **options: Any,
    ) -> httpx.Response:
        body = {"month": month, "operation": operation, "data": data}
        body = {name: value for name, value in body.items() if value is not None}
        return self.post(f"{ANYCOST}/{self.stream}/billing_drops", json=body, **options)

    def validate(self, data: Any, month: str | None = MONTH, **options: Any) -> httpx.Response:
        body = {"month": month, "data": data}
        return self.post(f"{ANYCOST}/validate_billing_drop", json=body, **options)

    def drops(self, **options: Any) -> httpx.Response:
        return self.get(f"{ANYCOST}/{self.stream}/billing_drops", **options)

    def contents(self, month: str = MONTH, **options: Any) -> httpx.Response:
        return self.get(f"{ANYCOST}/{self.stream}/billing_drops/{month}", **options)

    def connection(self, **options: Any) -> httpx.Response:
        return self.get(f"/v2/connections/billing/{self.stream}", **options)

    def costs(self, **params: Any) -> httpx.Response:
        asked = {"start_date": "2026-10-01T00:00:00Z", "end_date": "2026-11-01T00:00:00Z"}
        return self.get("/v2/billing/costs", params=asked | params)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self._call("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self._call("POST", path, **options)

    def _call(
        self,
        method: str,
        path: str,
        *,
        key: str | None = None,
        test_key: str | None = None,
        **options: Any,
    ) -> httpx.Response:
        headers = {"cloudzero-idempotency-key": key, "cloudzero-test-key": test_key}
        sent = {name: value for name, value in headers.items() if value is not None}
        return self.http.request(method, path, headers=sent | options.pop("headers", {}), **options)

    def rows(self, month: str = MONTH, **options: Any) -> list[dict[str, str]]:
        answer = self.contents(month, **options)
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, str]] = answer.json()["billing_drop"]
        return rows

    def on(self, stream: str) -> "Caller":
        return Caller(self.http, stream)


@pytest.fixture
def stand_in() -> Iterator[Callable[..., tuple[CloudZeroStandIn, Caller]]]:
    """Starts a stand-in with the test's settings, and a caller of it."""
    with ExitStack() as stack:

        def start(**settings: Any) -> tuple[CloudZeroStandIn, Caller]:
            started = stack.enter_context(
                CloudZeroStandIn(
                    keys={KEY: SCOPES},
                    connections=[STREAM, OTHER_STREAM],
                    settings=StandInSettings(**settings),
                )
            )
            http = httpx.Client(
                base_url=started.base_url, headers={"Authorization": KEY}, timeout=60, verify=TLS
            )
            return started, Caller(stack.enter_context(http))

        yield start


@pytest.fixture
def cz(
    stand_in: Callable[..., tuple[CloudZeroStandIn, Caller]],
) -> Iterator[CloudZeroStandIn]:
    """A stand-in as the contract describes it; no test may make it fail by mistake."""
    started, _ = stand_in()
    yield started
    assert started.counters.crashes == 0


@pytest.fixture
def call(cz: CloudZeroStandIn) -> Iterator[Caller]:
    """A caller with every scope."""
    with httpx.Client(
        base_url=cz.base_url, headers={"Authorization": KEY}, timeout=60, verify=TLS
    ) as http:
        yield Caller(http)


@pytest.fixture(name="credit")
def credit_fixture() -> Callable[..., dict[str, Any]]:
    """Makes rows."""
    return credit
