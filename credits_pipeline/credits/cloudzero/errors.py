"""What can go wrong at CloudZero, as types that say how to proceed.

::

    CloudZeroError
    ├── PermanentError     answered, and would be refused again: nothing was applied
    ├── TransientError     may pass if repeated: no connection, 408, 409, 423, 425, 429, 5xx
    ├── AmbiguousError     a write without an answer: applied, not applied, or applied late
    ├── WrongAnswerError   a success, but not for what was sent
    ├── LockError          the stream's lock can't be taken, or was lost
    └── SettingsError      a setting that no request can be made with

`failure` maps an answer or a transport fault to one of them and returns it. None of them contains
the API key: it is cut out of every text, and httpx's own exceptions, which contain the request's
headers, are never chained.
"""

import html
import json
import re
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx

from credits_pipeline.core.json_outside import read_json
from credits_pipeline.credits.cloudzero.operations import Operation

_LONGEST_MESSAGE = 500
_READ_AGAIN = "Read the month again before judging it, then run it again."
#: Refusals that pass by themselves. 409 and 423 are here because CloudZero does not document its
#: answer to a second request in flight on one stream.
_TRANSIENT_STATUSES = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.CONFLICT,
        HTTPStatus.LOCKED,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
#: Answers of a gateway that stopped waiting: the server behind it may still apply the write.
_GATEWAY_STATUSES = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT})

_NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


class CloudZeroError(Exception):
    """A request to CloudZero, or what it takes to make one, failed.

    Attributes:
        what: what happened, and where.
        to_do: what to do about it.
        operation: the operation that failed, if it was one.
        status: the HTTP status of the answer, if there was one.
        retry_after: seconds that CloudZero asked to wait, if it did.
        may_be_applied: whether a write may have been applied nevertheless.
    """

    def __init__(
        self,
        what: str,
        to_do: str = "",
        *,
        operation: Operation | None = None,
        status: int | None = None,
        retry_after: float | None = None,
        may_be_applied: bool = False,
    ) -> None:
        super().__init__(f"{what} {to_do}".rstrip())
        self.what = what
        self.to_do = to_do
        self.operation = operation
        self.status = status
        self.retry_after = retry_after
        self.may_be_applied = may_be_applied


class PermanentError(CloudZeroError):
    """CloudZero answered and would answer the same again. Nothing was applied."""


class TransientError(CloudZeroError):
    """A retry may succeed. If ``may_be_applied`` is false, nothing was applied."""


class AmbiguousError(CloudZeroError):
    """A write went out and no answer came back: applied, not applied, or applied late."""


class WrongAnswerError(CloudZeroError):
    """CloudZero answered success, but not for what was sent."""


class LockError(CloudZeroError):
    """The lock of the stream can't be taken, or was lost while held."""


class SettingsError(CloudZeroError, ValueError):
    """A setting with which no request can be made."""


class UnreadableAnswerError(Exception):
    """The body of an answer is not what the contract says. Used inside the client only."""


def failure(
    operation: Operation,
    where: str,
    outcome: httpx.Response | httpx.HTTPError | UnreadableAnswerError,
    *,
    secret: str,
    now: datetime | None = None,
) -> CloudZeroError | None:
    """Map the result of a request to its failure.

    Args:
        operation: what was requested.
        where: month and connection, for the message.
        outcome: the answer with its body read, or what the transport or the reading raised.
        secret: the API key, to be cut out of the answer's text.
        now: the moment that a ``Retry-After`` date counts from; the clock's by default.

    Returns:
        The failure, or None if the answer is a success.
    """
    context = f"CloudZero, {operation.title}, {where}"
    if isinstance(outcome, httpx.Response):
        return _failed_answer(operation, context, outcome, secret, now or datetime.now(UTC))
    if isinstance(outcome, UnreadableAnswerError):
        return _unreadable(operation, context, _shorten(str(outcome), secret))
    return _failed_transport(operation, context, outcome, secret)


def redact(text: str, secret: str) -> str:
    """The text without the secret."""
    return text.replace(secret, "[api key]") if secret else text


def retry_after_seconds(text: str | None, now: datetime) -> float | None:
    """Read a ``Retry-After`` header: seconds, or an HTTP date; None if neither.

    A date in the past is 0.
    """
    if text is None:
        return None
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text[:_LONGEST_MESSAGE])
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - now).total_seconds())
    except (ValueError, OverflowError, TypeError, IndexError):
        # Not a date of the calendar.
        return None


def _failed_answer(
    operation: Operation, context: str, answer: httpx.Response, secret: str, now: datetime
) -> CloudZeroError | None:
    if answer.is_success:
        return None
    status = answer.status_code
    said = _shorten(_message_of(answer), secret)
    what = f"{context}: {status} {_phrase(status)}{': ' + said if said else ''}."
    if status in _GATEWAY_STATUSES and operation.writes:
        return AmbiguousError(
            f"{what} A gateway answered in CloudZero's place: the drop may have been applied, may "
            "not, or may be applied late.",
            _READ_AGAIN,
            operation=operation,
            status=status,
            retry_after=retry_after_seconds(answer.headers.get("retry-after"), now),
            may_be_applied=True,
        )
    if status in _TRANSIENT_STATUSES or answer.is_server_error:
        return TransientError(
            what,
            "This is temporary: run it again later.",
            operation=operation,
            status=status,
            retry_after=retry_after_seconds(answer.headers.get("retry-after"), now),
            may_be_applied=operation.writes and answer.is_server_error,
        )
    return PermanentError(
        what, _advice(operation, answer, secret), operation=operation, status=status
    )


def _advice(operation: Operation, answer: httpx.Response, secret: str) -> str:
    if answer.is_redirect:
        target = redact(answer.headers.get("location", "nowhere"), secret)
        return (
            f"It redirects to {target}, and redirects are not followed, so that the key goes "
            "nowhere else: set the base URL to CloudZero's API itself."
        )
    if answer.status_code == HTTPStatus.FORBIDDEN:
        return (
            f"Check that the API key is the right one, and that it has the scope {operation.scope}."
        )
    advice: dict[int, str] = {
        HTTPStatus.BAD_REQUEST: "Correct what it names: the same request is refused again.",
        HTTPStatus.UNAUTHORIZED: "Check the API key.",
        HTTPStatus.NOT_FOUND: "Check the connection id and the base URL.",
        HTTPStatus.GONE: "The cursor is older than a day: ask again from the first page.",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Lower the limit of bytes in one request body.",
    }
    return advice.get(answer.status_code, "CloudZero will refuse the same request again.")


def _failed_transport(
    operation: Operation, context: str, fault: httpx.HTTPError, secret: str
) -> CloudZeroError:
    kind = type(fault).__name__
    said = _shorten(str(fault), secret)
    what = f"{context}: {kind}{': ' + said if said else ''}."
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(fault)):
        return PermanentError(
            f"{what} The server's certificate is not trusted, and nothing was sent.",
            "Check the base URL, or point SSL_CERT_FILE to your network's certificate authority.",
            operation=operation,
        )
    if isinstance(fault, (httpx.UnsupportedProtocol, httpx.LocalProtocolError)):
        return PermanentError(
            f"{what} The request could not be made.",
            "Check the base URL and the API key.",
            operation=operation,
        )
    if isinstance(fault, _NOT_CONNECTED):
        return TransientError(
            f"{what} There was no connection and nothing was sent.",
            "Check the base URL and the network, and run it again.",
            operation=operation,
        )
    if operation.writes:
        return AmbiguousError(
            f"{what} The request may have been applied, may not, or may be applied late.",
            _READ_AGAIN,
            operation=operation,
            may_be_applied=True,
        )
    return TransientError(what, "Run it again later.", operation=operation)


def _unreadable(operation: Operation, context: str, said: str) -> CloudZeroError:
    what = f"{context}: the answer can't be read: {said}."
    if operation.writes:
        return AmbiguousError(
            f"{what} The request may have been applied.",
            _READ_AGAIN,
            operation=operation,
            status=HTTPStatus.OK,
            may_be_applied=True,
        )
    return TransientError(
        what,
        "Check that the base URL is CloudZero's API, and run it again.",
        operation=operation,
        status=HTTPStatus.OK,
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(unknown status)"


def _message_of(answer: httpx.Response) -> str:
    """The text of an error's body: in one of CloudZero's JSON shapes, or an HTML title."""
    text = answer.content.decode("utf-8", errors="replace")
    try:
        value = read_json(text)
    except ValueError:
        title = _title_of(text)
        if title:
            return f"an HTML page titled {title!r}"
        return "an HTML page" if re.search(r"<(html|body|head)\b", text, re.IGNORECASE) else text
    if isinstance(value, dict):
        error = value.get("error")
        if isinstance(error, dict) and "message" in error:
            kind = f" ({error['type']})" if error.get("type") else ""
            return f"{error['message']}{kind}"
        for name in ("message", "error", "errors", "detail"):
            if value.get(name):
                return value[name] if isinstance(value[name], str) else _spelled(value[name], text)
    return text


def _title_of(text: str) -> str:
    """The title of an HTML page, found in linear time."""
    folded = text.lower() if len(text.lower()) == len(text) else text
    begins = folded.find("<title")
    opened = folded.find(">", begins) if begins >= 0 else -1
    closed = folded.find("</title", opened) if opened >= 0 else -1
    return " ".join(html.unescape(text[opened + 1 : closed]).split()) if closed >= 0 else ""


def _spelled(value: object, text: str) -> str:
    try:
        return json.dumps(value)
    except RecursionError:
        return text


def _shorten(text: str, secret: str) -> str:
    flat = re.sub(r"[\s\x00-\x1f\x7f]+", " ", redact(text, secret)).strip().rstrip(".")
    return flat if len(flat) <= _LONGEST_MESSAGE else f"{flat[: _LONGEST_MESSAGE - 1]}…"
