"""The alerts: which channels are set, so that somebody hears of what is wrong. None is tried."""

from collections.abc import Iterator

from credits_pipeline.alerts.channels import configured
from credits_pipeline.doctor.finding import Finding, note, ok, wrong


def alerts_found() -> Iterator[Finding]:
    """Whether alerts reach anybody, as far as the settings tell."""
    channels, faults = configured()
    for fault in faults:
        yield wrong("alerts", fault)
    if channels:
        yield ok("alerts", f"go to {', '.join(channel.name for channel in channels)}")
    elif not faults:
        yield note(
            "alerts",
            "reach nobody: no channel is set.",
            "Set CREDITS_ALERT_SLACK, CREDITS_ALERT_EMAIL with CREDITS_ALERT_SMTP, or "
            "CREDITS_ALERT_SNS.",
        )
