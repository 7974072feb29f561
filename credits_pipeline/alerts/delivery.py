"""Telling every channel what it does not know yet, and remembering each word as it is said."""

import time
from collections.abc import Callable, Sequence

from credits_pipeline.alerts.channel import Channel, ChannelError, PartlyToldError
from credits_pipeline.alerts.state import AlertState

#: After these no further message is begun: a tick of Dagster's daemon has 60 seconds.
_SECONDS = 25


def deliver(
    book: AlertState,
    channels: Sequence[Channel],
    keep: Callable[[AlertState], None],
    *,
    ui: str,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[AlertState, list[str]]:
    """Send what is to be told, as far as the time of a tick goes; the rest is left to the next.

    A channel that fails is left alone until the next tick, so that what it misses comes in order.

    Args:
        book: after the look.
        channels: all that are set.
        keep: keeps the book where a restart finds it.
        ui: the address of Dagster's UI; may be empty.
        clock: seconds.

    Returns:
        The book after it, and what went wrong: a sentence for each channel that failed.

    Raises:
        StorageError: the book can't be kept. What can't be remembered is not told.
    """
    until, failures = clock() + _SECONDS, []
    if any(book.to_tell(channel.name) for channel in channels):
        # Before the first word, so that a disk that is full does not repeat it with every tick.
        keep(book)
    for channel in channels:
        while (alert := book.to_tell(channel.name)) is not None and clock() <= until:
            try:
                channel.send(alert, ui)
            except PartlyToldError as error:
                failures.append(str(error))
            except ChannelError as error:
                failures.append(f"{error} It is tried again with the next tick.")
                break
            except Exception as error:  # noqa: BLE001 - one channel must not silence the others
                # Its own text may hold what was to be sent, or the channel's address.
                failures.append(
                    f"The channel {channel.name} failed with {type(error).__name__}. It is tried "
                    "again with the next tick."
                )
                break
            book = book.told(channel.name)
            keep(book)
    return book, failures
