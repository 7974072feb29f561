"""Addresses in Dagster's UI, if it is set."""

import re
from urllib.parse import quote

from credits_pipeline.core import settings

_RUN = re.compile(r"[0-9a-f-]{8,64}")


def ui() -> str:
    """Where Dagster's UI is reached; empty if not set."""
    found = settings.UI_URL.text().rstrip("/")
    return found if found.startswith(("http://", "https://")) else ""


def run_link(run_id: str) -> str:
    """The page of a run; empty if there is none to link to."""
    base = ui()
    return f"{base}/runs/{quote(run_id)}" if base and _RUN.fullmatch(run_id) else ""
