"""A server behind the guard, as an ASGI application: it passes requests and WebSockets on.

It listens on a Unix socket, where no browser reaches it past the guard.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from credits_pipeline.guard.door import Receive, Scope, Send

#: Headers of this hop alone (RFC 9110, 7.6.1), and those that the client writes itself.
_NOT_HANDED_ON = {
    b"connection",
    b"content-length",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}
_SECONDS = 60


class Upstream:
    """A server on a Unix socket."""

    def __init__(self, socket: str) -> None:
        """Prepare it; no request is made.

        Args:
            socket: the path of its socket.
        """
        self._socket = socket

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "websocket":
            await self._hand_on_socket(scope, receive, send)
        else:
            await self._hand_on_request(scope, receive, send)

    async def _hand_on_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        # A socket of this machine needs neither certificates nor a connection pool.
        transport = httpx.AsyncHTTPTransport(verify=False, uds=self._socket)
        async with httpx.AsyncClient(transport=transport, timeout=_SECONDS) as client:
            await self._ask(client, scope, receive, send)

    async def _ask(
        self, client: httpx.AsyncClient, scope: Scope, receive: Receive, send: Send
    ) -> None:
        headers = [pair for pair in scope["headers"] if pair[0].lower() not in _NOT_HANDED_ON]
        body = None if scope["method"] in {"GET", "HEAD"} else _body(receive)
        request = client.build_request(
            scope["method"], f"http://behind{_target(scope)}", headers=headers, content=body
        )
        try:
            answer = await client.send(request, stream=True)
        except httpx.HTTPError:
            await _say(send, 502, b"The page behind the guard does not answer.")
            return
        try:
            kept = [pair for pair in answer.headers.raw if pair[0].lower() not in _NOT_HANDED_ON]
            start = {"type": "http.response.start", "status": answer.status_code, "headers": kept}
            await send(start)
            async for piece in answer.aiter_raw():
                more = {"type": "http.response.body", "body": piece, "more_body": True}
                await send(more)
            await send({"type": "http.response.body", "body": b""})
        finally:
            await answer.aclose()

    async def _hand_on_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        try:
            behind = await unix_connect(
                self._socket,
                f"ws://behind{_target(scope)}",
                subprotocols=[Subprotocol(name) for name in scope.get("subprotocols", [])] or None,
                additional_headers={
                    name: headers[name] for name in ("cookie", "user-agent") if name in headers
                },
                origin=None,
                max_size=None,
            )
        except (OSError, InvalidHandshake, TimeoutError):
            await send({"type": "websocket.close", "code": 1014, "reason": "no page behind it"})
            return
        async with behind:
            await send({"type": "websocket.accept", "subprotocol": behind.subprotocol})
            both = {
                asyncio.create_task(_up(receive, behind)),
                asyncio.create_task(_down(behind, send)),
            }
            _, left = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for task in left:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task


def _target(scope: Scope) -> str:
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    query = scope.get("query_string", b"").decode("latin-1")
    return f"{path}?{query}" if query else path


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return
        yield message.get("body", b"")
        if not message.get("more_body"):
            return


async def _up(receive: Receive, behind: ClientConnection) -> None:
    """From the browser, until it disconnects."""
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return
        told = message.get("text")
        try:
            await behind.send(message["bytes"] if told is None else told)
        except ConnectionClosed:
            return


async def _down(behind: ClientConnection, send: Send) -> None:
    """To the browser, until the page ends the connection."""
    async for told in behind:
        kind = "text" if isinstance(told, str) else "bytes"
        await send({"type": "websocket.send", kind: told})
    await send({"type": "websocket.close", "code": behind.close_code or 1000})


async def _say(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
