"""Slack, through an incoming webhook: https://api.slack.com/messaging/webhooks.

It uses httpx and not dagster-slack, which posts with a bot's token: a webhook needs no app review,
and anything that accepts Slack's ``{"text": …}`` can receive alerts as well.
"""

import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from credits_pipeline.alerts.alert import Alert
from credits_pipeline.alerts.channel import SECONDS, ChannelError
from credits_pipeline.core.hidden import without
from credits_pipeline.core.settings import ALERT_SLACK, secure_url
from credits_pipeline.text import Mrkdwn, Outside

NAME, SETTINGS = "slack", (ALERT_SLACK,)
_SHOWN = 200
_LONGEST_ANSWER = 20_000


@dataclass(frozen=True)
class Slack:
    """An incoming webhook.

    Attributes:
        url: its address, which is a secret.
    """

    url: str = field(repr=False)
    name: str = NAME

    def send(self, alert: Alert, ui: str) -> None:
        """See `Channel.send`."""
        fault = ""
        try:
            status, said = _posted(self.url, message(alert, ui))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
            # The error's own text and its request contain the address.
            fault = type(error).__name__
        else:
            if not httpx.codes.is_success(status):
                # The path alone is the secret, and so is each of its parts.
                parts = urlsplit(self.url)
                told = without(said, self.url, parts.path, parts.query, *parts.path.split("/"))
                fault = f"{status} {Outside(told).line(_SHOWN)}"
        if fault:
            raise ChannelError(
                f"Slack did not accept “{alert.title}”: {fault}. What to do: if this stays, see "
                f"that the webhook of {ALERT_SLACK.name} is still there."
            )


def configured() -> Slack | None:
    """The channel as it is set; None if it is not.

    Raises:
        SettingError: its address can't be used.
    """
    url = ALERT_SLACK.read(secure_url)
    return Slack(url) if url else None


def message(alert: Alert, ui: str) -> dict[str, str | bool]:
    """What is posted to the webhook; Slack must not fetch anything that a text names."""
    return {"text": text(alert, ui).text, "unfurl_links": False, "unfurl_media": False}


def text(alert: Alert, ui: str) -> Mrkdwn:
    """An alert in Slack's markup."""
    told = [Mrkdwn.of("*{}*", Outside(alert.title))]
    told += [Mrkdwn.of("*{}:* {}", Outside(name), words) for name, words in alert.lines()]
    if alert.run_id:
        link = alert.link(ui)
        told.append(
            Mrkdwn.link("Open the run", link)
            if link
            else Mrkdwn.of("Run {}", Outside(alert.run_id))
        )
    if alert.address:
        told.append(Mrkdwn.link("Look at it", alert.address))
    return Mrkdwn.joined("\n", told)


def _posted(url: str, posted: dict[str, str | bool]) -> tuple[int, str]:
    """The status of an answer, and as much of its text as arrives in time."""
    said, until = bytearray(), time.monotonic() + SECONDS
    with httpx.stream("POST", url, json=posted, timeout=SECONDS) as answer:
        for chunk in answer.iter_bytes():
            said += chunk
            if len(said) > _LONGEST_ANSWER or time.monotonic() > until:
                break
        return answer.status_code, said.decode(errors="replace")
