"""The ways to reach people: each is a module with one channel, which its settings turn on.

A new channel is a module here, its name in `_KINDS`, its settings, and its test.
"""

from credits_pipeline.alerts.channel import Channel
from credits_pipeline.alerts.channels import mail, slack, sns
from credits_pipeline.core.settings import SettingError

__all__ = ["configured", "settings_of"]

_KINDS = (slack, mail, sns)


def settings_of() -> dict[str, str]:
    """The settings of each channel, by its name, whether it is set or not."""
    return {kind.NAME: ", ".join(one.name for one in kind.SETTINGS) for kind in _KINDS}


def configured() -> tuple[list[Channel], list[str]]:
    """The channels that are set, and what is wrong with the settings of the others."""
    channels: list[Channel] = []
    wrong: list[str] = []
    for kind in _KINDS:
        try:
            channel = kind.configured()
        except SettingError as error:
            wrong.append(str(error))
        else:
            channels += [] if channel is None else [channel]
    return channels, wrong
