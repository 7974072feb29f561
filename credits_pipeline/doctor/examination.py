"""The whole examination, in the order in which to fix what it finds."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.doctor.bucket import bucket_found
from credits_pipeline.doctor.environment import settings_found, versions
from credits_pipeline.doctor.finding import Finding
from credits_pipeline.doctor.instance import dagster_found
from credits_pipeline.doctor.kept import storage_found
from credits_pipeline.doctor.stream import stream_found
from credits_pipeline.doctor.telling import alerts_found
from credits_pipeline.doctor.wing import wing_found


def examine(
    month: BillingMonth, now: Callable[[str], None], *, try_alerts: bool = False
) -> Iterator[Finding]:
    """Check everything that a month needs; nothing is sent to the stream.

    Args:
        month: the month that S3 and CloudZero are asked about.
        now: called with what is checked next.
        try_alerts: send a test message through each channel.
    """
    now("Checking settings and versions")
    yield from versions()
    yield from settings_found()
    yield from alerts_found(tried=try_alerts)
    now("Asking S3")
    yield from bucket_found(month)
    now("Writing to the storage")
    yield from storage_found()
    yield from wing_found(now)
    with ExitStack() as stack:
        now("Opening Dagster's instance")
        for found in dagster_found(stack):
            if isinstance(found, Finding):
                yield found
            else:
                now("Asking CloudZero")
                yield from stream_found(month, found)
