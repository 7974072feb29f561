"""Amazon SNS, which passes messages on to e-mail, SMS, chat and pagers."""

import re
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from credits_pipeline.alerts.alert import Alert
from credits_pipeline.alerts.channel import ChannelError
from credits_pipeline.core.aws import sns_client
from credits_pipeline.core.settings import ALERT_SNS

NAME, SETTINGS = "sns", (ALERT_SNS,)
_ARN = re.compile(r"arn:[\w-]+:sns:(?P<region>[\w-]+):\d{12}:[\w-]+")
#: SNS's limit for the subject of an e-mail, in ASCII characters.
_LONGEST_SUBJECT = 99


@dataclass(frozen=True)
class Sns:
    """A topic.

    Attributes:
        topic: its ARN.
        region: where it is.
    """

    topic: str
    region: str
    name: str = NAME

    def send(self, alert: Alert, ui: str) -> None:
        """See `Channel.send`."""
        subject = f"[credits] {alert.title}".encode("ascii", "replace").decode()
        try:
            sns_client(self.region).publish(
                TopicArn=self.topic,
                Subject=subject[:_LONGEST_SUBJECT],
                Message=f"{alert.title}\n\n{alert.text(ui)}",
            )
        except (ClientError, BotoCoreError, OSError) as error:
            raise ChannelError(
                f"{self.topic} did not accept “{alert.title}”: {error}. What to do: if this "
                f"persists, check that the topic of {ALERT_SNS.name} is there and grants "
                "sns:Publish."
            ) from None


def configured() -> Sns | None:
    """The channel as it is set; None if it is not.

    Raises:
        SettingError: its ARN can't be used.
    """
    return ALERT_SNS.read(_topic)


def _topic(text: str) -> Sns | None:
    if not text:
        return None
    match = _ARN.fullmatch(text)
    if match is None:
        raise ValueError("it is an ARN such as arn:aws:sns:us-east-1:123456789012:credits")
    return Sns(text, match["region"])
