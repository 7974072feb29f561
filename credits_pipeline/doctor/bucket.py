"""The inbox in S3: reached, listed, read, and in agreement about the time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import BUCKET, PREFIX, SettingError
from credits_pipeline.core.wording import counted
from credits_pipeline.credits.inbox.bucket import Inbox, InboxError
from credits_pipeline.doctor.environment import advice_where_missing
from credits_pipeline.doctor.finding import Finding, note, ok, skipped, wrong

#: S3 refuses requests from a clock that is off by a quarter of an hour.
_REFUSED = timedelta(minutes=15)
_NOTED = timedelta(minutes=1)


def bucket_found(month: BillingMonth) -> Iterator[Finding]:
    """Whether the inbox can be listed and read, and how far the clocks are apart.

    Args:
        month: whose file to look for if the inbox is empty.
    """
    try:
        inbox = Inbox(BUCKET.text(), PREFIX.text())
    except SettingError as error:
        yield wrong("inbox", error, advice_where_missing())
        yield skipped("inbox, reading", "no inbox is set")
        yield skipped("clock", "the clock is compared with S3's, which was not asked")
        return
    try:
        begun = datetime.now(UTC)
        found = inbox.first_page(below="credits-")
        ended = datetime.now(UTC)
    except InboxError as error:
        yield wrong("inbox", error)
        yield skipped("inbox, reading", "the inbox could not be listed")
        yield skipped("clock", "the clock is compared with S3's, which did not answer")
        return
    files = len(found.listing.versions)
    least = "" if found.listing.complete else "at least "
    yield ok(
        "inbox",
        f"{inbox.uri(inbox.prefix)} at {inbox.endpoint} lists {least}{counted(files, 'object')} "
        "whose names begin with credits-",
    )
    yield _reading(inbox, [v.key for v in found.listing.versions[-1:]], month)
    yield _clock(found.answered_at, begun, ended)


def _reading(inbox: Inbox, keys: list[str], month: BillingMonth) -> Finding:
    name = "inbox, reading"
    key = keys[0] if keys else inbox.key(month)
    try:
        # Without permission to list, S3 answers "forbidden" for a missing object.
        version = inbox.current(key)
        if version is None:
            return ok(name, f"may be read (there is no {inbox.uri(key)} yet)")
        inbox.try_to_read(version)
    except InboxError as error:
        return wrong(name, error)
    versions = "keeps versions" if version.version_id else "keeps no versions"
    return ok(name, f"{inbox.uri(key)} may be read; the bucket {versions}")


def _clock(theirs: datetime | None, begun: datetime, ended: datetime) -> Finding:
    if theirs is None:
        return note("clock", "S3's answer has no time, so the clock was not compared.")
    # S3's time is in whole seconds, at some moment between request and answer.
    early, late = theirs - ended, theirs + timedelta(seconds=1) - begun
    off = early if early > timedelta() else min(timedelta(), late)
    says = f"this machine's clock is {abs(off).total_seconds():.0f} s off S3's"
    to_do = "Have this machine's clock set by NTP."
    if abs(off) >= _REFUSED:
        return wrong("clock", f"{says}: S3 refuses requests that are so far off.", to_do)
    if abs(off) >= _NOTED:
        return note("clock", f"{says}. S3 refuses requests from 15 minutes on.", to_do)
    return ok("clock", says if off else "this machine's clock agrees with S3's")
