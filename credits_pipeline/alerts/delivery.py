"""Sends every channel what it does not have yet, and records each message as it goes out."""

import time
from collections.abc import Callable, Sequence

from credits_pipeline.alerts.channel import Channel, ChannelError, PartlyToldError
from credits_pipeline.alerts.state import AlertState

#: After this no further message is begun: a tick of Dagster's daemon has 60 seconds.
_SECONDS = 25


def deliver(
    book: AlertState,
    channels: Sequence[Channel],
    keep: Callable[[AlertState], None],
    *,
    ui: str,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[AlertState, list[str]]:
    """Send what is due, as far as the time of a tick allows; the rest waits for the next tick.

    A channel that fails is left alone until the next tick, so that its messages stay in order.

    Args:
        book: the state after the check.
        channels: all that are set.
        keep: stores the state where a restart finds it.
        ui: the address of Dagster's UI; may be empty.
        clock: seconds.

    Returns:
        The state afterwards, and what went wrong: a sentence for each channel that failed.

    Raises:
        StorageError: the state can't be stored. What can't be recorded is not sent.
    """
    until, failures = clock() + _SECONDS, []
    if any(book.to_tell(channel.name) for channel in channels):
        # Stored before the first message: with a full disk, every tick would send it again.
        keep(book)
    for channel in channels:
        while (alert := book.to_tell(channel.name)) is not None and clock() <= until:
            try:
                channel.send(alert, ui)
            except PartlyToldError as error:
                failures.append(str(error))
            except ChannelError as error:
                failures.append(f"{error} The next tick tries again.")
                break
            except Exception as error:  # noqa: BLE001 - one channel must not silence the others
                # The error's own text may contain the message or the channel's address.
                failures.append(
                    f"The channel {channel.name} failed with {type(error).__name__}. It is tried "
                    "again with the next tick."
                )
                break
            book = book.told(channel.name)
            keep(book)
    return book, failures
