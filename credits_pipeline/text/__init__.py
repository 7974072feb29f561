"""Text from outside, and the surfaces that it is shown on: `Outside` and its renderers."""

from credits_pipeline.text.outside import Outside
from credits_pipeline.text.surfaces import Csv, Html, Markdown, Mrkdwn, Page, Plain

__all__ = ["Csv", "Html", "Markdown", "Mrkdwn", "Outside", "Page", "Plain"]
