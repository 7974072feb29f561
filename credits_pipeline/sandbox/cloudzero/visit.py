"""One request from arrival to answer: the order of the checks, and the faults in between.

Contract sections 3 and 5: size, concurrency, idempotency.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal, Protocol

from credits_pipeline.sandbox.cloudzero.api import (
    Operation,
    envelope,
    error,
    month_of_path,
    refusal,
    route,
)
from credits_pipeline.sandbox.cloudzero.faults import DECISIVE, Fault
from credits_pipeline.sandbox.cloudzero.journal import RequestRecord
from credits_pipeline.sandbox.cloudzero.rows import Body, BodyRefusedError, unpacked
from credits_pipeline.sandbox.cloudzero.world import Answer, World, wider

_REPLAYED = frozenset({"create", "validate", "list", "contents"})

_GATEWAY_PAGE = (
    "<html>\r\n<head><title>{status} Bad Gateway</title></head>\r\n"
    "<body>\r\n<center><h1>{status} Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
)


@dataclass(frozen=True)
class Reply:
    """What is sent: an answer or none, and what happens to the connection."""

    answer: Answer | None
    wire: Literal["send", "truncate", "reset", "close"] = "send"


class Wire(Protocol):
    """What a fault needs of the connection."""

    def wait_until(self, condition: Callable[[], bool], seconds: float | None = None) -> None:
        """Wait until the condition is true, for at most this much real time.

        Raises:
            ConnectionAbortedError: the stand-in stops.
        """

    @property
    def client_is_gone(self) -> bool:
        """Whether the client has left."""


@dataclass
class Visit:
    """One request."""

    world: World
    record: RequestRecord
    busy: bool
    in_flight: bool

    @classmethod
    def arrive(
        cls, world: World, method: str, path: str, query: str, headers: Mapping[str, str]
    ) -> "Visit":
        """Note an arrival; from here on the request is in flight on its stream."""
        world.settle()
        leads_to = route(method, path)
        record, busy = world.journal.open(
            RequestRecord(
                number=0,
                at=world.clock.now(),
                method=method,
                path=path,
                query=query,
                operation=leads_to.operation or "unknown",
                connection_id=leads_to.connection_id,
                month=month_of_path(leads_to.month),
                has_authorization="authorization" in headers,
                idempotency_key=headers.get("cloudzero-idempotency-key"),
                test_key=headers.get("cloudzero-test-key"),
            )
        )
        return cls(world, record, busy, in_flight=record.connection_id is not None)

    def note(self, **changes: Any) -> None:
        """Record how the request ended."""
        self.record = self.world.journal.update(self.record, **changes)

    def leave(self) -> None:
        """The request is no longer in flight; a second call does nothing."""
        if self.in_flight and self.record.connection_id is not None:
            self.in_flight = False
            self.world.journal.leave(self.record.connection_id)

    def reply(self, body: bytes, headers: Mapping[str, str], wire: Wire) -> Reply:
        """Handle the request, faults included.

        Args:
            body: the body as it came, cut off somewhere past the limit if it is too large.
            headers: the request's headers.
            wire: the connection.
        """
        plain = self._plain(body, headers)
        content = None if isinstance(plain, Answer) else envelope(self.record, plain, self.world)
        if isinstance(content, Body):
            self.note(month=content.month, drop_operation=content.operation, rows=len(content.data))
        faults, cleared = self.world.faults.strike(self.record)
        if faults:
            self.note(faults=tuple(fault.kind for fault in faults))
        decisive = next((fault for fault in faults if fault.kind in DECISIVE), None)
        _pause((fault for fault in faults if not fault.commit), cleared.is_set, wire)
        if decisive is not None and decisive.kind in _NEVER_SERVED and not decisive.commit:
            self.world.settle_after(self.record)
            return self._shown(None, decisive.kind, decisive, wire)
        served = self._served(plain, content, headers, faults, decisive)
        self.world.settle_after(self.record)
        _pause((fault for fault in faults if fault.commit), cleared.is_set, wire)
        if decisive is None or decisive.kind == "status":
            shows = "truncate" if any(fault.kind == "truncate" for fault in faults) else "answer"
        elif decisive.kind == "late_commit":
            shows = decisive.shows if served.is_late else "answer"
        else:
            shows = decisive.kind
        return self._shown(served.answer, shows, decisive, wire)

    def _plain(self, body: bytes, headers: Mapping[str, str]) -> bytes | Answer:
        """The body without its content encoding, or the answer that refuses it."""
        settings = self.world.settings
        encoding = headers.get("content-encoding", "identity").strip().lower()
        if encoding == "gzip" and settings.accept_gzip:
            inside = unpacked(body, settings.max_body_bytes)
            if inside is None:
                return error(400, "the request body is not gzip")
            body = inside
        elif encoding != "identity":
            return error(400, f"Content-Encoding {encoding!r} is not supported")
        if len(body) > settings.max_body_bytes:
            return error(413, "Request Entity Too Large")
        return body

    def _served(
        self,
        plain: bytes | Answer,
        content: Body | BodyRefusedError | None,
        headers: Mapping[str, str],
        faults: tuple[Fault, ...],
        decisive: Fault | None,
    ) -> "_Served":
        """The answer of CloudZero's own code, by idempotency key if there is one."""
        world, record = self.world, self.record
        key = None
        if record.idempotency_key is not None and record.operation in _REPLAYED:
            key = (record.method, record.path, record.idempotency_key)
        refused = refusal(world, record, headers.get("authorization"))
        if key is not None and (world.settings.idempotency_first or refused is None):
            kept = world.kept_answer(key)
            if kept is not None:
                self.note(replayed=True)
                return _Served(kept)
        if refused is not None and not world.settings.idempotency_first:
            return _Served(refused)
        served = self._decided(refused, plain, content, faults, decisive)
        if key is not None and served.answer is not None:
            world.keep_answer(key, served.answer)
        return served

    def _decided(
        self,
        refused: Answer | None,
        plain: bytes | Answer,
        content: Body | BodyRefusedError | None,
        faults: tuple[Fault, ...],
        decisive: Fault | None,
    ) -> "_Served":
        """The answer to a request that has no stored answer to replay."""
        settings = self.world.settings
        if refused is not None:
            return _Served(refused)
        if self.busy and settings.concurrency == "refuse":
            return _Served(
                error(
                    settings.concurrent_status,
                    "another request on this stream is in flight: send one after the other",
                )
            )
        if isinstance(plain, Answer):
            return _Served(plain)
        instead = decisive is not None and decisive.kind == "status"
        if instead and decisive is not None and not decisive.commit:
            return _Served(_answer_of(decisive))
        lags = ((fault.writes, fault.seconds) for fault in faults if fault.kind == "lag")
        operation = Operation(self.world, self.record, content, faults, wider(settings, lags), {})
        answer: Answer | None = operation.answer()
        if operation.changes:
            self.note(**operation.changes)
        if instead and decisive is not None:
            answer = _answer_of(decisive)
        elif operation.is_late and decisive is not None:
            answer = _answer_of(decisive) if decisive.shows == "status" else None
        return _Served(answer, is_late=operation.is_late)

    def _shown(
        self, answer: Answer | None, shows: str, decisive: Fault | None, wire: Wire
    ) -> "Reply":
        """What the client sees, recorded before it can see it."""
        if shows == "reset":
            self.note(outcome="reset")
            self.leave()
            return Reply(None, "reset")
        if shows == "hang":
            # The request stays recorded as open while it hangs, but blocks its stream no longer.
            self.leave()
            wire.wait_until(lambda: wire.client_is_gone)
            self.note(outcome="hung")
            return Reply(None, "close")
        if shows == "html" and decisive is not None:
            answer = _answer_of(decisive)
        if answer is None:
            raise AssertionError(f"nothing to show for {shows!r}")
        self.note(status=answer.status, outcome="truncated" if shows == "truncate" else "answered")
        self.world.journal.tally("bytes_sent", len(answer.body))
        return Reply(answer, "truncate" if shows == "truncate" else "send")


_NEVER_SERVED = frozenset({"reset", "hang", "html"})


@dataclass(frozen=True)
class _Served:
    """What CloudZero's code made of a request; no answer if it was postponed."""

    answer: Answer | None
    is_late: bool = False


def _pause(faults: Iterable[Fault], is_cleared: Callable[[], bool], wire: Wire) -> None:
    for fault in faults:
        if fault.kind == "delay":
            wire.wait_until(lambda: False, fault.seconds)
        if fault.kind == "hold":
            wire.wait_until(is_cleared)


def _answer_of(fault: Fault) -> Answer:
    """The answer that a fault puts in place of the real one."""
    status = fault.status or (502 if fault.kind == "html" else 500)
    body = fault.body
    if body is None and fault.kind == "html":
        body = _GATEWAY_PAGE.format(status=status)
    plain = error(status, f"injected fault: {status}")
    headers = dict(fault.headers)
    if fault.retry_after is not None:
        headers["Retry-After"] = fault.retry_after
    if fault.retry_after_date is not None:
        when = datetime.now(UTC) + timedelta(seconds=fault.retry_after_date)
        headers["Retry-After"] = format_datetime(when, usegmt=True)
    kind = "text/html" if body is not None and body.lstrip().startswith("<") else "application/json"
    headers.setdefault("Content-Type", kind)
    return Answer(status, plain.body if body is None else body.encode(), tuple(headers.items()))
