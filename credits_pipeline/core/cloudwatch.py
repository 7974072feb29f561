"""Puts one log line of a run straight into CloudWatch Logs.

It uses boto3 and not watchtower: watchtower queues lines in a thread, which dies with a killed
run, and one line a run needs neither queue nor batch.
"""

from contextlib import suppress
from datetime import datetime
from functools import partial

from credits_pipeline.core.aws import logs_client


class CloudWatchError(Exception):
    """The line could not be put into the log group; the message says why and what to do."""


def put_line(group: str, stream: str, line: str, at: datetime) -> None:
    """Put a line into a log group.

    Args:
        group: the name of the log group, which must exist.
        stream: the name of the stream in it, created if it is missing.
        line: the text.
        at: when it was written, aware.

    Raises:
        CloudWatchError: CloudWatch did not take it.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        client = logs_client()
        put = partial(
            client.put_log_events,
            logGroupName=group,
            logStreamName=stream,
            logEvents=[{"timestamp": int(at.timestamp() * 1000), "message": line}],
        )
        try:
            answer = put()
        except client.exceptions.ResourceNotFoundException:
            # Another run of the month may have created it first.
            with suppress(client.exceptions.ResourceAlreadyExistsException):
                client.create_log_stream(logGroupName=group, logStreamName=stream)
            answer = put()
    except (ClientError, BotoCoreError, OSError) as error:
        raise _explained(group, str(error)) from error
    if answer.get("rejectedLogEventsInfo"):
        raise _explained(group, f"CloudWatch rejected its time, {at.isoformat()}")


def _explained(group: str, why: str) -> CloudWatchError:
    return CloudWatchError(
        f"The line could not be put into the log group {group}: {why}. What to do: check that the "
        "group of CREDITS_LOG_GROUP is there, that logs:PutLogEvents and logs:CreateLogStream are "
        "granted on it, and that this machine's clock is right."
    )
