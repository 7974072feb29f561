"""The ways to reach people: each is a module with one channel, which its settings turn on.

A new channel is a module here, its name in `configured`, its settings, and its test.
"""

from credits_pipeline.alerts.channel import Channel
from credits_pipeline.alerts.channels import mail, slack, sns
from credits_pipeline.core.settings import SettingError

__all__ = ["configured"]


def configured() -> tuple[list[Channel], list[str]]:
    """The channels that are set, and what is wrong with the settings of the others."""
    channels: list[Channel] = []
    wrong: list[str] = []
    for kind in (slack, mail, sns):
        try:
            channel = kind.configured()
        except SettingError as error:
            wrong.append(str(error))
        else:
            channels += [] if channel is None else [channel]
    return channels, wrong
