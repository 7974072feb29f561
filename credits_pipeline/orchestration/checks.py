"""The asset checks: the run report, one statement each, with numbers.

Concept: https://docs.dagster.io/guides/test/asset-checks. They show what the guards in the assets
act on; they stop nothing by themselves that the code would let pass (design decision 3).
"""

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from credits_pipeline.orchestration import guards, metadata
from credits_pipeline.orchestration.attempts import Recorder, blocked
from credits_pipeline.orchestration.confirming import drop_statement
from credits_pipeline.orchestration.io_manager import load
from credits_pipeline.orchestration.partitions import month_of
from credits_pipeline.orchestration.previewing import CHANGES, VALID, preview
from credits_pipeline.orchestration.resources import CloudZeroResource, StorageResource
from credits_pipeline.orchestration.stored import MonthCredits, MonthPayload
from credits_pipeline.reporting import tables
from credits_pipeline.reporting.attempt import Verdict

if TYPE_CHECKING:
    from credits_pipeline.credits.judgement import Statement

#: Statements about `credits`, and what each says to a finance person.
OF_CREDITS = {
    "layout_is_known": "Which shape of file it is, and how its text was read.",
    "table_is_not_empty": "There is at least one account to send.",
    "nothing_rejected": "Every row of the file could be read. If not, nothing is sent until the "
    "file is corrected or a person accepts what is missing.",
    "no_duplicate_accounts": "Every account has one row. If not, the first row counts and the "
    "others are listed with their dollars.",
    "ledger_closes": "Every record and every dollar of the file is accounted for, exactly.",
    "signs_agree": "All amounts have the sign that means credit. If they have both, nothing is "
    "sent until a person says how to take them.",
    "totals_match_source": "Totals that the file or its metadata state equal what was read.",
    "account_ids_are_whole": "No account id had lost its leading zeros.",
    "amounts_are_not_all_zero": "At least one account is owed something.",
}
#: Statements about `cbf_payload` that only CloudZero can make.
OF_PAYLOAD = {
    VALID: "CloudZero, asked to validate the rows before anything is sent, would take them.",
    CHANGES: "What the month changes against what CloudZero holds for it now. It stops nothing, "
    "and warns where the drop will be held for a person to look at.",
}


def credits_checks(
    partitions: dg.PartitionsDefinition[str],
) -> list[dg.AssetChecksDefinition]:
    """All checks, each per month."""
    with warnings.catch_warnings():
        # A check's partitions are in preview in the release that is pinned; the tests hold them.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return _build(partitions)


def _build(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetChecksDefinition]:
    specs = [
        dg.AssetCheckSpec(
            name,
            asset="credits",
            description=description,
            blocking=True,
            partitions_def=partitions,
        )
        for name, description in OF_CREDITS.items()
    ]

    @dg.multi_asset_check(name="credits_statements", specs=specs, can_subset=True)
    def credits_statements(
        context: dg.AssetCheckExecutionContext, storage: StorageResource
    ) -> Iterator[dg.AssetCheckResult]:
        _, found = load(storage, "credits", month_of(context), run_id=context.run.run_id)
        assert isinstance(found, MonthCredits)  # noqa: S101 - the archive keeps one type per noun
        selected = {key.name for key in context.selected_asset_check_keys}
        for statement in found.statements:
            if statement.name in selected:
                yield _result("credits", statement)

    @dg.asset_check(
        asset="cbf_payload",
        blocking=True,
        partitions_def=partitions,
        description="The rows for CloudZero carry exactly the accounts and dollars of the credits.",
    )
    def payload_equals_credits(
        context: dg.AssetCheckExecutionContext, storage: StorageResource
    ) -> dg.AssetCheckResult:
        month, run_id = month_of(context), context.run.run_id
        _, found = load(storage, "credits", month, run_id=run_id)
        _, made = load(storage, "cbf_payload", month, run_id=run_id)
        assert isinstance(found, MonthCredits)  # noqa: S101 - as above
        assert isinstance(made, MonthPayload)  # noqa: S101 - as above
        return _result("cbf_payload", guards.payload_statement(found, made))

    @dg.multi_asset_check(
        name="asked_of_cloudzero",
        specs=[
            dg.AssetCheckSpec(
                name,
                asset="cbf_payload",
                description=description,
                blocking=name == VALID,
                partitions_def=partitions,
            )
            for name, description in OF_PAYLOAD.items()
        ],
        can_subset=True,
    )
    def asked_of_cloudzero(
        context: dg.AssetCheckExecutionContext,
        storage: StorageResource,
        cloudzero: CloudZeroResource,
    ) -> Iterator[dg.AssetCheckResult]:
        month, run_id = month_of(context), context.run.run_id
        _, found = load(storage, "credits", month, run_id=run_id)
        _, made = load(storage, "cbf_payload", month, run_id=run_id)
        assert isinstance(found, MonthCredits)  # noqa: S101 - as above
        assert isinstance(made, MonthPayload)  # noqa: S101 - as above
        told = preview(
            found,
            made,
            last_verified_usd=guards.last_verified_usd(storage.journal(), month),
            cloudzero=cloudzero,
            instance=context.instance,
            say=context.log.info,
        )
        selected = {key.name for key in context.selected_asset_check_keys}
        if CHANGES in selected:
            largest = dg.MetadataValue.md(tables.of_rows(told.largest, at_most=10))
            yield _result("cbf_payload", told.changes, largest_changes=largest)
        if VALID in selected:
            if told.valid.blocks and not told.valid.holds:
                recorder = Recorder(storage, run_id, month)
                attempt = recorder.new(Verdict.BLOCKED, **metadata.attempt_fields(found))
                recorder.close(blocked(attempt, [told.valid]))
            errors = dg.MetadataValue.md("\n".join(f"- {tables.escaped(e)}" for e in told.errors))
            yield _result("cbf_payload", told.valid, cloudzero_says=errors)

    @dg.asset_check(
        asset="cloudzero_drop",
        partitions_def=partitions,
        description="CloudZero, asked again, holds exactly the rows that were sent.",
    )
    def drop_equals_payload(
        context: dg.AssetCheckExecutionContext,
        storage: StorageResource,
        cloudzero: CloudZeroResource,
    ) -> dg.AssetCheckResult:
        statement = drop_statement(
            month_of(context),
            context.run.run_id,
            storage=storage,
            cloudzero=cloudzero,
            instance=context.instance,
            say=context.log.info,
        )
        return _result("cloudzero_drop", statement)

    return [
        credits_statements,
        payload_equals_credits,
        asked_of_cloudzero,
        drop_equals_payload,
    ]


def _result(asset: str, statement: "Statement", **more: dg.MetadataValue) -> dg.AssetCheckResult:
    """A statement as Dagster shows it: what blocks is an error, the rest a warning."""
    severity = dg.AssetCheckSeverity.ERROR if statement.blocks else dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=statement.name,
        passed=statement.holds,
        severity=severity,
        description=statement.says,
        metadata={**statement.numbers, **more},
    )
