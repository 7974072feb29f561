"""How long an observation of a source is valid: for its day, and not known afterwards.

Scans are daily. A table of resources uses from each source what was seen on its own day; readers
use the table while the next scan may still be running.
"""

from datetime import datetime, timedelta

from credits_pipeline.finops.scans.inventory import UNKNOWN, Part

#: A day, and the time that the next scan may take.
HOLDS = timedelta(hours=26)


def holds(as_of: datetime, now: datetime) -> bool:
    """Whether a scan is still valid.

    Args:
        as_of: the moment that it is about.
        now: the current moment.
    """
    return now - as_of <= HOLDS


def is_of_day(as_of: datetime, at: datetime) -> bool:
    """Whether a source was read on the day of a scan, UTC.

    Args:
        as_of: the moment of the source.
        at: the scan's.
    """
    return as_of.date() >= at.date()


def not_today(source: str, as_of: datetime, at: datetime) -> Part:
    """The message about a source that was not read on the day of a scan.

    Args:
        source: such as utilisation.
        as_of: when it was last read.
        at: the scan's.
    """
    return Part(
        source,
        "",
        "",
        UNKNOWN,
        0,
        f"{source} was looked at on {as_of:%Y-%m-%d} last, and not on {at:%Y-%m-%d}: it is not "
        "known. What to do: see why, then run credits-pipeline scan.",
    )
