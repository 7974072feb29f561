"""A person's decisions: which version they are about, who made them, and whether they still hold.

A decision names the version that the person saw and is refused for any other (ADR 11). It stays
with that version; a withdrawal holds only as long as nothing was sent after it.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import dagster as dg

from credits_pipeline.core import settings
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.assets.attempts import Recorder
from credits_pipeline.credits.assets.config import CreditsConfig
from credits_pipeline.credits.delivery.artifacts import RawFile
from credits_pipeline.credits.model.decisions import Decisions
from credits_pipeline.credits.state.attempt import Attempt, Verdict
from credits_pipeline.reporting import deciding

if TYPE_CHECKING:
    from credits_pipeline.credits.inbox.bucket import Inbox
    from credits_pipeline.credits.inbox.version import FileVersion
    from credits_pipeline.credits.state.journal import Journal

NOBODY = "a person in Dagster"


def rule() -> Decisions:
    """The decisions that hold where no person decided: the environment's defaults.

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
    """Whether nothing was verified for the month since it was decided, or since the withdrawal.

    Else a file that comes back, or goes, would bring an old withdrawal back with it.
    """
    if newest is not None and newest.withdrawn and newest.file_version == token:
        return True
    # A record of an earlier release does not say which receipt stood.
    return record.get("receipt") == ("" if newest is None else newest.run_id)


def without_file(journal: "Journal", month: BillingMonth, key: str) -> RawFile:
    """What stands for a month's file where there is none.

    Its version is told by the receipt that stands, so that each time the month is without a file
    is decided about by itself; a withdrawal without a file keeps the version that it was about.

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


def taken(
    context: dg.AssetExecutionContext, config: CreditsConfig, recorder: Recorder, raw: RawFile
) -> Decisions:
    """The decisions that a run goes by, after those of its config are written down.

    Raises:
        Refused: its config decides about no version or about another one, or it is an old run
            executed again, which decides nothing anew.
        SettingError: a default can't be used.
        StorageError: the storage can't be read or written.
    """
    journal, month, token = recorder.storage.journal(), raw.month, raw.version.token
    if not config.decided and not config.for_version:
        return in_force(journal, month, raw.version)
    if config.for_version != token:
        _refuse(recorder, raw, config, _about_another(config, token))
    if not config.decided:
        return in_force(journal, month, raw.version)
    before = context.run.root_run_id or context.run.parent_run_id
    if before is not None:
        return _decided_before(recorder, raw, config, before)
    newest = journal.receipt(month)
    journal.decide(
        month,
        token,
        run_id=context.run.run_id,
        who=_who(context, config),
        why=config.why or "",
        decided=config.decided,
        receipt="" if newest is None else newest.run_id,
    )
    return in_force(journal, month, raw.version)


def given_up(
    journal: "Journal", month: BillingMonth, version: "FileVersion", used: Decisions
) -> str:
    """Which of the decisions that credits were judged under do not hold any more, in words.

    Raises:
        SettingError: a default can't be used.
        StorageError: the storage can't be read.
    """
    now = in_force(journal, month, version)
    return deciding.spelled(
        {name: value for name, value in used.in_force.items() if getattr(now, name) != value}
    )


def _decided_before(
    recorder: Recorder, raw: RawFile, config: CreditsConfig, run_id: str
) -> Decisions:
    """The decisions in force, where they still are those of the run that is executed again."""
    journal, month, version = recorder.storage.journal(), raw.month, raw.version
    now = in_force(journal, month, version)
    known = any(record["run_id"] == run_id for record in journal.decided(month, version.token))
    if not known or now != now.amended(**config.decided):
        why = "does not hold any more" if known else "was never taken"
        _refuse(
            recorder,
            raw,
            config,
            f"This executes run {run_id} again, whose decision {why}. A run that is executed again "
            "decides nothing anew.",
        )
    return now


def _about_another(config: CreditsConfig, token: str) -> str:
    decided = deciding.spelled(config.decided) or "something"
    if not config.for_version:
        return (
            f"The run config decides {decided} and does not name the version that it is about "
            f"(for_version). The version now is {token}."
        )
    return (
        f"The run config decides {decided} about version {config.for_version}, and the version "
        f"now is {token}."
    )


def _refuse(recorder: Recorder, raw: RawFile, config: CreditsConfig, why: str) -> NoReturn:
    command = deciding.command(str(raw.month), config.decided)
    recorder = replace(recorder, to_send=False)
    recorder.refuse(
        recorder.new(
            Verdict.FAILED,
            file=raw.version.key,
            file_version=raw.version.token,
            reason=f"{why} The decision is refused, nothing was sent, and {raw.month} stands as "
            "it was.",
            what_to_do=f"{command} shows what a decision would be about, and asks.",
            permanent=True,
        )
    )


def _who(context: dg.AssetExecutionContext, config: CreditsConfig) -> str:
    """Who decides, as the config or Dagster knows."""
    tags = context.run.tags
    return config.who or tags.get("dagster/user") or tags.get("user") or NOBODY
