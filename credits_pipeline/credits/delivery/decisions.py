"""The decisions in force for a version of a month, and the version that a new one is about.

A decision stays with the version that it names (ADR 11); a withdrawal applies only while nothing
was sent after it.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from credits_pipeline.core import settings
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.delivery.artifacts import RawFile
from credits_pipeline.credits.model.decisions import Decisions
from credits_pipeline.credits.state.attempt import Attempt
from credits_pipeline.reporting import deciding

if TYPE_CHECKING:
    from credits_pipeline.credits.inbox.bucket import Inbox
    from credits_pipeline.credits.inbox.version import FileVersion
    from credits_pipeline.credits.state.journal import Journal


def rule() -> Decisions:
    """The decisions that apply where no person decided: the environment's defaults.

    Raises:
        SettingError: a default can't be used.
    """
    return Decisions().amended(
        duplicates=settings.DUPLICATES.read(settings.one_of("first", "sum", "reject")),
        signs=settings.SIGNS.read(settings.one_of("auto", "as_is", "flipped")),
    )


def in_force(journal: "Journal", month: BillingMonth, version: "FileVersion") -> Decisions:
    """The decisions in force for a version of a month's file.

    Raises:
        SettingError: a default can't be used.
        StorageError: the storage can't be read.
    """
    records, newest = journal.decided(month, version.token), journal.receipt(month)
    decisions = rule()
    for record in records:
        decided = dict(record["decided"])
        if decided.get("clear_month") and not _withdraws(record, version.token, newest):
            del decided["clear_month"]
        decisions = decisions.amended(**decided)
    return decisions


def _withdraws(record: Mapping[str, Any], token: str, newest: Attempt | None) -> bool:
    """Whether nothing was verified for the month since the decision or the withdrawal.

    Otherwise a file that comes back, or goes, would revive an old withdrawal.
    """
    if newest is not None and newest.withdrawn and newest.file_version == token:
        return True
    # A record of an earlier release does not say which receipt was in force.
    return record.get("receipt") == ("" if newest is None else newest.run_id)


def without_file(journal: "Journal", month: BillingMonth, key: str) -> RawFile:
    """A stand-in for a month's file if there is none.

    Its version depends on the receipt in force, so each time the month is without a file needs its
    own decision; a withdrawal without a file keeps the version that it was about.

    Raises:
        StorageError: the storage can't be read.
    """
    newest = journal.receipt(month)
    if newest is None:
        return RawFile.absent(month, key)
    if newest.withdrawn:
        for record in newest.decided:
            about = RawFile.absent(month, newest.file, str(record.get("receipt", "")))
            if about.version.token == newest.file_version:
                return RawFile.absent(month, key, str(record.get("receipt", "")))
    return RawFile.absent(month, key, newest.run_id)


def current_version(journal: "Journal", box: "Inbox", month: BillingMonth) -> "FileVersion":
    """The version of a month that a decision made now is about, with or without a file.

    Raises:
        InboxError: S3 can't be asked.
        StorageError: the storage can't be read.
    """
    key = box.key(month)
    return box.current(key) or without_file(journal, month, key).version


def given_up(
    journal: "Journal", month: BillingMonth, version: "FileVersion", used: Decisions
) -> str:
    """Which of the decisions that credits were judged under no longer apply, in words.

    Raises:
        SettingError: a default can't be used.
        StorageError: the storage can't be read.
    """
    now = in_force(journal, month, version)
    return deciding.spelled(
        {name: value for name, value in used.in_force.items() if getattr(now, name) != value}
    )
