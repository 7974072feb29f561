"""What a channel is: a name, and a way to send an alert or fail with a reason."""

from typing import Protocol

from credits_pipeline.alerts.alert import Alert

#: For one message: for connecting, and for each answer.
SECONDS = 8.0


class ChannelError(Exception):
    """A message was not taken; the text says why and what to do, and contains no secret."""


class MaybeToldError(ChannelError):
    """The connection ended before the answer came: nobody knows whether the message was taken."""


class PartlyToldError(ChannelError):
    """A message was taken for some recipients, and must not be sent to them again."""


class Channel(Protocol):
    """A way to reach people."""

    @property
    def name(self) -> str:
        """The name under which the state remembers who received what."""

    def send(self, alert: Alert, ui: str) -> None:
        """Send an alert.

        Args:
            alert: what it is about.
            ui: the address of Dagster's UI, without a slash at its end; may be empty.

        Raises:
            ChannelError: it was not delivered.
        """
