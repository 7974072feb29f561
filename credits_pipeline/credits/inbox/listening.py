"""Waits for an event about a version that was not seen yet.

A message that starts a run is not removed at once: it comes back, and the tick whose stored cursor
knows its version removes it. So no tick that fails between the two can lose a file.
"""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

from credits_pipeline.core import aws
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.inbox.bucket import Inbox
from credits_pipeline.credits.inbox.cursor import Cursor
from credits_pipeline.credits.inbox.events import keys_named
from credits_pipeline.credits.inbox.names import Months, month_of
from credits_pipeline.credits.inbox.queue import EventsQueue, Message
from credits_pipeline.credits.inbox.tick import Start, plan_named_runs
from credits_pipeline.credits.inbox.version import FileVersion

_SHOWN = 200


def listen(
    queue: EventsQueue,
    inbox: Inbox,
    cursor: Cursor,
    *,
    months: Months,
    say: Callable[[str], None],
) -> tuple[tuple[Start, ...], Cursor]:
    """Wait for events until one is about a new version, or the time is over.

    Args:
        queue: of the events.
        inbox: the inbox that they are about; S3 is asked what is current there.
        cursor: what was seen, as stored.
        months: those that have a partition.
        say: called with messages that are not events.

    Returns:
        The runs to start, and the cursor that includes them.

    Raises:
        QueueError: the queue can't be used.
        InboxError: S3 can't be asked, or refuses.
    """
    ends = time.monotonic() + aws.WAIT_SECONDS
    while (left := round(ends - time.monotonic())) > 0:
        messages = queue.receive(left)
        keys = {message: _keys(message, inbox, say) for message in messages}
        current = _current(frozenset[str]().union(*keys.values()), inbox, months)
        queue.remove(
            message
            for message in messages
            if all(cursor.knows(*current[key]) for key in keys[message] & current.keys())
        )
        starts, after = plan_named_runs(cursor, dict(current.values()), now=datetime.now(UTC))
        if starts:
            return starts, after
    return (), cursor


def _keys(message: Message, inbox: Inbox, say: Callable[[str], None]) -> frozenset[str]:
    try:
        return keys_named(message.body, inbox)
    except ValueError as error:
        text = json.dumps(message.body[:_SHOWN])
        say(
            "A message in the inbox's queue is not an event of S3 and was removed"
            f" ({error}): {text}"
        )
        return frozenset()


def _current(
    keys: frozenset[str], inbox: Inbox, months: Months
) -> dict[str, tuple[BillingMonth, FileVersion]]:
    """The credits files among these objects, with their month and current version."""
    found = {}
    for key in sorted(keys):
        # Only S3 knows the size, and other names need no request.
        if isinstance(month_of(key, 1, prefix=inbox.prefix, months=months), BillingMonth):
            version = inbox.current(key)
            month = version and month_of(key, version.size, prefix=inbox.prefix, months=months)
            if version is not None and isinstance(month, BillingMonth):
                found[key] = (month, version)
    return found
