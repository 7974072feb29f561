"""The guard as a server: real requests and WebSockets, to an application or a server behind it."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from credits_pipeline.guard.door import Door, Page
from credits_pipeline.guard.rules import HEADERS, Rules, of_dagster
from credits_pipeline.guard.upstream import Upstream
from credits_pipeline.sandbox.dagster_dev import free_port
from credits_pipeline_tests.waiting import eventually


def application() -> Starlette:
    async def echo(request: Request) -> Response:
        body = await request.body()
        return JSONResponse(
            {
                "method": request.method,
                "path": request.url.path,
                "query": str(request.url.query),
                "bytes": len(body),
                "cookie": request.headers.get("cookie"),
            },
            headers={"set-cookie": "a=b"},
        )

    async def talk(socket: WebSocket) -> None:
        await socket.accept(subprotocol=next(iter(socket.scope["subprotocols"]), None))
        async for told in socket.iter_text():
            if told == "end":
                await socket.close()
                return
            await socket.send_text(told.upper())
            await socket.send_bytes(told.encode())

    return Starlette(
        routes=[
            WebSocketRoute("/{path:path}", talk),
            Route("/{path:path}", echo, methods=["GET", "POST", "HEAD"]),
        ]
    )


class Serving:
    """A server in a thread of this process."""

    def __init__(self, app: object, **where: object) -> None:
        config = uvicorn.Config(app, log_level="error", **where)  # type: ignore[arg-type]
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve()))

    def __enter__(self) -> None:
        self._thread.start()
        eventually(lambda: self._server.started, "the server did not start")

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(20)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    socket: Path = tmp_path_factory.mktemp("up") / "s"
    at = free_port()
    door = Door(
        Rules.on_loopback(at),
        Page("/", application(), of_dagster),
        Page("/costs", Upstream(str(socket))),
        Page("/gone", Upstream(f"{socket}-nobody")),
    )
    with (
        Serving(application(), uds=str(socket)),
        Serving(door, host="127.0.0.1", port=at, proxy_headers=False),
    ):
        yield at


def ask(port: int, method: str, path: str, **more: object) -> httpx.Response:
    with httpx.Client(trust_env=False) as client:
        return client.request(method, f"http://127.0.0.1:{port}{path}", **more)  # type: ignore[arg-type]


def test_what_passes_is_answered_with_the_guard_s_headers(port: int) -> None:
    answer = ask(port, "POST", "/graphql", json={"query": "{version}"})
    assert answer.json()["path"] == "/graphql"
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/graphql?query=mutation{x}", {}),
        ("GET", "/%67raphql?query=mutation{x}", {}),
        ("POST", "/graphql", {"content-type": "text/plain; application/json"}),
        ("GET", "/", {"host": "evil.example"}),
        ("GET", "/costs/", {"host": "evil.example"}),
        ("POST", "/costs/", {"origin": "http://evil.example"}),
        ("GET", "/costs/../graphql?query=x", {}),
        ("GET", "/costs/..%2fgraphql?query=x", {}),
    ],
)
def test_what_is_refused_is_answered_by_the_guard(
    port: int, method: str, path: str, headers: dict[str, str]
) -> None:
    url = httpx.URL(f"http://127.0.0.1:{port}").copy_with(raw_path=path.encode())
    with httpx.Client(trust_env=False) as client:
        answer = client.request(method, url, headers=headers)
    assert answer.status_code == httpx.codes.FORBIDDEN
    assert set(answer.json()) == {"refused"}
    assert answer.headers["x-frame-options"] == "DENY"


def test_a_page_behind_the_guard_gets_requests_whole(port: int) -> None:
    answer = ask(
        port, "POST", "/costs/a%20b?c=d", content=b"x" * 300_000, headers={"cookie": "k=v"}
    )
    assert answer.json() == {
        "method": "POST", "path": "/costs/a b", "query": "c=d", "bytes": 300_000, "cookie": "k=v",
    }  # fmt: skip
    assert answer.headers["set-cookie"] == "a=b"
    assert ask(port, "HEAD", "/costs/").content == b""


def test_a_missing_page_is_reported(port: int) -> None:
    assert ask(port, "GET", "/gone/").status_code == httpx.codes.BAD_GATEWAY


@pytest.mark.parametrize("path", ["/graphql", "/costs/stream"])
def test_websockets_pass_both_ways_and_end(port: int, path: str) -> None:
    with connect(
        f"ws://127.0.0.1:{port}{path}",
        origin=f"http://127.0.0.1:{port}",  # type: ignore[arg-type] # its own kind of text
        subprotocols=["graphql-ws"],  # type: ignore[list-item] # as above
        proxy=None,
    ) as socket:
        assert socket.subprotocol == "graphql-ws"
        socket.send("told")
        assert [socket.recv(20), socket.recv(20)] == ["TOLD", b"told"]
        socket.send("end")
        assert list(socket) == []


@pytest.mark.parametrize("path", ["/graphql", "/costs/stream"])
@pytest.mark.parametrize("origin", ["http://evil.example", None])
def test_a_websocket_of_another_site_is_refused(port: int, path: str, origin: str | None) -> None:
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(f"ws://127.0.0.1:{port}{path}", origin=origin, proxy=None),  # type: ignore[arg-type]
    ):
        pass
    assert refused.value.response.status_code == httpx.codes.FORBIDDEN
