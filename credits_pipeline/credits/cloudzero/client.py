"""The HTTP client of CloudZero's AnyCost Stream: every operation of the contract, typed.

It repeats what may pass, with a fresh idempotency key for every attempt: CloudZero's key covers
only method and path and replays its first answer for ever, so a reused key swallows the second
request (CloudZero contract, section 5).
"""

import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
import polars as pl

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.cloudzero.answers import (
    DropReceipt,
    Validation,
    costs_page,
    drop_of,
    object_of,
)
from credits_pipeline.credits.cloudzero.contents import read_contents
from credits_pipeline.credits.cloudzero.credentials import (
    DEFAULT_BASE_URL,
    checked_base_url,
    checked_connection_id,
    header_fault,
    key_fault,
)
from credits_pipeline.credits.cloudzero.errors import (
    AmbiguousError,
    CloudZeroError,
    PermanentError,
    SettingsError,
    TransientError,
    UnreadableAnswerError,
    WrongAnswerError,
    failure,
)
from credits_pipeline.credits.cloudzero.operations import Operation
from credits_pipeline.credits.cloudzero.retrying import Attempt, RequestRecord, RetryPolicy, Session
from credits_pipeline.text import log_of

_log = log_of(__name__)
_T = TypeVar("_T")

#: No more of a refusal's text is read.
LONGEST_REFUSAL = 65_536
#: What a refusal says besides its text.
_TOLD = ("location", "retry-after", "content-type")
#: CloudZero may take a while to answer a drop of several megabytes.
DEFAULT_TIMEOUT = httpx.Timeout(connect=10.0, read=120.0, write=60.0, pool=10.0)


class CloudZeroClient:
    """CloudZero's API for one connection, over one HTTP connection at a time.

    A context manager. Requests made inside ``with client.session()`` share one time budget and are
    recorded there; a request outside it has its own budget.
    """

    def __init__(
        self,
        *,
        api_key: str,
        connection_id: str,
        base_url: str = DEFAULT_BASE_URL,
        timeout: httpx.Timeout = DEFAULT_TIMEOUT,
        retry: RetryPolicy | None = None,
        test_key: str | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Prepare requests; none is made.

        Args:
            api_key: the key, as CloudZero shows it: without ``Bearer``.
            connection_id: the id of the AnyCost Stream connection.
            base_url: CloudZero's API; ``http://`` only on this machine.
            timeout: of every single attempt.
            retry: how attempts are repeated.
            test_key: any text: drops go to a separate namespace that CloudZero purges after an
                hour, and live data stay unchanged.
            transport: instead of the network.

        Raises:
            SettingsError: a setting with which no request can be made.
        """
        wrong = key_fault(api_key) or header_fault("test key", test_key)
        headers = httpx.Headers({"Accept": "application/json", "User-Agent": "credits-pipeline"})
        if wrong is None:
            headers["Authorization"] = api_key
        # From here on, a traceback that shows local variables shows no key: headers hide theirs.
        del api_key
        if wrong is not None:
            raise SettingsError(wrong)
        self.base_url = checked_base_url(base_url)
        self.connection_id = checked_connection_id(connection_id)
        self.policy = retry or RetryPolicy()
        self.rehearsal = test_key is not None
        self._timeout = timeout
        self._session: Session | None = None
        self._guard: Callable[[], None] | None = None
        secure = self.base_url.startswith("https:")
        self._http = httpx.Client(
            headers=headers,
            timeout=timeout,
            transport=transport,
            follow_redirects=False,
            # A stream takes one request at a time.
            limits=httpx.Limits(max_connections=1),
            # Plain http never leaves this machine: there is no TLS and no proxy.
            verify=secure,
            trust_env=secure,
        )
        self._test_headers = {} if test_key is None else {"cloudzero-test-key": test_key}

    def __repr__(self) -> str:
        # Also for a client whose settings were refused, because a crash report may show it.
        known = {name: vars(self).get(name) for name in ("connection_id", "base_url")}
        return f"CloudZeroClient({', '.join(f'{name}={value!r}' for name, value in known.items())})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Give the requests inside one time budget and one list of records.

        A session inside a session is the same session.
        """
        if self._session is not None:
            yield self._session
            return
        self._session = Session(self.policy)
        try:
            yield self._session
        finally:
            self._session = None

    @contextmanager
    def guarded(self, guard: Callable[[], None]) -> Iterator[None]:
        """Check before every attempt of a request whether it may be made.

        Repeating a request may take many minutes, in which the stream's lock can be lost.

        Args:
            guard: raises a `CloudZeroError` if it may not, such as `HeldLock.still_held`.
        """
        before, self._guard = self._guard, guard
        try:
            yield
        finally:
            self._guard = before

    def create_drop(
        self,
        body: bytes,
        *,
        month: BillingMonth,
        row_counts: Collection[int],
        label: str = "",
    ) -> DropReceipt:
        """Post a body to the stream and compare CloudZero's answer with what was sent.

        Args:
            body: the request's exact JSON.
            month: the month in the body.
            row_counts: the row counts that a correct answer may state. After `replace_drop` it is
                the rows of the body; after `replace_hourly` CloudZero does not say whether it
                counts the body or the whole drop.
            label: distinguishes this request in the record, such as its operation.

        Raises:
            WrongAnswerError: the answer's month or row count is not what was sent.
            CloudZeroError: as mapped by `failure`.
        """

        def read(chunks: Iterable[bytes]) -> DropReceipt:
            receipt = drop_of(object_of(chunks, "connection"))
            if receipt.month != month or receipt.row_count not in row_counts:
                expected = " or ".join(str(count) for count in sorted(set(row_counts)))
                raise WrongAnswerError(
                    f"CloudZero, create drop, {month}, connection {self.connection_id}: sent "
                    f"{expected} rows for {month}, and the answer is about {receipt.row_count} "
                    f"rows for {receipt.month} (drop {receipt.drop_id}). CloudZero may have "
                    "answered for another request.",
                    "Look at the month's contents in CloudZero, then run it again.",
                    operation=Operation.CREATE_DROP,
                    status=200,
                    may_be_applied=True,
                )
            return receipt

        return self._call(Operation.CREATE_DROP, read, month=month, content=body, label=label)

    def validate(self, body: bytes, *, month: BillingMonth | None = None) -> Validation:
        """Ask CloudZero whether it would accept a body. Writes nothing.

        An invalid body is an answer, not an error: see ``is_valid``.
        """

        def read(chunks: Iterable[bytes]) -> Validation:
            answer = object_of(chunks, "connection")
            errors = answer.get("errors") or []
            if not isinstance(answer.get("is_valid"), bool) or not isinstance(errors, list):
                raise UnreadableAnswerError("it has no is_valid")
            return Validation(answer["is_valid"], tuple(str(error) for error in errors))

        return self._call(Operation.VALIDATE, read, month=month, content=body)

    def list_drops(self) -> tuple[DropReceipt, ...]:
        """The drops of the stream, as CloudZero lists them."""

        def read(chunks: Iterable[bytes]) -> tuple[DropReceipt, ...]:
            drops = object_of(chunks).get("billing_drops")
            if not isinstance(drops, list):
                raise UnreadableAnswerError("it has no list named billing_drops")
            return tuple(drop_of(drop) for drop in drops)

        return self._call(Operation.LIST_DROPS, read)

    def contents(self, month: BillingMonth) -> pl.DataFrame:
        """What the stream holds for a month: a table of strings, a column per name.

        A month that CloudZero does not know (404) holds nothing: a table without rows.
        """
        try:
            return self._call(Operation.CONTENTS, read_contents, month=month)
        except PermanentError as error:
            if error.status == httpx.codes.NOT_FOUND:
                return pl.DataFrame()
            raise

    def costs(self, query: Mapping[str, str | tuple[str, ...]]) -> tuple[Mapping[str, Any], ...]:
        """All rows of a costs query, over all of its pages.

        The first page counts against CloudZero's 60 calls a day, the others do not.

        Args:
            query: the parameters, as `credits_pipeline.credits.cloudzero.confirm` builds them.

        Returns:
            Rows as CloudZero gives them, their numbers as exact `Decimal`.

        Raises:
            CloudZeroError: a page is missing; there is no partial answer.
        """
        rows: list[Mapping[str, Any]] = []
        seen: set[str] = set()
        params: Mapping[str, str | tuple[str, ...]] = query
        while True:
            page = self._call(Operation.COSTS, costs_page, params=params)
            rows += page.rows
            if page.next_cursor is None:
                return tuple(rows)
            if page.next_cursor in seen:
                raise WrongAnswerError(
                    "CloudZero, costs: the pages repeat themselves, so the answer is not complete.",
                    "Ask again later.",
                    operation=Operation.COSTS,
                )
            seen.add(page.next_cursor)
            params = {**query, "cursor": page.next_cursor}

    def connection(self) -> Mapping[str, Any]:
        """What CloudZero knows about the connection itself."""
        return self._call(Operation.CONNECTION, lambda chunks: object_of(chunks, "connection"))

    def _call(
        self,
        operation: Operation,
        read: Callable[[Iterable[bytes]], _T],
        *,
        month: BillingMonth | None = None,
        content: bytes | None = None,
        params: Mapping[str, str | tuple[str, ...]] | None = None,
        label: str = "",
    ) -> _T:
        """Send a request until it succeeds, is refused for good, or time is up; record it."""
        path = operation.path(connection_id=quote(self.connection_id, safe=""), month=str(month))
        where = f"{f'{month}, ' if month else ''}connection {self.connection_id}"
        title = f"{operation.title} ({label})" if label else operation.title
        # A create is identified by its body's operation, as in CloudZero's own documentation.
        name = label or operation.title
        history: list[Attempt] = []
        result: _T | None = None
        with self.session() as session:

            def attempt() -> _T:
                if session.remaining <= 0:
                    raise TransientError(
                        f"CloudZero, {operation.title}, {where}: the time budget of "
                        f"{self.policy.budget_seconds:g} s is used up.",
                        "Run it again later.",
                        operation=operation,
                    )
                if self._guard is not None:
                    self._guard()
                return self._attempt(
                    session,
                    operation,
                    read,
                    path=path,
                    where=where,
                    content=content,
                    params=params,
                    history=history,
                )

            try:
                result = session.repeating(f"{title}, {where}", operation.most_attempts)(attempt)
            finally:
                drop = result if isinstance(result, DropReceipt) else None
                if history:
                    session.record(
                        RequestRecord(
                            endpoint=operation,
                            operation=name,
                            drop_id=drop.drop_id if drop else None,
                            row_count=drop.row_count if drop else None,
                            attempts=len(history),
                            status=history[-1].status,
                            history=tuple(history),
                        )
                    )
        return result

    def _attempt(
        self,
        session: Session,
        operation: Operation,
        read: Callable[[Iterable[bytes]], _T],
        *,
        path: str,
        where: str,
        content: bytes | None,
        params: Mapping[str, str | tuple[str, ...]] | None,
        history: list[Attempt],
    ) -> _T:
        """Send a request once; failures are raised outside httpx's exception.

        httpx's exceptions contain the request, and that contains the key: nothing may be chained to
        them.
        """
        key = str(uuid.uuid4())
        begun = self.policy.clock()
        deadline = begun + session.remaining
        status: int | None = None
        failed: CloudZeroError | None = None
        result: _T | None = None
        try:
            with self._http.stream(
                operation.method,
                self.base_url + path,
                params=params,
                content=content,
                headers=self._headers(operation, key, has_body=content is not None),
                timeout=self._timeout_within(session.remaining),
            ) as response:
                status = response.status_code
                if response.is_success:
                    result = read(self._until(deadline, response))
                else:
                    failed = self._failure(operation, where, self._refusal(deadline, response))
        except (httpx.HTTPError, UnreadableAnswerError) as fault:
            failed = self._failure(operation, where, fault)
        except WrongAnswerError as wrong:
            failed = wrong
        seconds = self.policy.clock() - begun
        history.append(
            Attempt(
                idempotency_key=key,
                status=status,
                failure=None if failed is None else str(failed),
                ambiguous=isinstance(failed, AmbiguousError),
                may_be_applied=failed is not None and failed.may_be_applied,
                seconds=seconds,
            )
        )
        _log.info(
            "%s, %s: attempt %d, %s, %.2f s",
            operation.title,
            where,
            len(history),
            status or "no answer",
            seconds,
        )
        if failed is not None:
            raise failed
        return result  # type: ignore[return-value] # without a failure there is a result

    def _failure(
        self,
        operation: Operation,
        where: str,
        outcome: httpx.Response | httpx.HTTPError | UnreadableAnswerError,
    ) -> CloudZeroError | None:
        # No frame that a failure passes through has the key as a local variable.
        secret = self._http.headers["authorization"]
        return failure(operation, where, outcome, secret=secret, now=self.policy.now())

    def _refusal(self, deadline: float, response: httpx.Response) -> httpx.Response:
        """A refusal with as much of its text as arrives in time; its status is what counts."""
        text = bytearray()
        try:
            for chunk in self._until(deadline, response):
                text += chunk
                if len(text) > LONGEST_REFUSAL:
                    break
        except httpx.HTTPError as fault:
            _log.warning("the text of a %d broke off: %s", response.status_code, type(fault))
        headers = {name: response.headers[name] for name in _TOLD if name in response.headers}
        return httpx.Response(response.status_code, headers=headers, content=bytes(text))

    def _headers(self, operation: Operation, key: str, *, has_body: bool) -> dict[str, str]:
        headers = {"Content-Type": "application/json"} if has_body else {}
        if operation.rehearsable:
            headers |= {"cloudzero-idempotency-key": key, **self._test_headers}
        return headers

    def _timeout_within(self, seconds: float) -> httpx.Timeout:
        """The time-outs, limited to the seconds left: an attempt must not outlive its drop."""

        def least(limit: float | None) -> float:
            return max(0.1, seconds if limit is None else min(limit, seconds))

        own = self._timeout
        return httpx.Timeout(
            connect=least(own.connect),
            read=least(own.read),
            write=least(own.write),
            pool=least(own.pool),
        )

    def _until(self, deadline: float, response: httpx.Response) -> Iterator[bytes]:
        """The answer's pieces; a server that sends them slowly past the deadline has timed out."""
        for chunk in response.iter_bytes():
            if self.policy.clock() > deadline:
                raise httpx.ReadTimeout(
                    "the answer did not end within the time budget", request=response.request
                )
            yield chunk
