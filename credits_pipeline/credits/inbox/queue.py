"""The SQS queue that receives the bucket's events: a message stays until it is fully processed.

A received message is invisible for a moment, and comes back unless it is removed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from credits_pipeline.core.aws import sqs_client
from credits_pipeline.credits.inbox.bucket import InboxError

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import DeleteMessageBatchRequestEntryTypeDef

#: The most that SQS returns and accepts at once.
_BATCH = 10
#: Longer than it takes to start what a message requests.
_OUT_OF_SIGHT_SECONDS = 10


class QueueError(InboxError):
    """The queue can't be used; files still start, through the list of the inbox."""


@dataclass(frozen=True)
class Message:
    """One message.

    Attributes:
        body: its text.
        receipt: the handle that removes it.
    """

    body: str
    receipt: str


@dataclass(frozen=True)
class EventsQueue:
    """A queue of events.

    Attributes:
        url: as SQS names it.
    """

    url: str

    def receive(self, seconds: int) -> list[Message]:
        """Up to ten messages, as soon as there is one.

        Args:
            seconds: to wait for the first, up to 20.

        Raises:
            QueueError: SQS can't be asked, or refuses.
        """
        try:
            answer = sqs_client().receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=_BATCH,
                WaitTimeSeconds=seconds,
                VisibilityTimeout=_OUT_OF_SIGHT_SECONDS,
            )
        except (ClientError, BotoCoreError, OSError) as error:
            raise self._explained("read", error) from error
        return [Message(m["Body"], m["ReceiptHandle"]) for m in answer.get("Messages", [])]

    def remove(self, messages: Iterable[Message]) -> None:
        """Remove messages; one that SQS keeps nevertheless comes back, and starts nothing new.

        Args:
            messages: up to ten.

        Raises:
            QueueError: SQS can't be asked, or refuses.
        """
        entries: list[DeleteMessageBatchRequestEntryTypeDef] = [
            {"Id": str(number), "ReceiptHandle": message.receipt}
            for number, message in enumerate(messages)
        ]
        if not entries:
            return
        try:
            sqs_client().delete_message_batch(QueueUrl=self.url, Entries=entries)
        except (ClientError, BotoCoreError, OSError) as error:
            raise self._explained("empty", error) from error

    def _explained(self, doing: str, error: Exception) -> QueueError:
        return QueueError(
            f"could not {doing} the queue of the inbox's events, {self.url}: {error}. What to do: "
            "check CREDITS_EVENTS_QUEUE and AWS_REGION, and give the pipeline's role "
            "sqs:ReceiveMessage and sqs:DeleteMessage on it. Until then files start by the list of "
            "the inbox."
        )
