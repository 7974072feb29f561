"""What a run's config decides: refused for a version other than the one that the person saw.

See ADR 11. What is accepted is stored with who decided and why.
"""

from dataclasses import replace
from typing import NoReturn

import dagster as dg

from credits_pipeline.credits.assets.attempts import Recorder
from credits_pipeline.credits.assets.config import CreditsConfig
from credits_pipeline.credits.delivery.artifacts import RawFile
from credits_pipeline.credits.delivery.decisions import in_force
from credits_pipeline.credits.model.decisions import Decisions
from credits_pipeline.credits.state.announcement import UPLOAD, arrived
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline.reporting import deciding

NOBODY = "a person in Dagster"


def taken(
    context: dg.AssetExecutionContext, config: CreditsConfig, recorder: Recorder, raw: RawFile
) -> Decisions:
    """The decisions that a run follows, after those of its config are stored.

    Raises:
        Refused: its config decides about no version or about another one, or it re-executes an old
            run, which decides nothing new.
        SettingError: a default can't be used.
        StorageError: the storage can't be read or written.
    """
    journal, month, token = recorder.storage.journal(), raw.month, raw.version.token
    upload = raw.version.metadata.get(UPLOAD)
    if upload:
        arrived(recorder.storage.store(), month, upload, digest=raw.digest, version=token)
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


def _decided_before(
    recorder: Recorder, raw: RawFile, config: CreditsConfig, run_id: str
) -> Decisions:
    """The decisions in force, if they are still those of the re-executed run."""
    journal, month, version = recorder.storage.journal(), raw.month, raw.version
    now = in_force(journal, month, version)
    known = any(record["run_id"] == run_id for record in journal.decided(month, version.token))
    if not known or now != now.amended(**config.decided):
        why = "no longer applies" if known else "was never taken"
        _refuse(
            recorder,
            raw,
            config,
            f"This executes run {run_id} again, whose decision {why}. A run that is executed again "
            "decides nothing new.",
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
            reason=f"{why} The decision is refused, nothing was sent, and {raw.month} is "
            "unchanged.",
            what_to_do=f"{command} shows what a decision would be about, and asks.",
            permanent=True,
        )
    )


def _who(context: dg.AssetExecutionContext, config: CreditsConfig) -> str:
    """Who decides, according to the config or Dagster."""
    tags = context.run.tags
    return config.who or tags.get("dagster/user") or tags.get("user") or NOBODY
