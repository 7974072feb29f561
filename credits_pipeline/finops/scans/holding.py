"""How long what a source was seen to be holds: for its day, and not known afterwards.

Scans are daily. A table of resources takes of each source what was seen on its own day; whoever
asks the table takes it while the next scan may still be on its way.
"""

from datetime import datetime, timedelta

from credits_pipeline.finops.scans.inventory import UNKNOWN, Part

#: A day, and the time that the next scan may take.
HOLDS = timedelta(hours=26)


def holds(as_of: datetime, now: datetime) -> bool:
    """Whether a scan still says what there is.

    Args:
        as_of: the moment that it is about.
        now: the moment that it is asked.
    """
    return now - as_of <= HOLDS


def is_of_day(as_of: datetime, at: datetime) -> bool:
    """Whether a source was looked at on the day of a scan, UTC.

    Args:
        as_of: the moment that the source was looked at.
        at: the scan's.
    """
    return as_of.date() >= at.date()


def not_today(source: str, as_of: datetime, at: datetime) -> Part:
    """What a source says that was not looked at on the day of a scan: nothing.

    Args:
        source: such as utilisation.
        as_of: the moment that it was looked at last.
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
