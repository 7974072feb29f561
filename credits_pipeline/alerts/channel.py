"""What a channel is: a name, and a way to send an alert or fail with a reason."""

from typing import Protocol

from credits_pipeline.alerts.alert import Alert

#: For one message: connecting, and each answer.
SECONDS = 8.0


class ChannelError(Exception):
    """A message was not taken; the text says why and what to do, and shows no secret."""


class PartlyToldError(ChannelError):
    """A message was taken for some of the people, and must not be sent again for the others."""


class Channel(Protocol):
    """A way to tell people."""

    @property
    def name(self) -> str:
        """What is remembered of whom was told."""

    def send(self, alert: Alert, ui: str) -> None:
        """Tell people.

        Args:
            alert: what of.
            ui: the address of Dagster's UI, without a slash at its end; may be empty.

        Raises:
            ChannelError: they were not told.
        """
