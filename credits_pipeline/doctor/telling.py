"""The alerts: which channels are set, so that somebody hears of problems, and whether they work."""

from collections.abc import Iterator

from credits_pipeline.alerts.alert import Alert
from credits_pipeline.alerts.channel import Channel, ChannelError
from credits_pipeline.alerts.channels import configured
from credits_pipeline.core.settings import UI_URL, SettingError, web_address
from credits_pipeline.doctor.finding import Finding, note, ok, wrong

_TRY = Alert(
    subject="try",
    cause="try",
    about="credits-pipeline",
    state="this is what alerts look like",
    what="Somebody tried the channels with doctor. Nothing is wrong.",
    to_do="Nothing.",
)


def alerts_found(*, tried: bool) -> Iterator[Finding]:
    """Whether alerts reach anybody.

    Args:
        tried: send a message through each channel; otherwise only the settings are checked.
    """
    channels, faults = configured()
    for fault in faults:
        yield wrong("alerts", fault)
    if tried:
        yield from map(_sent, channels)
    elif channels:
        yield ok("alerts", f"go to {', '.join(channel.name for channel in channels)}")
    if not channels and not faults:
        yield note(
            "alerts",
            "no channel is configured, so nobody is told.",
            "Set one of the channels in docs/alerts.md, such as CREDITS_ALERT_SLACK.",
        )


def _sent(channel: Channel) -> Finding:
    try:
        channel.send(_TRY, UI_URL.read(web_address))
    except (ChannelError, SettingError) as error:
        return wrong("alerts", error)
    return ok("alerts", f"{channel.name} accepted “{_TRY.title}”: check that it arrived")
