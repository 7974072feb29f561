"""The four assets: from the file in S3 to the drop in CloudZero.

Concept: https://docs.dagster.io/guides/build/assets. Each body is a few calls of the pure rooms;
what stops a month is a value that the next step tests, not a check (design decision 3). The UI
shows each asset's description.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

import dagster as dg

from credits_pipeline.core import settings
from credits_pipeline.core.statement import blocking
from credits_pipeline.credits.assets import decisions, metadata
from credits_pipeline.credits.assets.attempts import Recorder, blocked, refuse_blocked
from credits_pipeline.credits.assets.config import CreditsConfig, DropConfig, asks_to_clear
from credits_pipeline.credits.assets.drop import drop_month
from credits_pipeline.credits.assets.names import Names
from credits_pipeline.credits.assets.partitions import month_of
from credits_pipeline.credits.assets.resources import (
    CloudZeroResource,
    InboxResource,
    StorageResource,
)
from credits_pipeline.credits.delivery import decisions as standing
from credits_pipeline.credits.delivery import figures, policies
from credits_pipeline.credits.delivery.artifacts import (
    MonthCredits,
    MonthPayload,
    RawFile,
    convention,
)
from credits_pipeline.credits.model.names import CREDITS, DROP, INBOX, PAYLOAD, RAW
from credits_pipeline.credits.state.attempt import Verdict

#: So that the UI's search finds them among the assets of other code locations.
TAGS = {"domain": "finops", "cloud": "aws"}
_ONLY = Names()


def credits_assets(
    partitions: dg.PartitionsDefinition[str], owners: Sequence[str] = (), names: Names = _ONLY
) -> Sequence[dg.AssetsDefinition]:
    """The four assets over the given months.

    Args:
        partitions: the billing months.
        owners: e-mail addresses, and teams as ``team:name``.
        names: of the stream.
    """
    common: dict[str, Any] = {
        "partitions_def": partitions,
        "io_manager_key": names.resource("io_manager"),
        **_common(owners, names),
    }
    return [
        dg.asset(
            **common,
            key=names.asset(RAW),
            deps=[names.asset(INBOX)],
            kinds={"s3", "csv"},
            description="The credits file exactly as it was in S3 when the run began: the version "
            "that S3 calls current, byte for byte.",
        )(names.bound(_raw_credits_csv)),
        dg.asset(
            **common,
            key=names.asset(CREDITS),
            ins={RAW: dg.AssetIn(names.asset(RAW))},
            kinds={"polars", "pandera", "parquet"},
            description="One row per AWS account that is owed credits in the month, in exact "
            "dollars. What could not be read, was repeated or was left out is listed, never lost.",
        )(names.bound(_credits)),
        dg.asset(
            **common,
            key=names.asset(PAYLOAD),
            ins={CREDITS: dg.AssetIn(names.asset(CREDITS))},
            kinds={"polars", "parquet"},
            description="The same credits as rows of CloudZero's Common Bill Format: one line item "
            "of type Credit per account, with the amount negated.",
        )(names.bound(_cbf_payload)),
        dg.asset(
            **common,
            key=names.asset(DROP),
            ins={PAYLOAD: dg.AssetIn(names.asset(PAYLOAD))},
            output_required=False,
            # Where an instance gives it a limit, runs wait for the stream in Dagster's queue, where
            # they are seen, and not at the lock, which holds in any case (ADR 39).
            pool=names.called("credits_stream"),
            kinds={"cloudzero"},
            description="The month as CloudZero's AnyCost Stream holds it, read back and compared "
            "row by row. There is a materialisation only if CloudZero holds exactly this.",
        )(names.bound(_cloudzero_drop)),
    ]


def _common(owners: Sequence[str], names: Names) -> dict[str, Any]:
    """The attributes by which the UI finds every asset."""
    return {"group_name": names.group, "owners": list(owners), "tags": TAGS}


def inbox_asset(owners: Sequence[str] = (), names: Names = _ONLY) -> dg.AssetSpec:
    """The inbox for people: files that start no run are listed there with the reason."""
    return dg.AssetSpec(
        names.asset(INBOX),
        **_common(owners, names),
        kinds={"s3"},
        description="The place that credits files are uploaded to, named credits-YYYY-MM.csv. "
        "Objects that are not credits files, and months that were found but not sent, are listed "
        "in its latest observation with the reason and what to do.",
    )


def _raw_credits_csv(
    context: dg.AssetExecutionContext, inbox: InboxResource, storage: StorageResource
) -> dg.MaterializeResult[RawFile]:
    month = month_of(context)
    recorder = Recorder.of(context, storage, month)
    with recorder.watching():
        box = inbox.open()
        key = box.key(month)
        found = box.read_current(key, at_most=settings.MAX_BYTES.read(settings.at_least(1)))
        if found is not None:
            raw = RawFile(month, *found)
        else:
            journal = storage.journal()
            raw = standing.without_file(journal, month, key)
            withdrawn = standing.in_force(journal, month, raw.version).clear_month
            if not (asks_to_clear(context) or withdrawn):
                # If nothing is known about the month, nobody has to act: a backfill over months
                # without a file leaves red runs, and no months that wait for a person.
                known = journal.last(month) is not None or journal.receipt(month) is not None
                replace(recorder, to_send=recorder.to_send and known).refuse(
                    recorder.new(
                        Verdict.FAILED,
                        file=key,
                        reason=f"There is no {box.uri(key)}.",
                        what_to_do=f"Upload the credits of {month} under that name; the month in "
                        "CloudZero is unchanged.",
                        permanent=True,
                    )
                )
        return dg.MaterializeResult(
            value=raw,
            metadata=metadata.of_raw(raw, box.uri(key)),
            data_version=dg.DataVersion(raw.version.token),
        )


def _credits(
    context: dg.AssetExecutionContext,
    config: CreditsConfig,
    raw_credits_csv: RawFile,
    storage: StorageResource,
) -> dg.MaterializeResult[MonthCredits]:
    from credits_pipeline.credits.reading import (  # noqa: PLC0415 - loads polars
        Controls,
        Limits,
        UnreadableFile,
        read_month,
    )
    from credits_pipeline.credits.reading.profiles.profile import (  # noqa: PLC0415 - loads polars
        ProfileError,
    )

    month, version = raw_credits_csv.month, raw_credits_csv.version
    recorder = Recorder.of(context, storage, month)
    about = {"file": version.key, "file_version": version.token}
    with recorder.watching(**about):
        journal = storage.journal()
        decided = decisions.taken(context, config, recorder, raw_credits_csv)
        if decided.clear_month:
            # A fault in the file must not stop its withdrawal.
            nothing = MonthCredits.nothing(month, version, decided)
            return dg.MaterializeResult(
                value=nothing,
                metadata=metadata.of_credits(nothing),
                data_version=dg.DataVersion(nothing.digest),
            )
        try:
            reading = read_month(
                raw_credits_csv.data,
                month,
                decisions=decided,
                controls=Controls(
                    total=version.metadata.get("credits-total"),
                    rows=version.metadata.get("credits-rows"),
                ),
                limits=Limits(
                    max_bytes=settings.MAX_BYTES.read(settings.at_least(1)),
                    max_records=settings.MAX_RECORDS.read(settings.at_least(1)),
                ),
                name=version.key,
                profiles=storage.profiles(),
            )
        except (UnreadableFile, ProfileError) as refusal:
            recorder.refuse(
                recorder.new(
                    Verdict.BLOCKED,
                    **about,
                    decisions=asdict(decided),
                    decided=journal.decided(month, version.token),
                    reason=str(refusal),
                    what_to_do="Nothing was sent; the month in CloudZero is unchanged. "
                    "Upload a corrected file.",
                    permanent=True,
                )
            )
        last = journal.last_verified_before(month)
        found = MonthCredits(
            version, reading, decided, None if last is None else convention(last.sign_convention)
        )
        stops = blocking(found.statements)
        if stops:
            rows = figures.row_lists(found)
            stored = recorder.close(
                blocked(
                    recorder.new(Verdict.BLOCKED, **figures.attempt_fields(found)),
                    stops,
                    found.offers,
                ),
                rows=rows,
            )
            recorder.show(stored, rows)
        return dg.MaterializeResult(
            value=found,
            metadata=metadata.of_credits(found),
            data_version=dg.DataVersion(found.digest),
        )


def _cbf_payload(
    context: dg.AssetExecutionContext,
    credits: MonthCredits,
    storage: StorageResource,
) -> dg.MaterializeResult[MonthPayload]:
    from credits_pipeline.credits.cloudzero.cbf import cbf_rows  # noqa: PLC0415 - loads polars
    from credits_pipeline.credits.cloudzero.payload import Payload  # noqa: PLC0415 - as above

    recorder = Recorder.of(context, storage, credits.month)
    with recorder.watching(**figures.attempt_fields(credits)):
        refuse_blocked(recorder, credits)
        rows = cbf_rows(credits.reading.rows, credits.month, policies.cbf_settings())
        made = MonthPayload(credits.version, Payload(credits.month, rows), credits.digest)
        return dg.MaterializeResult(
            value=made,
            metadata=metadata.of_payload(made),
            data_version=dg.DataVersion(made.digest),
        )


def _cloudzero_drop(
    context: dg.AssetExecutionContext,
    config: DropConfig,
    cbf_payload: MonthPayload,
    inbox: InboxResource,
    storage: StorageResource,
    cloudzero: CloudZeroResource,
) -> Iterator[dg.MaterializeResult[Any]]:
    receipt = drop_month(
        context, config, cbf_payload, inbox=inbox, storage=storage, cloudzero=cloudzero
    )
    if receipt is not None:
        yield receipt
