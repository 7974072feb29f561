"""The asset of the governance group: which policies are broken by what, and its checks.

Concept: https://docs.dagster.io/guides/build/assets. It reads the published version, the newest
scan and a snapshot of the policies, and says which.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from credits_pipeline.finops.assets.bills import PUBLISHED
from credits_pipeline.finops.assets.metadata import plain, saying, table
from credits_pipeline.finops.assets.resource import BillsResource
from credits_pipeline.text import gated

if TYPE_CHECKING:
    from credits_pipeline.finops.governance.ledger import Record

GROUP = "governance"
VIOLATIONS = "violations"
JOB, SENSOR = "policies", "policies_due"
_TAGS = {"domain": "finops"}
_EVALUATED, _NONE_HIGH, _EVIDENCE = "policies_can_be_evaluated", "none_high", "evidence_is_there"


def governance_assets(owners: Sequence[str] = ()) -> list[dg.AssetsDefinition]:
    """The asset.

    Args:
        owners: e-mail addresses, and teams as ``team:name``.
    """
    return [
        dg.asset(
            name=VIOLATIONS,
            deps=[PUBLISHED],
            group_name=GROUP,
            owners=list(owners),
            tags=_TAGS,
            kinds={"duckdb"},
            description="What breaks which policy, since when and at what cost; what could not be "
            "looked at stays as it was. Rules run in a process that can do nothing else.",
        )(gated(_violations))
    ]


def governance_checks() -> list[dg.AssetChecksDefinition]:
    """Its checks."""
    return [_of_policies(), _of_high(), _of_evidence()]


def governance_job(executor: dg.ExecutorDefinition) -> Any:
    """The job that evaluates all policies."""
    return dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.assets(VIOLATIONS),
        description="Every resource held against every policy that is on.",
        executor_def=executor,
    )


def governance_sensor(
    job: Any, status: dg.DefaultSensorStatus, seconds: int
) -> dg.SensorDefinition:
    """The sensor ``policies_due``.

    Args:
        job: what it starts.
        status: whether it runs from the start.
        seconds: between two checks.
    """

    @dg.sensor(
        job=job,
        name=SENSOR,
        minimum_interval_seconds=seconds,
        default_status=status,
        description="Evaluates the policies when bills, a scan or a policy changed, and daily.",
    )
    @gated
    def policies_due(context: dg.SensorEvaluationContext, bills: BillsResource) -> dg.SensorResult:
        from credits_pipeline.finops.governance.due import due  # noqa: PLC0415 - as it ticks
        from credits_pipeline.finops.publish.published import current_version  # noqa: PLC0415

        published = current_version(bills.storage())
        if published is None:
            return dg.SensorResult(skip_reason="Nothing is published yet")
        key = due(bills.depot(), published, _digest(), datetime.now(UTC))
        context.log.debug("due for %s", key)
        return dg.SensorResult(
            run_requests=[] if key is None else [dg.RunRequest(run_key=key)],
            skip_reason=None if key else "They are up to date with bills, scans and policies",
        )

    return policies_due


def _digest() -> str:
    """The digest of the policies that people wrote."""
    from credits_pipeline.finops.governance.opening import digest  # noqa: PLC0415 - as it ticks

    return digest()


def _violations(
    context: dg.AssetExecutionContext, bills: BillsResource
) -> dg.MaterializeResult[None]:
    from credits_pipeline.finops.governance import governing  # noqa: PLC0415 - loads DuckDB
    from credits_pipeline.finops.governance.opening import decided  # noqa: PLC0415 - as above
    from credits_pipeline.finops.publish.published import open_current  # noqa: PLC0415 - as above

    published = open_current(bills.storage())
    if published is None:
        raise dg.Failure(
            f"Nothing is published yet. What to do: materialise {PUBLISHED} first.",
            allow_retries=False,
        )
    found = decided()
    record, outcomes = governing.run(
        bills.depot(),
        published,
        found.policies.enabled,
        bills.tags(),
        unreadable=found.policies.broken,
        digest=found.digest,
        run_id=context.run.run_id,
        say=saying(context.log.info),
    )
    for outcome in outcomes:
        if outcome.error:
            saying(context.log.warning)(f"{outcome.policy.id}: {outcome.error}")
    rows = [
        (id_, each.broken, each.clean, each.not_known,
         " and ".join(f"{cost} {currency}" for currency, cost in each.cost.items()))
        for id_, each in record.tallies.items()
    ]  # fmt: skip
    return dg.MaterializeResult(
        metadata={
            "version": record.published,
            "scan": record.scanned or "none yet",
            "decisions": record.policies,
            "resources": record.resources,
            "broken": sum(each.broken for each in record.tallies.values()),
            "high": len(record.high),
            "policies": table(("policy", "broken", "clean", "not known", "cost a month"), rows),
        },
        data_version=dg.DataVersion(record.version),
    )


def _of_policies() -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=VIOLATIONS,
        name=_EVALUATED,
        description="Every policy that is on can be read and was evaluated within its limits.",
    )
    @gated
    def policies_can_be_evaluated(bills: BillsResource) -> dg.AssetCheckResult:
        from credits_pipeline.finops.governance.opening import decided  # noqa: PLC0415 - when used

        record = _record(bills)
        wrong = {id_: each.error for id_, each in record.tallies.items() if each.error}
        wrong.update(decided().policies.broken)
        return dg.AssetCheckResult(
            passed=not wrong,
            description=plain(
                " ".join(f"{id_}: {error}" for id_, error in sorted(wrong.items()))
                or f"All {len(record.tallies)} were."
            ),
        )

    return policies_can_be_evaluated


def _of_high() -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=VIOLATIONS,
        name=_NONE_HIGH,
        description=(
            "No violation of high severity is open; what an approver accepted does not count."
        ),
    )
    @gated
    def none_high(bills: BillsResource) -> dg.AssetCheckResult:
        from credits_pipeline.finops.governance.alerting import of_violations  # noqa: PLC0415
        from credits_pipeline.finops.governance.opening import decided  # noqa: PLC0415

        record = _record(bills)
        notes = of_violations(record.high, decided().said, datetime.now(UTC), "")
        return dg.AssetCheckResult(
            passed=not notes.wrong,
            severity=dg.AssetCheckSeverity.WARN,
            description=plain(
                " ".join(f"{note.about}: {note.state}." for note in notes.wrong) or "Nothing is."
            ),
        )

    return none_high


def _of_evidence() -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=VIOLATIONS,
        name=_EVIDENCE,
        description="Of every resource that a policy is about something can be said.",
    )
    @gated
    def evidence_is_there(bills: BillsResource) -> dg.AssetCheckResult:
        record = _record(bills)
        lacking = {id_: each.not_known for id_, each in record.tallies.items() if each.not_known}
        told = ", ".join(f"{id_} of {number:,}" for id_, number in sorted(lacking.items()))
        missed = f" {len(record.missed)} parts of scans are not known." if record.missed else ""
        return dg.AssetCheckResult(
            passed=not lacking,
            severity=dg.AssetCheckSeverity.WARN,
            description=plain((f"Not known: {told}." if told else "All is known.") + missed),
            metadata={"not known": sum(lacking.values())},
        )

    return evidence_is_there


def _record(bills: BillsResource) -> "Record":
    from credits_pipeline.finops.governance.ledger import Ledger  # noqa: PLC0415 - when used

    record = Ledger(bills.depot()).current()
    if record is None:
        raise dg.Failure(
            f"No policy has been evaluated yet. What to do: materialise {VIOLATIONS}.",
            allow_retries=False,
        )
    return record
