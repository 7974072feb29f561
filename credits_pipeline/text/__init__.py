"""Text from outside, the surfaces that it is shown on, and the gates of failures and logs."""

from credits_pipeline.text.gate import gated
from credits_pipeline.text.log import Log, log_of
from credits_pipeline.text.outside import Outside
from credits_pipeline.text.surfaces import Csv, Html, Markdown, Mrkdwn, Page, Plain

__all__ = [
    "Csv",
    "Html",
    "Log",
    "Markdown",
    "Mrkdwn",
    "Outside",
    "Page",
    "Plain",
    "gated",
    "log_of",
]
