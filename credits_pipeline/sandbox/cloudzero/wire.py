"""The HTTP server: reads requests, sends answers, and breaks connections on demand.

HTTP/1.1 with keep-alive, one thread per connection, on loopback only.
"""

import contextlib
import http.client
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from typing import Any

from credits_pipeline.sandbox.cloudzero.control import PREFIX, Control
from credits_pipeline.sandbox.cloudzero.visit import Reply, Visit
from credits_pipeline.sandbox.cloudzero.world import Answer, World

_LOOPBACK = "127.0.0.1"
#: A reset instead of an orderly end: close at once and discard what is unsent.
_ABORT = struct.pack("ii", 1, 0)
_PIECE = 262_144
#: Read past the limit before the rest is discarded, so that "too large" is decided by size.
_SPARE = 1
_LONGEST_LINE = 65_536
#: The most of one body that is read in order to answer it; after that the connection ends.
_MOST_READ = 256_000_000
_POLL_SECONDS = 0.01


class _ClientGoneError(Exception):
    """The client left before its request was whole."""


class _BadRequestError(Exception):
    """The input is not HTTP, at least not in the body's length."""


class Server(TCPServer):
    """Accepts connections until it is stopped, and then ends every one of them."""

    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, port: int, world: World, control: Control) -> None:
        self.world = world
        self.control = control
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._open: dict[socket.socket, threading.Thread] = {}
        super().__init__((_LOOPBACK, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve each connection in its own thread."""
        self.world.journal.tally("connections")
        thread = threading.Thread(
            target=self._serve_connection,
            args=(request, client_address),
            name=f"stand-in-{client_address[1]}",
            daemon=True,
        )
        with self._lock:
            self._open[request] = thread
        thread.start()

    def _serve_connection(self, request: socket.socket, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except OSError:
            # The client went away: that is recorded with the request.
            pass
        finally:
            self.shutdown_request(request)
            with self._lock:
                self._open.pop(request, None)

    def stop(self) -> None:
        """End everything; returns when no thread and no socket is left."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        with self._lock:
            still_open = dict(self._open)
        for connection, thread in still_open.items():
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()


class _Connection:
    """What faults need to know about a connection."""

    def __init__(self, connection: socket.socket, stopping: threading.Event) -> None:
        self._connection = connection
        self._stopping = stopping

    def wait_until(self, condition: Callable[[], bool], seconds: float | None = None) -> None:
        """Wait until the condition is true, for at most this much real time.

        Raises:
            ConnectionAbortedError: the stand-in stops.
        """
        ends = None if seconds is None else time.monotonic() + seconds
        while not condition():
            left = _POLL_SECONDS if ends is None else min(_POLL_SECONDS, ends - time.monotonic())
            if left <= 0 or self._stopping.wait(left):
                break
        if self._stopping.is_set():
            # Waiting requests are given up: a stop must commit nothing.
            raise ConnectionAbortedError("the stand-in stops")

    @property
    def client_is_gone(self) -> bool:
        """Whether the client has closed its side."""
        with selectors.DefaultSelector() as selector:
            try:
                selector.register(self._connection, selectors.EVENT_READ)
                readable = bool(selector.select(0))
                return readable and not self._connection.recv(1, socket.MSG_PEEK)
            except (OSError, ValueError):
                return True


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "CloudZeroStandIn"
    sys_version = ""
    # Small answers are sent at once: a sequence of requests must not wait for acknowledgements.
    disable_nagle_algorithm = True
    server: Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Print nothing on the terminal: the journal has it, without keys."""

    def __getattr__(self, name: str) -> Any:
        # Every method is handled alike; the API decides which methods a path has.
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        path, _, query = self.path.partition("?")
        if path.startswith("http://"):
            # The absolute form, which proxies send.
            path = "/" + path.removeprefix("http://").partition("/")[2]
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            if path.startswith(PREFIX):
                body = self._body(headers)
                answer = self.server.control.answer(self.command, path, query, body)
                self._send(Reply(answer), lambda: None)
            else:
                self._visit(path, query, headers)
        except _BadRequestError as bad:
            self.close_connection = True
            answer = Answer.of(400, {"error": {"message": str(bad), "type": "BadRequest"}})
            self._send(Reply(answer), lambda: None)
        except _ClientGoneError:
            self.close_connection = True

    def _visit(self, path: str, query: str, headers: dict[str, str]) -> None:
        visit = Visit.arrive(self.server.world, self.command, path, query, headers)
        try:
            body = self._body(headers)
            visit.note(bytes=self._received)
            reply = visit.reply(body, headers, _Connection(self.connection, self.server.stopping))
            self._send(reply, visit.leave)
        except (_ClientGoneError, OSError):
            visit.note(outcome="client_gone")
            raise
        except _BadRequestError:
            visit.note(status=400, outcome="answered")
            raise
        except Exception as mistake:  # noqa: BLE001 - a mistake here is an answer, never a crash
            self.server.world.journal.tally("crashes")
            visit.note(status=500, outcome="answered")
            message = f"mistake in the stand-in: {type(mistake).__name__}: {mistake}"
            self._send(
                Reply(Answer.of(500, {"error": {"message": message, "type": "StandIn"}})),
                visit.leave,
            )
        finally:
            visit.leave()

    def _body(self, headers: dict[str, str]) -> bytes:
        """The body, kept up to slightly more than the limit; the rest is read and discarded.

        An answer sent before the body was read would reach only some clients.
        """
        limit = self.server.world.settings.max_body_bytes + _SPARE
        if self.path.startswith(PREFIX):
            limit = _MOST_READ
        kept: list[bytes] = []
        self._received = 0
        for piece in self._pieces(headers):
            if self._received <= limit:
                kept.append(piece)
            self._received += len(piece)
            if self._received > _MOST_READ:
                raise _BadRequestError("the request body never ends")
        return b"".join(kept)

    def _pieces(self, headers: dict[str, str]) -> Iterator[bytes]:
        if headers.get("transfer-encoding", "identity").lower() == "identity":
            yield from self._exactly(self._length(headers.get("content-length", "0"), 10))
            return
        if headers["transfer-encoding"].lower() != "chunked":
            raise _BadRequestError("of transfer encodings only 'chunked' is supported")
        while size := self._length(self._line().partition(b";")[0].decode("latin-1"), 16):
            yield from self._exactly(size)
            self._line()
        while self._line():
            pass

    def _exactly(self, size: int) -> Iterator[bytes]:
        while size:
            piece = self.rfile.read(min(size, _PIECE))
            if not piece:
                raise _ClientGoneError
            size -= len(piece)
            yield piece

    def _line(self) -> bytes:
        line = self.rfile.readline(_LONGEST_LINE)
        if not line.endswith(b"\n"):
            raise _ClientGoneError
        return line.strip()

    @staticmethod
    def _length(text: str, base: int) -> int:
        digits = text.strip()
        if not digits.isalnum() or not digits.isascii():
            raise _BadRequestError("the length of the body is not a number")
        try:
            return int(digits, base)
        except ValueError:
            raise _BadRequestError("the length of the body is not a number") from None

    def _send(self, reply: Reply, leave: Callable[[], None]) -> None:
        """Send a reply; the request counts as over just before its last byte."""
        answer = reply.answer
        if answer is None:
            self.close_connection = True
            if reply.wire == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
                # Closed immediately: an orderly shutdown would tell the client the opposite.
                socket.close(self.connection.detach())
            return
        body = b"" if self.command == "HEAD" else answer.body
        if reply.wire == "truncate":
            self.close_connection = True
            body = body[: len(body) // 2]
        head = self._head(answer)
        early, last = body[:-_PIECE], body[-_PIECE:]
        if early:
            self.connection.sendall(head)
            self.connection.sendall(early)
            head = b""
        leave()
        self.connection.sendall(head + last)

    def _head(self, answer: Answer) -> bytes:
        reason = http.client.responses.get(answer.status, "Unknown")
        lines = [
            f"HTTP/1.1 {answer.status} {reason}",
            f"Server: {self.server_version}",
            f"Date: {self.date_time_string()}",
            *(f"{name}: {value}" for name, value in answer.headers),
            f"Content-Length: {len(answer.body)}",
            *(["Connection: close"] if self.close_connection else []),
        ]
        plain = (line.replace("\r", " ").replace("\n", " ") for line in lines)
        return "\r\n".join([*plain, "", ""]).encode("latin-1", "replace")
