"""The door: one ASGI application in front of all pages, which passes on what the rules allow.

Each page is its own application below a path; `Upstream` makes one of a server elsewhere.
"""

import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from credits_pipeline.guard.rules import HEADERS, Asked, Rules, plain_path

_log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True)
class Page:
    """An application that answers below a path.

    Attributes:
        below: the path, such as ``/costs``; ``/`` for what no other page answers.
        app: the ASGI application.
        refusal: its own rules, in addition to those for all pages.
    """

    below: str
    app: App
    refusal: Callable[[Asked], str | None] = lambda _: None

    def answers(self, path: str) -> bool:
        """Whether a path, in lower case, is one of its own."""
        return self.below in {"/", path} or path.startswith(f"{self.below}/")


class Door:
    """The guard. The longest path that matches decides which page is asked."""

    def __init__(self, rules: Rules, *pages: Page) -> None:
        self._rules = rules
        self._pages = sorted(pages, key=lambda page: -len(page.below))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "lifespan":
            await self._pages[-1].app(scope, receive, send)
            return
        asked = _asked(scope)
        why = self._rules.refusal(asked)
        path = plain_path(asked.path) or ""
        page = next((page for page in self._pages if page.answers(path)), None)
        if why is None:
            why = "there is no such page" if page is None else page.refusal(asked)
        if why is not None or page is None:
            _log.warning("refused: %s (%s %r)", why, asked.method, asked.path[:200])
            await _refuse(scope, receive, send, why or "")
            return
        await page.app(scope, receive, _with_headers(send))


def _asked(scope: Scope) -> Asked:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1").lower()
        told = value.decode("latin-1")
        headers[key] = f"{headers[key]},{told}" if key in headers else told
    raw = scope.get("raw_path") or scope["path"].encode()
    method = "WEBSOCKET" if scope["type"] == "websocket" else scope["method"]
    path = raw.partition(b"?")[0].decode("latin-1")
    return Asked(method, path, scope.get("query_string", b"").decode("latin-1"), headers)


async def _refuse(scope: Scope, receive: Receive, send: Send, why: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": why})
        return
    body = json.dumps({"refused": why}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *((name.encode(), value.encode()) for name, value in HEADERS.items()),
    ]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _with_headers(send: Send) -> Send:
    async def more(message: Message) -> None:
        if message["type"] == "http.response.start":
            ours = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
            message = {**message, "headers": [*message.get("headers", []), *ours]}
        await send(message)

    return more
