"""Repeating a request: how long to wait, when to give up, and a record of every attempt.

One budget of seconds covers all requests of a drop. The loop is tenacity's.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import tenacity

from credits_pipeline.credits.cloudzero.errors import AmbiguousError, CloudZeroError, TransientError
from credits_pipeline.credits.cloudzero.operations import Operation
from credits_pipeline.text import log_of

_log = log_of(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class RetryPolicy:
    """How requests are repeated. The defaults suit CloudZero; clocks are for tests.

    Attributes:
        budget_seconds: for all requests of one drop together, waits included.
        first_wait_seconds: the wait after the first failed attempt; doubled after each, with
            jitter of up to as much again added.
        longest_wait_seconds: where the doubling ends.
        longest_retry_after_seconds: how much of a ``Retry-After`` is honoured.
        clock: a monotonic clock in seconds.
        sleep: waits this many seconds.
        now: the wall clock, which a ``Retry-After`` date counts from.
    """

    budget_seconds: float = 900.0
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 60.0
    longest_retry_after_seconds: float = 300.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = _utc_now


@dataclass(frozen=True)
class Attempt:
    """One attempt of a request.

    Attributes:
        idempotency_key: the key that it went out with, for CloudZero's support.
        status: the HTTP status, or None without an answer.
        failure: what was wrong, in one sentence, or None.
        ambiguous: a write without an answer, which may be applied late.
        may_be_applied: a write that failed and may have been applied nevertheless.
        seconds: from the first byte sent to the last byte read.
    """

    idempotency_key: str
    status: int | None
    failure: str | None
    ambiguous: bool
    may_be_applied: bool
    seconds: float


@dataclass(frozen=True)
class RequestRecord:
    """One request with all of its attempts, as the receipt lists it.

    Attributes:
        endpoint: which of CloudZero's operations it was.
        operation: what was requested, such as ``replace_drop`` or ``drop contents``.
        drop_id: CloudZero's id of the drop, if it gave one.
        row_count: the rows that CloudZero says the drop has.
        attempts: how often it was sent.
        status: the last attempt's HTTP status, or None without an answer.
        history: each attempt.
    """

    endpoint: Operation
    operation: str
    drop_id: str | None
    row_count: int | None
    attempts: int
    status: int | None
    history: tuple[Attempt, ...] = field(default=(), repr=False)

    @property
    def ambiguous(self) -> bool:
        """Whether one of the attempts may be applied late."""
        return any(attempt.ambiguous for attempt in self.history)

    @property
    def may_be_applied(self) -> bool:
        """Whether a failed attempt may have been applied nevertheless."""
        return any(attempt.may_be_applied for attempt in self.history)

    @property
    def seconds(self) -> float:
        """Seconds in its attempts, without the waits between them."""
        return sum(attempt.seconds for attempt in self.history)


class Session:
    """The requests that belong together: one budget of seconds, one list of records."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._until = policy.clock() + policy.budget_seconds
        self._requests: list[RequestRecord] = []

    @property
    def requests(self) -> tuple[RequestRecord, ...]:
        """All requests so far, in order."""
        return tuple(self._requests)

    @property
    def remaining(self) -> float:
        """Seconds left, at least 0."""
        return max(0.0, self._until - self._policy.clock())

    def allow(self, seconds: float) -> None:
        """Make sure that at least this many seconds are left, to find out what a failure left."""
        self._until = max(self._until, self._policy.clock() + seconds)

    def record(self, request: RequestRecord) -> None:
        """Add a request."""
        self._requests.append(request)

    def repeating(self, what: str, most_attempts: int | None = None) -> tenacity.Retrying:
        """The loop around one request: `TransientError` and `AmbiguousError` are repeated.

        Args:
            what: the request, for the log.
            most_attempts: the most attempts, if fewer than the time allows.
        """
        policy = self._policy
        backoff = tenacity.wait_exponential(
            multiplier=policy.first_wait_seconds, max=policy.longest_wait_seconds
        ) + tenacity.wait_random(0, policy.first_wait_seconds)

        def wait(state: tenacity.RetryCallState) -> float:
            asked = _failure_of(state).retry_after or 0.0
            return max(backoff(state), min(asked, policy.longest_retry_after_seconds))

        def is_over(state: tenacity.RetryCallState) -> bool:
            last = most_attempts is not None and state.attempt_number >= most_attempts
            return last or state.upcoming_sleep >= self.remaining

        def say(state: tenacity.RetryCallState) -> None:
            _log.warning(
                "%s: attempt %d failed, again in %.1f s: %s",
                what,
                state.attempt_number,
                state.upcoming_sleep,
                _failure_of(state),
            )

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception_type((TransientError, AmbiguousError)),
            wait=wait,
            stop=is_over,
            sleep=policy.sleep,
            before_sleep=say,
            reraise=True,
        )


def _failure_of(state: tenacity.RetryCallState) -> CloudZeroError:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, CloudZeroError):
        raise TypeError(f"only failures of CloudZero are repeated, not {error!r}")
    return error
