"""Which requests the pages answer, and what a browser is told."""

import asyncio
import tomllib
from collections.abc import MutableMapping
from typing import Any

import pytest

from credits_pipeline.finops.pages.server import HERE, OnlyOurs, is_loopback

HOSTS = ("spend.example.com",)


def asked(kind: str, **headers: str) -> list[MutableMapping[str, Any]]:
    """What is sent for a request."""
    sent: list[MutableMapping[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if kind == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"a page"})
        else:
            await send({"type": "websocket.accept"})

    async def receive() -> MutableMapping[str, Any]:
        return {"type": f"{kind}.connect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    asyncio.run(OnlyOurs(app, HOSTS)({"type": kind, "headers": encoded}, receive, send))
    return sent


def let_in(kind: str, **headers: str) -> bool:
    first = asked(kind, **headers)[0]
    return first["type"] == "websocket.accept" or first.get("status") == 200


both = pytest.mark.parametrize("kind", ["http", "websocket"])


@both
@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:8501", "localhost:8501", "[::1]:8501", "SPEND.example.com",
     "spend.example.com:443"],
)  # fmt: skip
def test_a_request_that_names_one_of_our_hosts_is_answered(kind: str, host: str) -> None:
    assert let_in(kind, host=host, origin=f"https://{host}")


def test_only_a_socket_has_to_say_where_it_is_opened_from() -> None:
    assert let_in("http", host="localhost:8501")
    assert not let_in("websocket", host="localhost:8501")


@both
@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8501",
     "evil.example:127.0.0.1", "[::2]:8501", "spend.example.com.evil.example"],
)  # fmt: skip
def test_a_name_that_leads_here_by_somebody_elses_dns_is_turned_away(kind: str, host: str) -> None:
    assert not let_in(kind, host=host)


@both
@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://localhost:9999", "http://127.0.0.1",
     "http://localhost.evil.example:8501", "file://"],
)  # fmt: skip
def test_another_sites_page_opens_nothing_here(kind: str, origin: str) -> None:
    assert not let_in(kind, host="localhost:8501", origin=origin)


def test_a_page_may_load_from_its_own_host_alone() -> None:
    headers = dict(asked("http", host="localhost")[0]["headers"])
    policy = headers[b"content-security-policy"].decode()
    assert "default-src 'self'" in policy
    assert "http" not in policy
    assert "*" not in policy
    assert headers[b"x-frame-options"] == b"DENY"
    assert headers[b"x-content-type-options"] == b"nosniff"


@pytest.mark.parametrize(
    ("host", "is_one"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), (".".join("0000"), False),
     ("::", False), ("10.0.0.1", False), ("localhost.example", False)],
)  # fmt: skip
def test_loopback_is_told_from_the_rest(host: str, is_one: bool) -> None:
    assert is_loopback(host) is is_one


def test_an_error_is_shown_without_its_details_and_without_links_to_other_sites() -> None:
    told = tomllib.loads((HERE / ".streamlit/config.toml").read_text())["client"]
    assert told["showErrorDetails"] == "none"
    assert told["showErrorLinks"] is False
