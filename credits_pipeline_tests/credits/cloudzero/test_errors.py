from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from credits_pipeline.credits.cloudzero.errors import (
    AmbiguousError,
    CloudZeroError,
    PermanentError,
    TransientError,
    UnreadableAnswerError,
    failure,
    retry_after_seconds,
)
from credits_pipeline.credits.cloudzero.operations import Operation

CREATE, READ = Operation.CREATE_DROP, Operation.CONTENTS
NOW = datetime(2025, 2, 3, 12, tzinfo=UTC)
WHERE = "2025-01, connection conn-1"


def failed(operation: Operation, outcome: Any, key: str = "key-1") -> CloudZeroError:
    error = failure(operation, WHERE, outcome, secret=key, now=NOW)
    assert error is not None
    return error


@pytest.mark.parametrize("operation", list(Operation))
@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_success_is_not_a_failure(operation: Operation, status: int) -> None:
    assert failure(operation, WHERE, httpx.Response(status), secret="key-1", now=NOW) is None


@pytest.mark.parametrize(
    ("status", "kind", "may_be_applied"),
    [
        (301, PermanentError, False),
        (307, PermanentError, False),
        (400, PermanentError, False),
        (401, PermanentError, False),
        (403, PermanentError, False),
        (404, PermanentError, False),
        (408, TransientError, False),
        (409, TransientError, False),
        (410, PermanentError, False),
        (413, PermanentError, False),
        (418, PermanentError, False),
        (423, TransientError, False),
        (425, TransientError, False),
        (429, TransientError, False),
        (500, TransientError, True),
        (502, AmbiguousError, True),
        (503, TransientError, True),
        (504, AmbiguousError, True),
        (599, TransientError, True),
    ],
)
def test_an_answer_to_a_write_says_whether_to_repeat_and_whether_it_may_be_applied(
    status: int, kind: type[CloudZeroError], may_be_applied: bool
) -> None:
    error = failed(CREATE, httpx.Response(status, json={"message": "no"}))
    assert type(error) is kind
    assert error.may_be_applied is may_be_applied
    assert error.status == status
    assert str(status) in str(error)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_read_is_never_ambiguous(status: int) -> None:
    error = failed(READ, httpx.Response(status))
    assert type(error) is TransientError
    assert not error.may_be_applied


@pytest.mark.parametrize(
    ("fault", "of_a_write", "of_a_read"),
    [
        (httpx.ConnectError("refused"), TransientError, TransientError),
        (httpx.ConnectTimeout("slow"), TransientError, TransientError),
        (httpx.PoolTimeout("busy"), TransientError, TransientError),
        (httpx.ProxyError("407"), TransientError, TransientError),
        (httpx.ReadTimeout("slow"), AmbiguousError, TransientError),
        (httpx.WriteTimeout("slow"), AmbiguousError, TransientError),
        (httpx.ReadError("reset"), AmbiguousError, TransientError),
        (httpx.WriteError("pipe"), AmbiguousError, TransientError),
        (httpx.CloseError("close"), AmbiguousError, TransientError),
        (httpx.RemoteProtocolError("cut"), AmbiguousError, TransientError),
        (httpx.DecodingError("gzip"), AmbiguousError, TransientError),
        (UnreadableAnswerError("not JSON"), AmbiguousError, TransientError),
        (httpx.UnsupportedProtocol("ftp"), PermanentError, PermanentError),
        (httpx.LocalProtocolError("header"), PermanentError, PermanentError),
    ],
)
def test_a_fault_without_an_answer_is_ambiguous_once_a_write_went_out(
    fault: Exception, of_a_write: type[CloudZeroError], of_a_read: type[CloudZeroError]
) -> None:
    write, read = failed(CREATE, fault), failed(READ, fault)
    assert type(write) is of_a_write
    assert type(read) is of_a_read
    assert write.may_be_applied is (of_a_write is AmbiguousError)
    assert not read.may_be_applied
    assert write.__cause__ is None
    assert write.__context__ is None


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (
            httpx.Response(400, json={"error": {"message": "bad month", "type": "BadRequest"}}),
            "bad month (BadRequest)",
        ),
        (httpx.Response(400, json={"error": {"message": "bad month"}}), "bad month"),
        (httpx.Response(403, json={"message": "Forbidden here"}), "Forbidden here"),
        (httpx.Response(400, json={"errors": ["a", "b"]}), '["a", "b"]'),
        (httpx.Response(400, json=["odd"]), '["odd"]'),
        (httpx.Response(400, text="plain words"), "plain words"),
        (
            httpx.Response(502, html="<html><title>502 Bad\n Gateway</title><p>x</p></html>"),
            "an HTML page titled '502 Bad Gateway'",
        ),
        (httpx.Response(502, html="<HTML><body>oops</body></HTML>"), "an HTML page"),
        (httpx.Response(500, content=b"\xff\xfe"), "\ufffd"),
        (httpx.Response(500), "500 Internal Server Error. "),
        (httpx.Response(599, text=""), "(unknown status)"),
    ],
)
def test_the_message_holds_what_cloudzero_said(answer: httpx.Response, says: str) -> None:
    message = str(failed(CREATE, answer))
    assert says in message
    assert message.startswith(f"CloudZero, create drop, {WHERE}: {answer.status_code}")
    assert "<" not in message


def test_a_page_of_text_is_cut_to_a_few_lines() -> None:
    message = str(failed(CREATE, httpx.Response(500, text="words and\n more " * 9999)))
    assert len(message) < 700
    assert "\n" not in message


@pytest.mark.parametrize("operation", list(Operation))
def test_a_403_names_the_scope_that_the_key_may_lack(operation: Operation) -> None:
    error = failed(operation, httpx.Response(403, json={"message": "Forbidden"}))
    assert operation.scope in error.to_do


@pytest.mark.parametrize("status", [401, 404, 410, 413, 418])
def test_every_refusal_says_what_to_do(status: int) -> None:
    error = failed(CREATE, httpx.Response(status))
    assert error.to_do
    assert str(error) == f"{error.what} {error.to_do}"


def test_a_redirect_is_not_followed_and_says_where_to() -> None:
    answer = httpx.Response(302, headers={"location": "https://elsewhere.example/x"})
    assert "https://elsewhere.example/x" in failed(CREATE, answer).to_do


@pytest.mark.parametrize(
    "outcome",
    [
        httpx.Response(403, json={"message": "unknown key s3cr3t-key"}),
        httpx.Response(400, text="Authorization: s3cr3t-key"),
        httpx.Response(502, html="<title>s3cr3t-key</title>"),
        httpx.Response(302, headers={"location": "https://x.example/?key=s3cr3t-key"}),
        httpx.ReadError("while sending s3cr3t-key"),
        UnreadableAnswerError("s3cr3t-key is not JSON"),
    ],
)
def test_a_key_that_is_echoed_is_cut_out(outcome: Any) -> None:
    error = failed(CREATE, outcome, key="s3cr3t-key")
    assert "s3cr3t-key" not in f"{error} {error!r} {error.what} {error.to_do} {vars(error)}"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2", 2.0),
        (" 120 ", 120.0),
        ("0", 0.0),
        ("Mon, 03 Feb 2025 12:00:30 GMT", 30.0),
        ("Monday, 03-Feb-25 12:00:30 GMT", 30.0),
        ("Mon Feb  3 12:00:30 2025", 30.0),
        ("Mon, 03 Feb 2025 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("99999999999999999999", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_or_nothing(
    text: str | None, seconds: float | None
) -> None:
    assert retry_after_seconds(text, NOW) == seconds
