"""Real servers that alerts go to: SMTP, an HTTP endpoint in Slack's place, SNS with its queue."""

import json
import os
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Thread
from typing import Any

import aiosmtpd.controller
import pytest

from credits_pipeline.core import aws
from credits_pipeline.sandbox.s3 import EmbeddedS3

_numbers = count()


@dataclass
class Webhook:
    """An HTTP server that accepts what Slack accepts.

    Attributes:
        port: on this machine.
        answers: the status of each coming answer; then 200.
        taken: the texts that were accepted.
        says: the text of its other answers.
    """

    port: int = 0
    answers: list[int] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    asked: int = 0
    says: str = "no_service"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/services/T0/B0/secret-4c1e"


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            hook.asked += 1
            status = hook.answers.pop(0) if hook.answers else 200
            if status == 200:
                hook.taken.append(body["text"])
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:9/")
            self.end_headers()
            self.wfile.write(b"ok" if status == 200 else hook.says.encode())

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hook.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield hook
        server.shutdown()
        thread.join()


@dataclass
class Mailbox:
    """What an SMTP server accepted.

    Attributes:
        port: on this machine.
        taken: the messages.
        refuse: recipients that it refuses.
        answer: to each message.
    """

    port: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    to: list[list[str]] = field(default_factory=list)
    refuse: set[str] = field(default_factory=set)
    answer: str = "250 OK"

    async def handle_RCPT(self, *told: Any) -> str:  # noqa: N802 - aiosmtpd's name
        _, _, envelope, address, _ = told
        if address in self.refuse:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, *told: Any) -> str:  # noqa: N802 - aiosmtpd's name
        envelope = told[-1]
        if self.answer.startswith("250"):
            message = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(message, EmailMessage)
            self.taken.append(message)
            self.to.append(list(envelope.rcpt_tos))
        return self.answer

    @property
    def subjects(self) -> list[str]:
        return [str(message["Subject"]) for message in self.taken]


class Controller(aiosmtpd.controller.Controller):
    """An SMTP server in a thread, on a free port, with a certificate that nobody trusts."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        with socket.create_connection((self.hostname, self.port)) as door:
            if self.ssl_context is not None:
                blind = ssl.create_default_context()
                blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE
                with blind.wrap_socket(door) as inner:
                    inner.recv(1024)
            else:
                door.recv(1024)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=0)
    controller.start()
    box.port = controller.port
    yield box
    controller.stop()


@dataclass
class Topic:
    """An SNS topic, and the queue that is subscribed to it."""

    arn: str
    queue_url: str
    sqs: Any

    def taken(self) -> list[dict[str, Any]]:
        """The messages since the last look."""
        found = []
        while True:
            answer = self.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10)
            if not answer.get("Messages"):
                return found
            for message in answer["Messages"]:
                found.append(json.loads(message["Body"]))
                self.sqs.delete_message(
                    QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"]
                )


@pytest.fixture
def topic(s3: EmbeddedS3, monkeypatch: pytest.MonkeyPatch) -> Topic:
    """This test's own topic on moto's server."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", s3.endpoint_url)
    return topic_with_queue(s3)


def topic_with_queue(s3: EmbeddedS3) -> Topic:
    """A new topic on moto's server, set in the environment, and its queue."""
    import boto3

    name = f"credits-{os.getpid()}-{next(_numbers)}"
    sqs = boto3.client("sqs", region_name="us-east-1", endpoint_url=s3.endpoint_url)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    sns = aws.sns_client("us-east-1")
    made = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=made, Protocol="sqs", Endpoint=arn["QueueArn"])
    return Topic(made, url, sqs)
