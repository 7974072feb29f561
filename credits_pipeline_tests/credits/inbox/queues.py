"""An SQS queue for a bucket's events, on the same server as the bucket."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest.mock import patch

from credits_pipeline.core import aws
from credits_pipeline.credits.inbox.bucket import Inbox
from credits_pipeline.credits.inbox.queue import EventsQueue


@dataclass(frozen=True)
class BucketEvents:
    """The queue, as a person at the console sees it."""

    queue: EventsQueue

    def send(self, body: str) -> None:
        aws.sqs_client().send_message(QueueUrl=self.queue.url, MessageBody=body)

    @property
    def left(self) -> int:
        """Messages that were not removed, visible or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = aws.sqs_client().get_queue_attributes(
            QueueUrl=self.queue.url,
            AttributeNames=names,  # type: ignore[arg-type]
        )
        return sum(int(answer["Attributes"][name]) for name in names)  # type: ignore[index]


@contextmanager
def events_of(inbox: Inbox, endpoint: str) -> Iterator[BucketEvents]:
    """Make a bucket send its events for created and removed objects to a queue."""
    with patch.dict(os.environ, {"AWS_ENDPOINT_URL_SQS": endpoint}):
        aws.forget_clients()
        sqs = aws.sqs_client()
        url = sqs.create_queue(QueueName=f"events-of-{inbox.bucket}")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        aws.s3_client().put_bucket_notification_configuration(
            Bucket=inbox.bucket,
            NotificationConfiguration={
                "QueueConfigurations": [
                    {
                        "QueueArn": arn["QueueArn"],
                        "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
                    }
                ]
            },
        )
        try:
            yield BucketEvents(EventsQueue(url))
        finally:
            sqs.delete_queue(QueueUrl=url)
            sqs.close()
            aws.forget_clients()
