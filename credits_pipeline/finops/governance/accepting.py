"""When an acknowledgement applies: until its day, and only to its own violation."""

from datetime import datetime

from credits_pipeline.finops.decisions.item import State

ACKNOWLEDGED = "acknowledged"


def was_accepted(said: State | None, since: datetime) -> bool:
    """Whether somebody accepted it since it began: what was fixed and is back is new."""
    return said is not None and said.state == ACKNOWLEDGED and said.at >= since


def is_accepted(said: State | None, since: datetime, now: datetime) -> bool:
    """Whether that applies at a moment: an acknowledgement ends with its last day."""
    if said is None or not was_accepted(said, since):
        return False
    return said.until is None or now < said.until


def open_since(said: State | None, since: datetime, now: datetime) -> datetime:
    """Since when a violation is open: since it began, or since an acknowledgement ended."""
    if said is not None and said.until is not None and was_accepted(said, since):
        return said.until if said.until <= now else since
    return since
