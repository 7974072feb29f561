"""A browser's side of the pages' protocol, without a browser: what a page shows a person.

One thread reads and writes a socket: two threads sometimes lose data of an encrypted one.
"""

import asyncio
import base64
import socket
import ssl
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from websockets.asyncio.client import connect

#: What a finished script sends.
_ENDED = "script_finished"

Result = TypeVar("Result")


@dataclass
class Screen:
    """The output of one run of a page.

    Attributes:
        text: everything that it shows, one item per line.
        frames: the number of frames that came.
    """

    text: str = ""
    frames: int = 0


def look(
    url: str,
    page: str,
    *,
    query: str = "",
    ssl_context: ssl.SSLContext | None = None,
    user: str | None = None,
    **how: Any,
) -> Screen:
    """Open a page with its own socket, and wait until its script has ended.

    Args:
        url: of the pages, with http or https.
        page: the last part of its address.
        query: of the address.
        ssl_context: which certificates are trusted.
        user: who signs in by password; the password is the name, twice.
        how: more arguments of `websockets`: origin, additional_headers.
    """
    headers = dict(how.pop("additional_headers", {}))
    if user is not None:
        headers["Authorization"] = basic(user)
    opened = connect(
        url.replace("http", "ws", 1) + "/_stcore/stream",
        ssl=ssl_context,
        subprotocols=["streamlit", "PLACEHOLDER_AUTH_TOKEN"],  # type: ignore[list-item] # plain text
        additional_headers=headers,
        origin=how.pop("origin", url),
        # Whatever its name, it is on this machine.
        sock=socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), 60),
        proxy=None,
        open_timeout=60,
        max_size=None,
        **how,
    )
    return ended(_seen(opened, page, query))


def basic(user: str) -> str:
    """The header of a person whose password is the name, twice."""
    return f"Basic {base64.b64encode(f'{user}:{user * 2}'.encode()).decode()}"


def ended(work: Coroutine[Any, Any, Result]) -> Result:
    """Its result; a browser's tests already run a loop in this thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def _seen(opened: connect, page: str, query: str) -> Screen:
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    seen = Screen()
    async with opened as connected:
        asked = BackMsg()
        asked.rerun_script.query_string = query
        asked.rerun_script.page_name = page
        await connected.send(asked.SerializeToString())
        while True:
            told = ForwardMsg()
            async with asyncio.timeout(120):
                told.ParseFromString(await connected.recv(decode=False))
            seen.frames += 1
            kind = told.WhichOneof("type")
            if kind == _ENDED:
                break
            seen.text += str(told)
    return seen
