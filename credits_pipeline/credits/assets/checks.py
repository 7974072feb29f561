"""The asset checks: the run report, one statement each, with numbers.

Concept: https://docs.dagster.io/guides/test/asset-checks. They show what the guards in the assets
act on; they stop nothing that the code would let pass (design decision 3).
"""

import logging
import warnings
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

import dagster as dg

from credits_pipeline.credits.assets import showing
from credits_pipeline.credits.assets.attempts import (
    Recorder,
    blocked,
    blocked_for_accounts,
    told,
)
from credits_pipeline.credits.assets.ends import Refused
from credits_pipeline.credits.assets.io_manager import load
from credits_pipeline.credits.assets.names import Names
from credits_pipeline.credits.assets.partitions import has_month, month_of
from credits_pipeline.credits.assets.resources import CloudZeroResource, StorageResource
from credits_pipeline.credits.assets.results import check_result, of_rows
from credits_pipeline.credits.assets.wings import bill_of_aws
from credits_pipeline.credits.delivery import figures, policies
from credits_pipeline.credits.delivery.artifacts import MonthCredits, MonthPayload
from credits_pipeline.credits.delivery.billed_cost import NOT_ON_THE_BILL, seen_of
from credits_pipeline.credits.delivery.confirmation import (
    drop_statement,
    still_held_if_asked,
)
from credits_pipeline.credits.delivery.preview import CHANGES, KNOWN, VALID, preview
from credits_pipeline.credits.model.names import CREDITS, DROP, PAYLOAD
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline.credits.state.finding import STILL_HELD, VISIBLE
from credits_pipeline.reporting import tables
from credits_pipeline.text import Outside

#: Statements about `credits`, and what each means to a finance person.
OF_CREDITS = {
    "layout_is_known": "Which shape of file it is, and how its text was read.",
    "table_is_not_empty": "There is at least one account to send.",
    "nothing_rejected": "Every row of the file could be read. If not, nothing is sent until the "
    "file is corrected or a person accepts what is missing.",
    "no_duplicate_accounts": "Every account has one row. If not, the first row counts and the "
    "others are listed with their dollars.",
    "ledger_closes": "Every record and every dollar of the file is accounted for, exactly.",
    "signs_agree": "All amounts have the sign that means credit. If they have both, nothing is "
    "sent until a person says how to read them.",
    "totals_match_source": "Totals that the file or its metadata state equal what was read.",
    "account_ids_are_whole": "No account id had lost its leading zeros.",
    "amounts_are_not_all_zero": "At least one account is owed something.",
    "month_is_plausible": "Total and number of accounts are like those of the months before. It "
    "only warns; a change that is too large is held before it is sent.",
}
#: What the steps that evaluate several statements are called, in a run and in its config.
CREDITS_STEP = "check_the_credits"
ASK_STEP = "ask_cloudzero_before_the_drop"
LATER_STEP = "look_at_the_drop_again"
#: Those that at most warn; the UI calls the others blocking.
_ONLY_WARN = {
    "layout_is_known",
    "account_ids_are_whole",
    "amounts_are_not_all_zero",
    "month_is_plausible",
}
#: Statements about `cbf_payload` that only CloudZero can make.
OF_PAYLOAD = {
    VALID: "CloudZero, asked to validate the rows before anything is sent, would accept them.",
    KNOWN: "CloudZero knows every account of the payload. Accounts that it does not know are left "
    "out with a warning; too many of them mean that the list is wrong, and stop the month.",
    CHANGES: (
        "What the month changes against what CloudZero holds for it now. It never stops a month, "
        "and warns if the drop will be held for approval."
    ),
}
#: Statements about `cloudzero_drop` that may change with time; separate jobs check all months.
OF_DROP_LATER = {
    STILL_HELD: (
        "CloudZero still holds exactly what the month's receipt says. Checked once a day for 90 "
        "days, and a quarter of an hour after a request without an answer."
    ),
    VISIBLE: "CloudZero's billed cost shows the credits, account by account, to the cent. It takes "
    "up to a day after the drop.",
    NOT_ON_THE_BILL: (
        "AWS's own bill has no credit for the same month and accounts; if it has, the credits "
        "may count twice."
    ),
}


def later_checks(names: Names) -> dg.AssetSelection:
    """The checks that are not part of a month's own run."""
    keys = [dg.AssetCheckKey(names.asset(DROP), name) for name in OF_DROP_LATER]
    return dg.AssetSelection.checks(*keys)


def credits_checks(
    partitions: dg.PartitionsDefinition[str], names: Names
) -> list[dg.AssetChecksDefinition]:
    """All checks, each per month."""
    with warnings.catch_warnings():
        # Partitions of checks are in preview in the pinned release; the tests cover them.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return [
            *_of_credits(partitions, names),
            *_of_payload(partitions, names),
            *_of_drop(partitions, names),
        ]


def _of_credits(
    partitions: dg.PartitionsDefinition[str], names: Names
) -> list[dg.AssetChecksDefinition]:
    asset = names.asset(CREDITS)

    specs = [
        dg.AssetCheckSpec(
            name,
            asset=asset,
            description=description,
            blocking=name not in _ONLY_WARN,
            partitions_def=partitions,
        )
        for name, description in OF_CREDITS.items()
    ]

    @dg.multi_asset_check(name=names.op(CREDITS_STEP), specs=specs, can_subset=True)
    @names.bound
    def check_the_credits(
        context: dg.AssetCheckExecutionContext, storage: StorageResource
    ) -> Iterator[dg.AssetCheckResult]:
        if not has_month(context):
            return
        found = _read(context, storage)
        selected = {key.name for key in context.selected_asset_check_keys}
        concerned = figures.rows_concerned(found)
        plausible = policies.plausible_statement(storage.journal(), found)
        for statement in (*found.statements, plausible):
            if statement.name in selected:
                rows = concerned.get(statement.name)
                more = {"rows": of_rows(rows)} if rows else {}
                yield check_result(asset, statement, **more)
        _stop_at(found, selected, Recorder.of(context, storage, found.month))

    return [check_the_credits]


def _read(context: dg.AssetCheckExecutionContext, storage: StorageResource) -> MonthCredits:
    """The credits that the checks of a run are about: its own, or those now stored."""
    _, found = load(storage, CREDITS, month_of(context), run_id=context.run.run_id)
    assert isinstance(found, MonthCredits)  # noqa: S101 - the archive keeps one type per noun
    return found


def _made(
    context: dg.AssetCheckExecutionContext, storage: StorageResource
) -> tuple[MonthCredits, MonthPayload]:
    """The credits and the payload that was made of them."""
    _, made = load(storage, PAYLOAD, month_of(context), run_id=context.run.run_id)
    assert isinstance(made, MonthPayload)  # noqa: S101 - as above
    return _read(context, storage), made


def _stop_at(found: MonthCredits, selected: AbstractSet[str], recorder: Recorder) -> None:
    """End the step with the reason, where Dagster would give only a check's name.

    Raises:
        Refused: a selected blocking statement did not pass.
    """
    stops = [s for s in found.statements if s.name in selected and s.blocking and not s.passed]
    if stops:
        attempt = recorder.new(Verdict.BLOCKED, **figures.attempt_fields(found))
        raise Refused(Outside(told(blocked(attempt, stops, found.offers))))


def _of_payload(
    partitions: dg.PartitionsDefinition[str], names: Names
) -> list[dg.AssetChecksDefinition]:
    asset = names.asset(PAYLOAD)

    @dg.multi_asset_check(
        name=f"{names.op(PAYLOAD)}_payload_equals_credits",
        specs=[
            dg.AssetCheckSpec(
                "payload_equals_credits",
                asset=asset,
                blocking=True,
                partitions_def=partitions,
                description="The rows for CloudZero carry exactly the accounts and dollars of the "
                "credits.",
            )
        ],
        can_subset=True,
    )
    @names.bound
    def payload_equals_credits(
        context: dg.AssetCheckExecutionContext, storage: StorageResource
    ) -> Iterator[dg.AssetCheckResult]:
        if not has_month(context):
            return
        found, made = _made(context, storage)
        yield check_result(asset, policies.payload_statement(found, made))

    @dg.multi_asset_check(
        name=names.op(ASK_STEP),
        specs=[
            dg.AssetCheckSpec(
                name,
                asset=asset,
                description=description,
                blocking=name != CHANGES,
                partitions_def=partitions,
            )
            for name, description in OF_PAYLOAD.items()
        ],
        can_subset=True,
    )
    @names.bound
    def ask_cloudzero_before(
        context: dg.AssetCheckExecutionContext,
        storage: StorageResource,
        cloudzero: CloudZeroResource,
    ) -> Iterator[dg.AssetCheckResult]:
        if not has_month(context):
            return
        month, (found, made) = month_of(context), _made(context, storage)
        told = preview(
            found,
            made,
            storage=storage,
            cloudzero=cloudzero,
            instance=context.instance,
            say=showing.saying(context.log, logging.INFO),
        )
        selected = {key.name for key in context.selected_asset_check_keys}
        stops = [
            one
            for one in (told.known, told.valid)
            if one.name in selected and one.blocking and not one.passed
        ]
        if stops:
            # Run on its own, the check does not change the month's state.
            recorder = Recorder.of(context, storage, month)
            attempt = blocked(recorder.new(Verdict.BLOCKED, **figures.attempt_fields(found)), stops)
            rows = figures.row_lists(found)
            if stops == [told.known]:
                attempt = blocked_for_accounts(attempt, told.unknown)
                rows["unknown"] = told.unknown
            recorder.show(recorder.close(attempt, rows=rows), rows)
        errors = showing.md(tables.bullets(told.errors))
        for statement, name, more in (
            (told.changes, "largest_changes", of_rows(told.largest)),
            (told.known, "unknown", of_rows(told.unknown)),
            (told.valid, "cloudzero_says", errors),
        ):
            if statement.name in selected:
                yield check_result(asset, statement, **{name: more})

    return [payload_equals_credits, ask_cloudzero_before]


def _of_drop(
    partitions: dg.PartitionsDefinition[str], names: Names
) -> list[dg.AssetChecksDefinition]:
    asset = names.asset(DROP)

    @dg.multi_asset_check(
        name=f"{names.op(DROP)}_drop_equals_payload",
        specs=[
            dg.AssetCheckSpec(
                "drop_equals_payload",
                asset=asset,
                partitions_def=partitions,
                description="CloudZero, asked again, holds exactly the rows that were sent.",
            )
        ],
        can_subset=True,
    )
    @names.bound
    def drop_equals_payload(
        context: dg.AssetCheckExecutionContext,
        storage: StorageResource,
        cloudzero: CloudZeroResource,
    ) -> Iterator[dg.AssetCheckResult]:
        if not has_month(context):
            return
        statement = drop_statement(
            month_of(context),
            context.run.run_id,
            storage=storage,
            cloudzero=cloudzero,
            instance=context.instance,
            say=showing.saying(context.log, logging.INFO),
        )
        yield check_result(asset, statement)

    @dg.multi_asset_check(
        name=names.op(LATER_STEP),
        specs=[
            dg.AssetCheckSpec(name, asset=asset, description=description, partitions_def=partitions)
            for name, description in OF_DROP_LATER.items()
        ],
        can_subset=True,
    )
    @names.bound
    def look_at_the_drop_again(
        context: dg.AssetCheckExecutionContext,
        storage: StorageResource,
        cloudzero: CloudZeroResource,
    ) -> Iterator[dg.AssetCheckResult]:
        if not has_month(context):
            return
        month, run_id = month_of(context), context.run.run_id
        selected = {key.name for key in context.selected_asset_check_keys}
        if STILL_HELD in selected:
            statement = still_held_if_asked(
                month,
                run_id=run_id,
                storage=storage,
                cloudzero=cloudzero,
                instance=context.instance,
                say=showing.saying(context.log, logging.INFO),
            )
            yield check_result(asset, statement)
        for name in (VISIBLE, NOT_ON_THE_BILL):
            if name in selected:
                seen = seen_of(
                    name,
                    month,
                    run_id=run_id,
                    storage=storage,
                    cloudzero=cloudzero,
                    bill_of=bill_of_aws,
                )
                yield check_result(asset, seen.statement, accounts=of_rows(seen.accounts))

    return [drop_equals_payload, look_at_the_drop_again]
