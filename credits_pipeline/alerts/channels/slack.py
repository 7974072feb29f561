"""Slack, by an incoming webhook: https://api.slack.com/messaging/webhooks.

With httpx and not dagster-slack, which posts with a bot's token: a webhook needs no app review, and
whatever takes Slack's ``{"text": …}`` can be told as well.
"""

from dataclasses import dataclass, field

import httpx

from credits_pipeline.alerts.alert import Alert
from credits_pipeline.alerts.channel import SECONDS, ChannelError
from credits_pipeline.settings import ALERT_SLACK, secure_url
from credits_pipeline.text import Mrkdwn, Outside


@dataclass(frozen=True)
class Slack:
    """An incoming webhook.

    Attributes:
        url: its address, which is a secret.
    """

    url: str = field(repr=False)
    name: str = "slack"

    def send(self, alert: Alert, ui: str) -> None:
        """See `Channel.send`."""
        fault = ""
        try:
            answer = httpx.post(self.url, json=message(alert, ui), timeout=SECONDS)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
            # Its own text and its request hold the address.
            fault = type(error).__name__
        else:
            if not answer.is_success:
                fault = f"{answer.status_code} {Outside(answer.text).line(200)}".replace(
                    self.url, "[address]"
                )
        if fault:
            raise ChannelError(
                f"Slack did not take “{alert.title}”: {fault}. What to do: if this stays, see "
                f"that the webhook of {ALERT_SLACK.name} is still there."
            )


def configured() -> Slack | None:
    """The channel as it is set; None where it is not.

    Raises:
        SettingError: its address can't be used.
    """
    url = ALERT_SLACK.read(secure_url)
    return Slack(url) if url else None


def message(alert: Alert, ui: str) -> dict[str, str | bool]:
    """What the webhook is posted: Slack is to look nothing up that a text names."""
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
    return Mrkdwn.joined("\n", told)
