"""What a channel is: a name, and a way to send an alert or fail with a reason."""

import base64
from typing import Protocol
from urllib.parse import quote, unquote

from credits_pipeline.alerts.alert import Alert

#: For one message: connecting, and each answer.
SECONDS = 8.0
#: Shorter parts of a secret are words of every text.
_SHORTEST_SECRET = 4


def without(text: str, *secrets: str) -> str:
    """A text without any of these, as they are or as an address, a header or a login spells them.

    What a server answers may repeat what it was sent.
    """
    spellings: set[str] = set()
    for secret in secrets:
        coded = base64.b64encode(secret.encode()).decode().rstrip("=")
        spellings |= {secret, quote(secret), quote(secret, safe=""), unquote(secret), coded}
    for one in sorted((one for one in spellings if len(one) >= _SHORTEST_SECRET), key=len)[::-1]:
        text = text.replace(one, "[secret]")
    return text


class ChannelError(Exception):
    """A message was not taken; the text says why and what to do, and shows no secret."""


class MaybeToldError(ChannelError):
    """The connection ended before the answer came: nobody knows whether the message was taken."""


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
