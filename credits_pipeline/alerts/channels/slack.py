"""Slack, by an incoming webhook: https://api.slack.com/messaging/webhooks.

With httpx and not dagster-slack, which posts with a bot's token: a webhook needs no app review, and
whatever takes Slack's ``{"text": …}`` can be told as well.
"""

from dataclasses import dataclass, field

import httpx

from credits_pipeline.alerts.alert import Alert
from credits_pipeline.alerts.channel import SECONDS, ChannelError
from credits_pipeline.settings import ALERT_SLACK, secure_url

#: What Slack takes for its own markup; a file's name must not call a whole channel.
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


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
            answer = httpx.post(self.url, json={"text": text(alert, ui)}, timeout=SECONDS)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
            # Its own text and its request hold the address.
            fault = type(error).__name__
        else:
            if not answer.is_success:
                fault = f"{answer.status_code} {answer.text[:200]}".replace(self.url, "[address]")
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


def text(alert: Alert, ui: str) -> str:
    """An alert in Slack's markup."""
    told = [f"*{_escaped(alert.title)}*"]
    told += [f"*{name}:* {_escaped(words)}" for name, words in alert.lines()]
    if alert.run_id:
        link = alert.link(ui)
        told.append(f"<{_escaped(link)}|Open the run>" if link else f"Run {alert.run_id}")
    return "\n".join(told)


def _escaped(words: str) -> str:
    return words.translate(_ESCAPES)
