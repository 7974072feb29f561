"""The complete stand-in: its server, its state, and its interface for tests in the same process."""

import threading
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Self

from credits_pipeline.sandbox.cloudzero import saved
from credits_pipeline.sandbox.cloudzero.clock import Clock
from credits_pipeline.sandbox.cloudzero.control import Control
from credits_pipeline.sandbox.cloudzero.faults import Fault
from credits_pipeline.sandbox.cloudzero.journal import Counters, RequestRecord
from credits_pipeline.sandbox.cloudzero.settings import StandInSettings
from credits_pipeline.sandbox.cloudzero.wire import Server
from credits_pipeline.sandbox.cloudzero.world import World

_POLL_SECONDS = 0.02


class CloudZeroStandIn:
    """CloudZero's AnyCost Stream API on loopback, with its contract enforced.

    Attributes:
        keys: the scopes of every API key; may be changed while it runs.
        connections: ids of the streams that exist; may be changed while it runs.
        clock: the time that everything but real delays follows.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        keys: Mapping[str, Iterable[str]],
        connections: Iterable[str],
        settings: StandInSettings | None = None,
        state_file: Path | None = None,
    ) -> None:
        """Nothing listens before `start`.

        Args:
            port: 0 takes a free one, and keeps it over a stop and a start.
            keys: API keys and the scopes that each was granted.
            connections: ids of the streams that exist.
            settings: what the contract leaves open.
            state_file: where the state is kept between a stop and the next start, also of another
                process; without it the state lives as long as this object.
        """
        self._world = World(
            keys={key: frozenset(scopes) for key, scopes in keys.items()},
            connections=list(connections),
            settings=settings or StandInSettings(),
        )
        self._port = port
        self._state_file = state_file
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self.keys = self._world.keys
        self.connections = self._world.connections
        self.clock: Clock = self._world.clock

    def start(self) -> Self:
        """Listen. A second call does nothing.

        Raises:
            OSError: the port is taken.
        """
        if self._server is not None:
            return self
        if self._state_file is not None and self._state_file.exists():
            saved.load(self._world, self._state_file)
        server = Server(self._port, self._world, Control(self._world))
        self._port = server.server_address[1]
        self._server = server
        self._thread = threading.Thread(
            target=server.serve_forever, args=(_POLL_SECONDS,), name="stand-in", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """End every connection and thread; the state stays. A second call does nothing."""
        if self._server is None or self._thread is None:
            return
        self._server.stop()
        self._thread.join()
        self._server = self._thread = None
        if self._state_file is not None:
            saved.save(self._world, self._state_file)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        """Where it listens, ``http://127.0.0.1:PORT``.

        Raises:
            RuntimeError: it was never started, so it has no port.
        """
        if self._port == 0:
            raise RuntimeError("the stand-in has no port yet: start it first")
        return f"http://127.0.0.1:{self._port}"

    @property
    def settings(self) -> StandInSettings:
        """How it behaves; may be replaced while it runs."""
        return self._world.settings

    @settings.setter
    def settings(self, settings: StandInSettings) -> None:
        self._world.settings = settings

    def rows(self, connection_id: str, month: str, test_key: str = "") -> list[dict[str, str]]:
        """The rows that a stream holds now, whatever lagging readers see; none if none.

        Args:
            connection_id: the stream.
            month: ``YYYY-MM``.
            test_key: the namespace of that ``cloudzero-test-key`` instead of the live one.
        """
        held = self._world.month(connection_id, month, test_key)
        return [] if held is None else held.rows

    def months(self, connection_id: str) -> list[str]:
        """The months that a stream has a drop for, oldest first."""
        return list(self._world.months(connection_id))

    def seed(self, connection_id: str, month: str, rows: list[dict[str, str]]) -> None:
        """Set what a stream holds for a month, as another feeder would have left it.

        Raises:
            ValueError: no such month, or rows that CloudZero would not hold.
        """
        self._world.seed(connection_id, month, rows)

    def bill(self, month: str, account: str, cost: str | float | Decimal, **what: str) -> None:
        """Add a line to the bill that CloudZero reads directly: costs calls see it at once.

        Args:
            month: ``YYYY-MM``.
            account: the account of the cloud provider.
            cost: US dollars, negative for credits.
            what: `line_item_type` (default ``Usage``), `cloud_provider` (``AWS``),
                `connection_id` (``aws-bill``), `service` (``AmazonEC2``).

        Raises:
            ValueError: no such month, or an invalid cost or type.
        """
        self._world.add_to_bill(month, account, cost, **what)

    def inject(self, *faults: Fault) -> None:
        """Activate faults from the next request on."""
        for fault in faults:
            self._world.faults.inject(fault)

    def clear_faults(self) -> None:
        """Deactivate all faults, and release requests that are held."""
        self._world.faults.clear()

    def reset(self) -> None:
        """Forget everything but keys, connections, settings and clock."""
        self._world.reset()

    @property
    def log(self) -> list[RequestRecord]:
        """All requests in the order of arrival."""
        return self._world.journal.records

    @property
    def counters(self) -> Counters:
        """Figures over all requests."""
        return self._world.journal.counters

    def max_in_flight(self, connection_id: str) -> int:
        """The most requests that were in flight on a stream at one time."""
        return self.counters.max_in_flight.get(connection_id, 0)

    @property
    def costs_calls_today(self) -> int:
        """Costs calls used of this UTC day's budget, not counting cursors."""
        return self._world.costs_calls_today

    def wait_until(
        self, condition: Callable[["CloudZeroStandIn"], bool], seconds: float = 10.0
    ) -> None:
        """Wait until the condition is true; it is tested whenever a request comes or goes.

        Raises:
            TimeoutError: it was not true in that time.
        """
        changed = self._world.journal.changed
        with changed:
            if not changed.wait_for(lambda: condition(self), seconds):
                raise TimeoutError(f"not so within {seconds} s; the log: {self.log}")
