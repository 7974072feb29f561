"""The stand-in's server: one address for every service, with moto behind it for the rest."""

import re
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from credits_pipeline.sandbox.clouds.answers import (
    OWN,
    Asked,
    made_older,
    own,
    refusal,
    with_disabled,
)
from credits_pipeline.sandbox.clouds.world import World

_SIGNED = re.compile(r"Credential=([^/]+)/\d+/([^/]*)/([^/]+)/aws4_request")
#: Of an assumed role: whose it is, and the key that it gives.
_ROLE, _KEY = re.compile(r"arn:aws:iam::(\d{12}):role"), re.compile(rb"<AccessKeyId>([^<]+)<")
#: The services that are asked here, as the SDK's variables of the environment name them.
SERVICES = (
    "EC2", "CLOUDWATCH", "COMPUTE_OPTIMIZER", "COST_OPTIMIZATION_HUB", "SAVINGSPLANS", "PRICING",
    "STS", "ORGANIZATIONS", "ELASTIC_LOAD_BALANCING_V2", "LAMBDA", "ECS", "RDS",
    "CLOUDWATCH_LOGS", "RESOURCE_GROUPS_TAGGING_API", "S3",
)  # fmt: skip
_SECONDS = 30


class CloudsStandIn:
    """The server, from `with` to its end.

    Attributes:
        world: what it knows; it may change while the server runs.
        url: ``http://127.0.0.1:<port>``.
    """

    def __init__(self, moto_url: str, world: World | None = None, port: int = 0) -> None:
        """Prepare it.

        Args:
            moto_url: of moto's server.
            world: what it knows.
            port: 0 for a free one.
        """
        self.world = world or World()
        self._moto = urlsplit(moto_url)
        self._accounts: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def environment(self) -> dict[str, str]:
        """The environment that makes the SDK of a process ask here."""
        return {f"AWS_ENDPOINT_URL_{service}": self.url for service in SERVICES}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its own name
                """Say nothing."""

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, headers, answer = stand_in.answer(
                    self.command, self.path, dict(self.headers.items()), body
                )
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(answer)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _answer  # noqa: N815 - its names

        return Handler

    def answer(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """The answer to one request."""
        text = body.decode("utf-8", "replace")
        key, service, region, operation = _asked(method, path, headers, text)
        self.world.requests[f"{service}:{operation}"] += 1
        for fault in self.world.faults:
            if fault.hits(service, operation, region, text):
                status, kind, answer = refusal(service, fault.code, fault.status)
                more = {"x-amzn-errortype": fault.code}
                return status, {"Content-Type": kind, **more}, answer
        found = own(
            self.world, Asked(service, operation, region, self._accounts.get(key, OWN)), text
        )
        if found is None:
            status, told, answer = self._passed_on(method, path, headers, body)
            if operation == "AssumeRole":
                self._remember(text, answer)
            if operation == "DescribeImages" and b"IncludeDisabled=true" in body:
                answer = with_disabled(self.world, region, answer)
            # Credentials of a role end when they end.
            if self.world.older and service != "sts":
                answer = made_older(answer, self.world.older)
            return status, told, answer
        return 200, {"Content-Type": found[0]}, found[1]

    def _remember(self, asked: str, answer: bytes) -> None:
        role, key = _ROLE.search(unquote(asked)), _KEY.search(answer)
        if role and key:
            self._accounts[key[1].decode()] = role[1]

    def _passed_on(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection(self._moto.hostname or "", self._moto.port, timeout=_SECONDS)
        try:
            kept = {k: v for k, v in headers.items() if k.lower() != "connection"}
            connection.request(method, path, body, kept)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        gone = {"content-length", "transfer-encoding", "connection"}
        told = {k: v for k, v in answer.getheaders() if k.lower() not in gone}
        return answer.status, told, content


def _asked(method: str, path: str, headers: dict[str, str], body: str) -> tuple[str, str, str, str]:
    """Key, service, region and operation, as the signature and the protocol tell them."""
    lower = {name.lower(): value for name, value in headers.items()}
    signed = _SIGNED.search(lower.get("authorization", ""))
    key, region, service = signed.groups() if signed else ("", "", "")
    target = lower.get("x-amz-target", "")
    if target:
        return key, service, region, target.rsplit(".", 1)[-1]
    action = parse_qs(body).get("Action") if "=" in body else None
    if action:
        return key, service, region, action[0]
    name = urlsplit(path).path.rsplit("/", 1)[-1]
    return key, service, region, name or f"{method} /"
