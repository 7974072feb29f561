"""TLS and proxies in a company's network: what docs/security.md says about the environment."""

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.cloudzero.client import CloudZeroClient
from credits_pipeline.credits.cloudzero.errors import CloudZeroError
from credits_pipeline.credits.cloudzero.retrying import RetryPolicy

MONTH = BillingMonth(2025, 1)
KEY = "key-for-tests-5f1d7c"


class Answers(BaseHTTPRequestHandler):
    """A stream that holds nothing."""

    def do_GET(self) -> None:
        body = b'{"billing_drop": []}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate with its key, which nobody trusts by default."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("authority")
    made = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    request = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    subprocess.run([*request, *made, *names], check=True, capture_output=True)
    return folder


@pytest.fixture
def server(authority: Path) -> Iterator[str]:
    """An HTTPS server with that certificate; its URL."""
    made = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "cert.pem", authority / "key.pem")
    made.socket = context.wrap_socket(made.socket, server_side=True)
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    try:
        yield f"https://127.0.0.1:{made.server_port}"
    finally:
        made.shutdown()
        thread.join()
        made.server_close()


def asked(base_url: str) -> bool:
    policy = RetryPolicy(budget_seconds=2)
    with CloudZeroClient(
        api_key=KEY, connection_id="stream", base_url=base_url, retry=policy
    ) as client:
        return client.contents(MONTH).is_empty()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


def test_a_certificate_that_nobody_vouches_for_is_refused(server: str) -> None:
    with pytest.raises(CloudZeroError, match="SSL_CERT_FILE") as refused:
        asked(server)
    assert KEY not in str(refused.value)


def test_a_network_s_own_authority_is_trusted_where_it_is_named(
    server: str, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "cert.pem"))
    assert asked(server)


def test_a_proxy_that_the_environment_names_is_used_and_does_not_see_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def refuse_once() -> None:
            connection, _ = listening.accept()
            with connection:
                heard.append(connection.recv(4096))
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=refuse_once)
        thread.start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{listening.getsockname()[1]}")
        with pytest.raises(CloudZeroError):
            asked("https://api.cloudzero.com")
        thread.join()
    assert heard[0].startswith(b"CONNECT api.cloudzero.com:443 ")
    assert KEY.encode() not in heard[0]


def test_plain_http_on_this_machine_goes_through_no_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{unused.getsockname()[1]}")
        plain = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        thread = threading.Thread(target=plain.serve_forever)
        thread.start()
        try:
            assert asked(f"http://127.0.0.1:{plain.server_port}")
        finally:
            plain.shutdown()
            thread.join()
            plain.server_close()
