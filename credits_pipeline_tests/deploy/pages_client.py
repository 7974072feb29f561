"""A browser's part in the protocol of the pages, without a browser: what a page shows a person."""

import base64
import socket
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from websockets.sync.client import connect

#: What a script that has ended says.
_ENDED = "script_finished"


@dataclass
class Screen:
    """What one run of a page sent.

    Attributes:
        text: everything that it shows, one thing a line.
        frames: how many came.
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
    """Open a page by a socket of its own, and wait until its script has ended.

    Args:
        url: of the pages, with http or https.
        page: the last part of its address.
        query: of the address.
        ssl_context: what is trusted.
        user: who is signed in by password; the password is the name, twice.
        how: further arguments of `websockets`: origin, additional_headers.
    """
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    headers = dict(how.pop("additional_headers", {}))
    if user is not None:
        told = base64.b64encode(f"{user}:{user * 2}".encode()).decode()
        headers["Authorization"] = f"Basic {told}"
    seen = Screen()
    with connect(
        url.replace("http", "ws", 1) + "/_stcore/stream",
        ssl=ssl_context,
        subprotocols=["streamlit", "PLACEHOLDER_AUTH_TOKEN"],  # type: ignore[list-item] # plain text
        additional_headers=headers,
        origin=how.pop("origin", url),
        # Whatever its name is, it is on this machine.
        sock=socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), 60),
        proxy=None,
        open_timeout=60,
        max_size=None,
        **how,
    ) as connected:
        asked = BackMsg()
        asked.rerun_script.query_string = query
        asked.rerun_script.page_name = page
        connected.send(asked.SerializeToString())
        while True:
            told = ForwardMsg()
            told.ParseFromString(connected.recv(120))
            seen.frames += 1
            kind = told.WhichOneof("type")
            if kind == _ENDED:
                break
            seen.text += str(told)
    return seen
