"""The pages as a server: Streamlit as an ASGI app, on loopback unless a proxy is in front of it."""

import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from credits_pipeline.finops.pages.door import configured_door
from credits_pipeline.finops.pages.person import NOT_THROUGH_PROXY, is_from_proxy

HERE = Path(__file__).parent
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
#: What a browser may load and do: nothing from another host, no frame around the page.
_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"same-origin",
    b"content-security-policy": (
        b"default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
        b"script-src 'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval'; "
        b"font-src 'self' data:; "
        b"connect-src 'self'; worker-src 'self' blob:; frame-ancestors 'none'; "
        b"base-uri 'self'; form-action 'self'; object-src 'none'"
    ),
}
_PRIVATE_CLOSE = 4403
_HEALTH = "/healthz"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class OnlyOurs:
    """Admits requests that name one of our hosts, and sockets that our own pages open.

    A name that resolves to this machine through somebody else's DNS, and a page of another site
    that opens a socket here, are both refused. Behind a proxy so is what did not come through it,
    before anything is stored for it: a session, a file that it uploads.
    """

    def __init__(self, app: Any, hosts: tuple[str, ...] = (), secret: str = "") -> None:
        self._app, self._secret = app, secret
        self._hosts = {host.lower() for host in (*_LOOPBACK, *hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get(b"host", "")
        origin = headers.get(b"origin")
        strange = _name(host) not in self._hosts
        if origin is None:
            # A browser says where a socket is opened from; without that it is not one of our pages.
            foreign = scope["type"] == "websocket"
        else:
            foreign = urlsplit(origin).netloc.lower() != host.lower()
        if not strange and not foreign and not self._is_past_the_proxy(scope, headers):
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": _PRIVATE_CLOSE})
        elif strange or foreign:
            why = "host" if strange else "origin"
            await _refuse(
                send,
                "This address answers only requests from its own pages: the request's "
                f"{why} differs.",
            )
        else:
            await _refuse(send, NOT_THROUGH_PROXY)

    def _is_past_the_proxy(self, scope: Scope, headers: Mapping[bytes, str]) -> bool:
        """Whether a request lacks the proxy's secret; whoever asks for health needs none."""
        if not self._secret or (scope["type"] == "http" and scope.get("path") == _HEALTH):
            return False
        told = {name.decode("latin-1"): value for name, value in headers.items()}
        return not is_from_proxy(told, self._secret)


def application(hosts: tuple[str, ...] = (), secret: str = "") -> Any:
    """The ASGI app.

    Args:
        hosts: the names, without a port, that it is reached by besides loopback.
        secret: what the proxy sends with every request; empty without a proxy.
    """
    import streamlit as st  # noqa: PLC0415 - only where pages are served
    from starlette.middleware import Middleware  # noqa: PLC0415 - as above
    from starlette.requests import Request  # noqa: PLC0415 - as above
    from starlette.responses import PlainTextResponse, RedirectResponse  # noqa: PLC0415 - as above
    from starlette.routing import Route  # noqa: PLC0415 - as above

    @asynccontextmanager
    async def warm(_: Any) -> AsyncIterator[dict[str, Any]]:
        # The imports for the first page take a second or two.
        import altair  # noqa: F401, ICN001, PLC0415 - as it says
        import duckdb  # noqa: F401, PLC0415 - as it says
        import pandas  # noqa: F401, ICN001, PLC0415 - Streamlit's tables need it

        yield {}

    def healthy(_: Request) -> PlainTextResponse:
        return PlainTextResponse("ok")

    def overview(request: Request) -> RedirectResponse:
        # Streamlit has its first page only at "/".
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/{query}", status_code=307)

    return st.App(
        HERE / "app.py",
        lifespan=warm,
        routes=[Route(_HEALTH, healthy), Route("/overview", overview)],
        middleware=[Middleware(OnlyOurs, hosts=hosts, secret=secret)],
    )


def serve(*, host: str = "127.0.0.1", port: int, hosts: tuple[str, ...] = ()) -> None:
    """Serve the pages until the process is stopped.

    Args:
        host: the address to listen on.
        port: the port to listen on.
        hosts: see `application`.
    """
    import uvicorn  # noqa: PLC0415 - only where pages are served

    app = application(hosts, configured_door().secret)
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False)


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _name(host: str) -> str:
    """A host header without its port."""
    name = host.lower()
    if name.startswith("["):
        return name.partition("]")[0] + "]"
    return name.partition(":")[0]


async def _refuse(send: Send, says: str) -> None:
    body = f"{says}\n".encode()
    await send(
        {
            "type": "http.response.start",
            "status": 403,
            "headers": [
                (b"content-type", b"text/plain; charset=utf-8"),
                (b"content-length", str(len(body)).encode()),
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})


def _with_headers(send: Send) -> Send:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message["headers"]}
            more = [(name, value) for name, value in _HEADERS.items() if name not in given]
            message = {**message, "headers": [*message["headers"], *more]}
        await send(message)

    return sending
