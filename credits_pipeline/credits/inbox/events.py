"""S3's event notifications: which objects they name. S3 itself is asked for their current state.

So the kind of event, the order of events and repeated events do not matter.
Format: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html.
"""

from collections.abc import Iterable
from urllib.parse import unquote_plus

from credits_pipeline.core.json_outside import read_json
from credits_pipeline.credits.inbox.bucket import Inbox


def keys_named(body: str, inbox: Inbox) -> frozenset[str]:
    """The objects of the inbox that a message names.

    Args:
        body: the message's text.
        inbox: objects elsewhere are ignored.

    Returns:
        Whole keys; none for S3's own test of a new configuration.

    Raises:
        ValueError: it is not an event of S3.
    """
    told = read_json(body)
    if not isinstance(told, dict):
        raise ValueError("it is not an object")  # noqa: TRY004 - as for every other text
    if told.get("Event") == "s3:TestEvent":
        return frozenset()
    try:
        return frozenset(_of_records(told["Records"], inbox))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it does not have the form of an event ({error!r})") from error


def _of_records(records: Iterable[dict[str, dict[str, dict[str, str]]]], inbox: Inbox) -> set[str]:
    found = set()
    for record in records:
        bucket, key = record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"])
        if bucket == inbox.bucket and key.startswith(inbox.prefix):
            found.add(key)
    return found
