"""A TCP proxy that damages what passes through it, for S3, CloudZero and databases.

It knows no protocol. A fault recognizes its request by bytes in it, and acts on that request or on
its answer. Tests only.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

_CHUNK = 65_536
#: Close with a reset instead of a FIN.
_LINGER = struct.pack("ii", 1, 0)

Kind = Literal["latency", "reset", "blackhole", "truncate", "corrupt"]


@dataclass
class NetFault:
    """What happens to requests.

    Attributes:
        kind: ``latency`` delays the answer; ``reset`` and ``truncate`` end the connection, with a
            reset or with a FIN, after ``after`` bytes of the answer, or before the request is
            forwarded if that is negative; ``blackhole`` swallows the request for ever; ``corrupt``
            inverts the bits of the last byte of what follows a header.
        having: bytes that the request contains; empty for any request.
        after: bytes of the answer that still get through.
        seconds: of ``latency``.
        times: how many requests it hits.
    """

    kind: Kind
    having: bytes = b""
    after: int = -1
    seconds: float = 0.0
    times: int = 1_000_000


class FaultProxy:
    """A running proxy in front of one server.

    Attributes:
        hits: requests that a fault hit.
        connections: made so far.
    """

    def __init__(self, host: str, port: int) -> None:
        """Name the server; this starts nothing."""
        self._target = (host, port)
        self._faults: list[NetFault] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()
        self.hits = 0
        self.connections = 0
        self.port = 0

    @property
    def url(self) -> str:
        """The server's address through the proxy."""
        return f"http://127.0.0.1:{self.port}"

    def inject(self, fault: NetFault) -> None:
        """Let a fault happen from now on."""
        self._faults.append(fault)

    def clear(self) -> None:
        """No faults any more; what was swallowed stays swallowed."""
        self._faults.clear()

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._connected, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _close(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _matching(self, request: bytes) -> NetFault | None:
        for fault in self._faults:
            if fault.having in request and fault.times > 0:
                fault.times -= 1
                self.hits += 1
                return fault
        return None

    async def _connected(
        self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            server, to_server = await asyncio.open_connection(*self._target)
        except OSError:
            to_client.transport.abort()
            return
        try:
            await _Pair(self, client, to_client, server, to_server).carry()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            to_client.close()
            to_server.close()


class _Pair:
    """One connection and its other half; an answer follows each request before the next one."""

    def __init__(
        self,
        proxy: FaultProxy,
        client: asyncio.StreamReader,
        to_client: asyncio.StreamWriter,
        server: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
    ) -> None:
        self._proxy = proxy
        self._client, self._to_client = client, to_client
        self._server, self._to_server = server, to_server
        self._fault: NetFault | None = None
        self._answered = 0

    async def carry(self) -> None:
        tasks = [asyncio.ensure_future(self._up()), asyncio.ensure_future(self._down())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _up(self) -> None:
        while data := await self._client.read(_CHUNK):
            fault = self._proxy._matching(data)
            if fault is not None:
                self._fault, self._answered = fault, 0
                if fault.kind == "blackhole":
                    await self._swallow()
                    return
                if fault.kind in {"reset", "truncate"} and fault.after < 0:
                    self._end(fault)
                    return
            self._to_server.write(data)
            await self._to_server.drain()

    async def _swallow(self) -> None:
        while await self._client.read(_CHUNK):
            pass

    async def _down(self) -> None:
        while data := await self._server.read(_CHUNK):
            fault = self._fault
            cuts = fault is not None and fault.kind in {"reset", "truncate"}
            if fault is not None:
                if fault.kind == "latency" and not self._answered:
                    await asyncio.sleep(fault.seconds)
                data = _spoiled(data, fault, self._answered)
            self._answered += len(data)
            self._to_client.write(data)
            await self._to_client.drain()
            if fault is not None and cuts and self._answered >= fault.after:
                self._end(fault)
                return

    def _end(self, fault: NetFault) -> None:
        if fault.kind == "reset":
            held = self._to_client.get_extra_info("socket")
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
            self._to_client.transport.abort()
        else:
            self._to_client.close()


def _spoiled(data: bytes, fault: NetFault, answered: int) -> bytes:
    if fault.kind == "corrupt" and not data.endswith(b"\r\n\r\n"):
        return data[:-1] + bytes([data[-1] ^ 0xFF])
    if fault.kind in {"reset", "truncate"}:
        return data[: max(0, fault.after - answered)]
    return data
