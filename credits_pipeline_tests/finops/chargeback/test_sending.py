"""Mails with statements: each goes once; after a crash the same message goes again and says so."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from credits_pipeline.alerts.channels.mail import Server
from credits_pipeline.alerts.letter import Letter, Post
from credits_pipeline.finops.chargeback.sending import ON_ITS_WAY, Sent, SentBook, send_statements
from credits_pipeline.finops.chargeback.view import View
from credits_pipeline.finops.decisions import ClosedMonth
from credits_pipeline.finops.depot import Depot
from credits_pipeline_tests.alerts.conftest import Mailbox, mailbox
from credits_pipeline_tests.finops.chargeback.conftest import MAY, books
from credits_pipeline_tests.finops.typed import Bills

__all__ = ["mailbox"]
NOW = datetime(2026, 6, 5, 4, 30, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


class KilledError(BaseException):
    """Ends a run like a kill: nothing in the product catches it."""


@pytest.fixture
def view(filled_bills: Bills) -> View:
    told = books(filled_bills)
    statement = told.statement(MAY, told.decided.model("teams"))
    closing = ClosedMonth(str(MAY), "teams", 1, "inputs", statement.digest, "ann", NOW)
    return View(statement, closing=closing)


@pytest.fixture
def depot(tmp_path: Path) -> Depot:
    return Depot(str(tmp_path / "wing"))


def post(box: Mailbox) -> Post:
    return Post(_server(box.port))


def _server(port: int) -> Server:
    return Server("127.0.0.1", port, tls=False, user="", sender="me@example.com", password="")


def send(view: View, depot: Depot, take: Callable[[Letter], None], now: datetime) -> Sent:
    return send_statements(view, SentBook(depot), take, now)


@contextmanager
def killed_at(number: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Ends the run at one of its steps: before or after each write, and at each sending."""
    steps = iter(range(1_000))

    def step() -> None:
        if next(steps) == number:
            raise KilledError

    write, ours = Depot.write, Post.send

    def writing(self: Depot, key: str, value: dict[str, Any]) -> None:
        step()
        write(self, key, value)
        step()

    def sending(self: Post, letter: Letter) -> None:
        step()
        ours(self, letter)
        step()

    with monkeypatch.context() as patched:
        patched.setattr(Depot, "write", writing)
        patched.setattr(Post, "send", sending)
        yield


@pytest.mark.parametrize(
    ("number", "taken", "again"),
    [
        pytest.param(0, 0, False, id="before it is written down that it is about to go"),
        pytest.param(1, 0, True, id="after that"),
        pytest.param(2, 0, True, id="as it goes"),
        pytest.param(3, 1, True, id="after the server took it"),
        pytest.param(4, 1, True, id="as it is written down that it went"),
        pytest.param(5, 1, False, id="after that, too"),
    ],
)
def test_a_run_that_is_killed_never_loses_a_letter_and_a_second_one_is_the_same_message(
    view: View,
    depot: Depot,
    mailbox: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    taken: int,
    again: bool,
) -> None:
    with killed_at(number, monkeypatch), pytest.raises(KilledError):
        send(view, depot, post(mailbox).send, NOW)
    assert len(mailbox.taken) == taken

    found = send(view, depot, post(mailbox).send, LATER)
    assert found.failures == ()
    bodies = [str(one.get_body().get_content()) for one in mailbox.taken]  # type: ignore[union-attr]
    told = [body for body in bodies if "You may already have received this statement" in body]
    assert len(told) == len(found.again) == again
    if again:
        (sentence,) = found.again
        assert sentence == (
            "The statement of search for 2026-05 may have been sent at 2026-06-05 04:30 UTC, when "
            "sending was cut short; it was sent again as the same message, and says so."
        )
        assert "at 2026-06-05 04:30 UTC" in told[0]
    ids = [str(one["Message-ID"]) for one in mailbox.taken]
    assert len(set(ids)) == 1
    assert len(ids) == 1 + (again and taken)

    assert send(view, depot, post(mailbox).send, LATER) == Sent((), (), ())


def test_a_letter_that_was_just_begun_is_left_to_the_run_that_began_it(
    view: View, depot: Depot, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed_at(2, monkeypatch), pytest.raises(KilledError):
        send(view, depot, post(mailbox).send, NOW)
    found = send(view, depot, post(mailbox).send, NOW + ON_ITS_WAY - timedelta(seconds=1))
    assert found.owners == ()
    assert "has been on its way since 2026-06-05 04:30 UTC" in found.failures[0]
    assert mailbox.taken == []
    assert send(view, depot, post(mailbox).send, NOW + ON_ITS_WAY).owners == ("search",)


def test_a_server_that_refuses_leaves_no_doubt(view: View, depot: Depot, mailbox: Mailbox) -> None:
    mailbox.answer = "451 later"
    (why,) = send(view, depot, post(mailbox).send, NOW).failures
    assert "did not accept the e-mail" in why
    mailbox.answer = "250 OK"
    assert send(view, depot, post(mailbox).send, NOW) == Sent(("search",), (), ())


def test_a_connection_that_ends_before_the_answer_leaves_doubt(view: View, depot: Depot) -> None:
    with _breaking_off() as server:
        (why,) = send(view, depot, Post(server).send, NOW).failures
        assert "broke off, and may have accepted the e-mail" in why
        (why,) = send(view, depot, Post(server).send, LATER).failures
    begun = SentBook(depot).begun_at(view.closing, "search")  # type: ignore[arg-type]
    assert begun == NOW  # the first says since when


def test_a_goodbye_that_fails_takes_back_no_letter(
    view: View, depot: Depot, mailbox: Mailbox
) -> None:
    async def handle_QUIT(*_: Any) -> str:  # noqa: N802 - aiosmtpd's name
        return "421 busy"

    mailbox.handle_QUIT = handle_QUIT  # type: ignore[attr-defined]
    assert send(view, depot, post(mailbox).send, NOW).owners == ("search",)
    assert send(view, depot, post(mailbox).send, NOW).owners == ()


def test_a_process_that_is_killed_as_the_server_answers_sends_the_same_message_again(
    depot: Depot, mailbox: Mailbox, filled_bills: Bills, view: View
) -> None:
    script = textwrap.dedent(
        f"""
        import os, signal
        from datetime import datetime, UTC
        from credits_pipeline.finops.chargeback.sending import SentBook, send_statements
        from credits_pipeline.finops.depot import Depot
        from credits_pipeline_tests.finops.chargeback.test_sending import (
            MAY, NOW, ClosedMonth, View, post,
        )
        from credits_pipeline_tests.finops.chargeback.conftest import Bills, books
        from credits_pipeline_tests.alerts.conftest import Mailbox
        from pathlib import Path

        told = books(Bills(Path({str(filled_bills.storage)!r})))
        statement = told.statement(MAY, told.decided.model("teams"))
        closing = ClosedMonth(str(MAY), "teams", 1, "inputs", statement.digest, "ann", NOW)
        office = post(Mailbox({mailbox.port}))

        def send(letter):
            office.send(letter)
            os.kill(os.getpid(), signal.SIGKILL)

        view = View(statement, closing=closing)
        send_statements(view, SentBook(Depot({depot.root!r})), send, NOW)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert send(view, depot, post(mailbox).send, LATER).owners == ("search",)
    first, second = mailbox.taken
    assert first["Message-ID"] == second["Message-ID"]
    assert [part.get_content() for part in first.iter_attachments()] == [
        part.get_content() for part in second.iter_attachments()
    ]


@contextmanager
def _breaking_off() -> Iterator[Server]:
    """An SMTP server that accepts a message and hangs up without an answer."""

    def serve(listener: socket.socket) -> None:
        for _ in range(2):
            door, _ = listener.accept()
            with door, door.makefile("rwb") as lines:
                lines.write(b"220 hello\r\n")
                lines.flush()
                for line in lines:
                    if line.upper().startswith(b"DATA"):
                        lines.write(b"354 go on\r\n")
                        lines.flush()
                        while lines.readline() != b".\r\n":
                            pass
                        break
                    lines.write(b"250 OK\r\n")
                    lines.flush()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield _server(listener.getsockname()[1])
        thread.join(10)
