"""Tells requests of our own pages from those that another site makes a browser send.

Pure rules over a request's line and headers. Dagster's webserver asks nobody who they are, and
accepts mutations in the query of a URL; so a request passes only if it is one that its own pages
send: https://cheatsheetseries.owasp.org, "Cross-Site Request Forgery Prevention".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

#: Sent with every answer. Pictures and connections go to this address only, whatever is shown.
HEADERS = {
    "content-security-policy": "img-src 'self' data: blob:; media-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-src 'self'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
#: The UI names its query there for people who read logs; nothing is requested by it.
_NAMED = re.compile(r"(?:op=\w*)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")
#: A path is decoded no more often than this; our pages never encode it more often.
_TIMES = 3


@dataclass(frozen=True)
class Asked:
    """What a request says about itself.

    Attributes:
        method: as it was sent; ``WEBSOCKET`` for a connection that is to become one.
        path: as it was sent, still encoded, without the query.
        query: what follows the question mark.
        headers: by name in lower case; one that was sent twice has both values, with a comma.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Rules:
    """Which requests pass.

    Attributes:
        hosts: the names, with the port, under which the pages are reached.
    """

    hosts: frozenset[str]

    @classmethod
    def on_loopback(cls, port: int) -> "Rules":
        """The rules of a guard that only this machine reaches."""
        names = ("127.0.0.1", "localhost", "[::1]")
        bare = names if port == 80 else ()  # noqa: PLR2004 - a browser leaves out HTTP's own port
        return cls(frozenset({*(f"{name}:{port}" for name in names), *bare}))

    def refusal(self, asked: Asked) -> str | None:
        """Why a request for any page does not pass, or None.

        A name that leads here only in an attacked browser (DNS rebinding) is not one of our hosts;
        a request from another site carries that site's origin, or says that it is cross-site.
        """
        host = asked.headers.get("host", "").lower()
        if host not in self.hosts:
            return "the host is none of this machine's names"
        origin = asked.headers.get("origin")
        if origin is not None and origin.lower() != f"http://{host}":
            return "the request comes from another site"
        if asked.method == "WEBSOCKET" and origin is None:
            return "a browser says where a WebSocket comes from"
        site = asked.headers.get("sec-fetch-site", "none")
        if site not in {"none", "same-origin"} and not _is_a_link(asked):
            return "the request comes from another site"
        if plain_path(asked.path) is None:
            return "the path is spelled as no page spells it"
        return None


def of_dagster(asked: Asked) -> str | None:
    """Why a request to Dagster's webserver does not pass, or None.

    Its pages send POST requests with JSON and WebSockets. A form, an image or a link can't.
    """
    path = plain_path(asked.path)
    if path is None or path.startswith("/report_asset"):
        return "the pipeline has no use for it"
    if path.startswith("/graphql"):
        return _of_the_api(asked)
    if asked.method not in {"GET", "HEAD"}:
        return "only the API is asked to do anything"
    return None


def _of_the_api(asked: Asked) -> str | None:
    if asked.path != "/graphql":
        return "the API has one path"
    if asked.method == "WEBSOCKET":
        return None
    if asked.method == "POST" and _NAMED.fullmatch(asked.query):
        kind = asked.headers.get("content-type", "").partition(";")[0].strip().lower()
        return None if kind == "application/json" else "the API takes JSON"
    return "the API takes a POST with JSON, and nothing from a URL"


def plain_path(path: str) -> str | None:
    """A path as the server behind may understand it, in lower case; None if that is not certain."""
    told = path
    for _ in range(_TIMES):
        decoded = unquote(told, errors="replace")
        if decoded == told:
            break
        told = decoded
    else:
        return None
    parts = told.split("/")
    if _CONTROL.search(told) or not told.startswith("/") or {".", ".."} & set(parts):
        return None
    return re.sub("/+", "/", told).lower()


def _is_a_link(asked: Asked) -> bool:
    """Whether a person followed another site's link, which opens a page and changes nothing."""
    return (
        asked.method == "GET"
        and asked.headers.get("sec-fetch-mode") == "navigate"
        and asked.headers.get("sec-fetch-dest") == "document"
    )
