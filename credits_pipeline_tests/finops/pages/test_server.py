"""Which requests the pages answer, and what a browser learns."""

import asyncio
import csv
import io
import tomllib
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

import pytest

from credits_pipeline.finops.decisions import Change
from credits_pipeline.finops.pages.server import HERE, OnlyOurs, is_loopback
from credits_pipeline.finops.pages.settings_page import log_csv

HOSTS = ("spend.example.com",)


def asked(
    kind: str, *, secret: str = "", path: str = "/", **headers: str
) -> list[MutableMapping[str, Any]]:
    """The response to a request."""
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

    encoded = [
        (name.replace("_", "-").encode(), value.encode("latin-1"))
        for name, value in headers.items()
    ]
    asked_for = {"type": kind, "path": path, "headers": encoded}
    asyncio.run(OnlyOurs(app, HOSTS, secret)(asked_for, receive, send))
    return sent


def let_in(kind: str, **headers: Any) -> bool:
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


OURS = {"host": "spend.example.com", "origin": "https://spend.example.com", "secret": "sesame"}


@both
@pytest.mark.parametrize(
    "path",
    ["/", "/_stcore/stream", "/_stcore/upload_file/a/b", "/media/x.csv", "/healthz/", "//healthz"],
)
def test_past_the_proxy_nothing_is_begun_and_nothing_is_stored(kind: str, path: str) -> None:
    for given in ({}, {"x_finops_door": "guessed"}, {"authorization": "Basic YTpndWVzcw=="}):
        assert not let_in(kind, path=path, **OURS, **given)
    assert let_in(kind, path=path, **OURS, x_finops_door="sesame")
    assert let_in(kind, path=path, **OURS, authorization="Basic YTpzZXNhbWU=")


def test_without_the_proxy_people_learn_where_to_go_and_anybody_may_check_health() -> None:
    refused = asked("http", **OURS)
    assert refused[0]["status"] == 403
    assert b"Open the address of the proxy" in refused[1]["body"]
    assert let_in("http", path="/healthz", **OURS)
    assert not let_in("websocket", path="/healthz", **OURS)


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
def test_loopback_addresses_are_recognized(host: str, is_one: bool) -> None:
    assert is_loopback(host) is is_one


def test_an_error_is_shown_without_its_details_and_without_links_to_other_sites() -> None:
    told = tomllib.loads((HERE / ".streamlit/config.toml").read_text())["client"]
    assert told["showErrorDetails"] == "none"
    assert told["showErrorLinks"] is False


@pytest.mark.parametrize(
    "word", ["=1+1", "+cmd|x", "-2+A1", "@x", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "\uff1d1+1"]
)
def test_a_change_s_words_are_text_in_a_spreadsheet(word: str) -> None:
    change = Change(1, datetime.now(UTC), word, word, word, word, 1, None, None, word)
    (_, cells) = list(csv.reader(io.StringIO(log_csv([change]).decode())))
    assert not any(one.strip().startswith(("=", "+", "-", "@", "\uff1d")) for one in cells)
