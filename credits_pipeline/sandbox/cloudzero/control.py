"""The stand-in's own paths under ``/_stand-in/``, for tests in other processes."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, unquote

from credits_pipeline.sandbox.cloudzero.faults import Fault
from credits_pipeline.sandbox.cloudzero.rows import read_moment
from credits_pipeline.sandbox.cloudzero.streams import LIVE
from credits_pipeline.sandbox.cloudzero.world import Answer, World

PREFIX = "/_stand-in"

_MONTH = re.compile(r"/months/(?P<connection>[^/]+)/(?P<month>[^/]+)")


class Control:
    """The state over HTTP, as JSON and without authorization."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._calls: Mapping[tuple[str, str], Callable[[Any, Mapping[str, str]], Any]] = {
            ("GET", ""): self._about,
            ("GET", "/months"): self._months,
            ("GET", "/faults"): self._faults,
            ("POST", "/faults"): self._inject,
            ("DELETE", "/faults"): self._clear_faults,
            ("GET", "/clock"): self._clock,
            ("POST", "/clock"): self._move_clock,
            ("GET", "/log"): self._log,
            ("GET", "/counters"): self._counters,
            ("GET", "/bill"): self._bill,
            ("POST", "/bill"): self._add_to_bill,
            ("GET", "/settings"): self._settings,
            ("PATCH", "/settings"): self._amend_settings,
            ("POST", "/reset"): self._reset,
        }

    def answer(self, method: str, path: str, query: str, body: bytes) -> Answer:
        """Carry out one call."""
        place = path.removeprefix(PREFIX).rstrip("/")
        asked = {name: values[-1] for name, values in parse_qs(query).items()}
        try:
            value = json.loads(body) if body.strip() else {}
            if match := _MONTH.fullmatch(place):
                found = self._month(method, unquote(match["connection"]), match["month"], value)
            elif (method, place) in self._calls:
                found = self._calls[method, place](value, asked)
            else:
                return Answer.of(404, {"error": f"no {method} {path}: see {PREFIX}/"})
        except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError) as error:
            return Answer.of(400, {"error": f"{error}"})
        return Answer.of(200, found)

    def _about(self, _value: Any, _asked: Mapping[str, str]) -> Any:
        return {
            "calls": [f"{method} {PREFIX}{place}" for method, place in self._calls]
            + [
                f"{method} {PREFIX}/months/CONNECTION/YYYY-MM"
                for method in ("GET", "PUT", "DELETE")
            ],
            "connections": self._world.connections,
            "clock": self._world.clock.now().isoformat(),
        }

    def _months(self, _value: Any, _asked: Mapping[str, str]) -> Any:
        return {
            "months": [
                {
                    "connection_id": connection,
                    "month": month,
                    "row_count": held.count,
                    "bytes": held.size,
                    "drop_id": held.drop_id,
                }
                for connection in self._world.connections
                for month, held in self._world.months(connection).items()
            ]
        }

    def _month(self, method: str, connection: str, month: str, value: Any) -> Any:
        if connection not in self._world.connections:
            raise ValueError(
                f"there is no connection {connection!r}; there are {self._world.connections}"
            )
        if method == "PUT":
            self._world.seed(connection, month, value["rows"])
        elif method == "DELETE":
            self._world.streams.remove(
                (LIVE, connection, month), self._world.clock.now(), self._world.settings
            )
        elif method != "GET":
            raise ValueError(f"a month takes GET, PUT and DELETE, not {method}")
        held = self._world.month(connection, month)
        rows = [] if held is None else held.rows
        return {
            "connection_id": connection,
            "month": month,
            "exists": held is not None,
            "row_count": len(rows),
            "rows": rows,
        }

    def _faults(self, _value: Any, _asked: Mapping[str, str]) -> Any:
        return {"faults": [fault.as_json() for fault in self._world.faults.in_force]}

    def _inject(self, value: Any, asked: Mapping[str, str]) -> Any:
        for fault in [Fault.from_json(one) for one in _several(value)]:
            self._world.faults.inject(fault)
        return self._faults(value, asked)

    def _clear_faults(self, value: Any, asked: Mapping[str, str]) -> Any:
        self._world.faults.clear()
        return self._faults(value, asked)

    def _clock(self, _value: Any, _asked: Mapping[str, str]) -> Any:
        return {
            "now": self._world.clock.now().isoformat(),
            "ahead_seconds": self._world.clock.ahead.total_seconds(),
        }

    def _move_clock(self, value: Any, asked: Mapping[str, str]) -> Any:
        if set(value) == {"advance_seconds"}:
            self._world.clock.advance(timedelta(seconds=float(value["advance_seconds"])))
        elif set(value) == {"now"}:
            moment = read_moment(str(value["now"]))
            if moment is None:
                raise ValueError(f"{value['now']!r} is not an ISO 8601 datetime")
            self._world.clock.set(moment)
        else:
            raise ValueError("the clock takes {'advance_seconds': N} or {'now': DATETIME}")
        self._world.settle()
        return self._clock(value, asked)

    def _log(self, _value: Any, asked: Mapping[str, str]) -> Any:
        after, operation = int(asked.get("after", "0")), asked.get("operation")
        return {
            "requests": [
                record.as_json()
                for record in self._world.journal.records[after:]
                if operation in (None, record.operation)
            ]
        }

    def _counters(self, _value: Any, _asked: Mapping[str, str]) -> Any:
        counters = self._world.journal.counters.as_json()
        return {**counters, "costs_calls_today": self._world.costs_calls_today}

    def _bill(self, _value: Any, _asked: Mapping[str, str]) -> Any:
        with self._world.lock:
            lines = list(self._world.bill)
        return {"bill": [{"connection_id": line.connection_id, "row": line.row} for line in lines]}

    def _add_to_bill(self, value: Any, _asked: Mapping[str, str]) -> Any:
        lines = _several(value)
        for line in lines:
            self._world.add_to_bill(**line)
        return {"added": len(lines)}

    def _settings(self, _value: Any, _asked: Mapping[str, str]) -> Any:
        return self._world.settings.as_json()

    def _amend_settings(self, value: Any, asked: Mapping[str, str]) -> Any:
        self._world.settings = self._world.settings.amended(value)
        return self._settings(value, asked)

    def _reset(self, value: Any, asked: Mapping[str, str]) -> Any:
        self._world.reset()
        return self._about(value, asked)


def _several(value: Any) -> list[Any]:
    """One thing or an array of them."""
    return value if isinstance(value, list) else [value]
