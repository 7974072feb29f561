"""The sensor of manifests: a run for each month of a source whose delivery changed.

Concept: https://docs.dagster.io/guides/automate/sensors. `credits_pipeline.finops.assets.looking`
decides what a check starts. A source that can't be listed stops no other; if there is nothing else
to do, the tick is red with its reason.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.assets.looking import Ask, Last, look, parse, spelled
from credits_pipeline.finops.assets.metadata import saying
from credits_pipeline.finops.assets.partitions import bills as bill_partitions
from credits_pipeline.finops.assets.partitions import key_of, months
from credits_pipeline.finops.assets.partitions import sources as source_partitions
from credits_pipeline.finops.assets.resource import BillsResource
from credits_pipeline.text import gated

if TYPE_CHECKING:
    from credits_pipeline.finops.sources import Source

NAME = "bill_manifests"


class ManifestsError(Exception):
    """Sources that could not be listed; the text names each."""


def manifests_sensor(job: Any, status: dg.DefaultSensorStatus, seconds: int) -> dg.SensorDefinition:
    """The sensor ``bill_manifests``.

    Args:
        job: what it starts.
        status: whether it runs from the start.
        seconds: between two checks.
    """

    @dg.sensor(
        job=job,
        name=NAME,
        minimum_interval_seconds=seconds,
        default_status=status,
        description="Reads the manifests of every source and starts a run for each month whose "
        "delivery changed. A month that failed for a temporary reason is read again after 15 "
        "minutes, 1 hour and 4 hours, then every 12 hours.",
    )
    @gated
    def bill_manifests(
        context: dg.SensorEvaluationContext, bills: BillsResource
    ) -> dg.SensorResult:
        from credits_pipeline.finops.publish.attempts import last_attempt  # noqa: PLC0415 - as it ticks

        configured = {source.name: source for source in bills.sources()}
        marks, failures = _marks(configured)
        depot = bills.depot()

        def last(source: str, month: BillingMonth) -> Last | None:
            attempt = last_attempt(depot, source, month)
            return None if attempt is None else Last(attempt.at, attempt.passes)

        found = look(parse(context.cursor), marks, last, datetime.now(UTC))
        if failures and not found.asks:
            raise ManifestsError(" ".join(failures))
        for failure in failures:
            saying(context.log.error)(failure)
        known = set(context.instance.get_dynamic_partitions(source_partitions.name or ""))
        new = sorted({ask.source for ask in found.asks} - known)
        return dg.SensorResult(
            run_requests=[_request(ask, configured[ask.source]) for ask in found.asks],
            dynamic_partitions_requests=[source_partitions.build_add_request(new)] if new else [],
            cursor=spelled(found.cursor),
            skip_reason=None if found.asks else _nothing(configured, marks),
        )

    return bill_manifests


def _marks(
    configured: Mapping[str, "Source"],
) -> tuple[dict[str, dict[BillingMonth, str]], list[str]]:
    """Each source's marks, and what could not be listed."""
    from credits_pipeline.finops.errors import BillError  # noqa: PLC0415 - as it ticks
    from credits_pipeline.finops.manifests import marks  # noqa: PLC0415 - as above

    found, failures = {}, []
    for name, source in configured.items():
        try:
            # One run of a month without a partition would make the whole tick fail.
            found[name] = {
                month: mark
                for month, mark in marks(source).items()
                if months.has_partition_key(month.partition_key)
            }
        except BillError as error:
            failures.append(f"{name}: {error}")
    return found, failures


def _request(ask: Ask, source: "Source") -> dg.RunRequest:
    key = key_of(ask.source, ask.month)
    # A source added in this tick has no partition yet when Dagster looks its key up.
    tags = {
        **bill_partitions.get_tags_for_partition_key(key),
        "finops/source": ask.source,
        "finops/month": str(ask.month),
    }
    if ask.again:
        tags["finops/because"] = f"its last run failed for a temporary reason; retry {ask.again}"
    return dg.RunRequest(
        run_key=ask.run_key(_identity(ask, source)),
        partition_key=key,
        tags=tags,
    )


def _identity(ask: Ask, source: "Source") -> str:
    """The manifest's identity; if it can't be read, the run will say why, once for each mark."""
    from credits_pipeline.finops.errors import BillError  # noqa: PLC0415 - as it ticks
    from credits_pipeline.finops.manifests import current  # noqa: PLC0415 - as above

    try:
        delivery = current(source, ask.month)
    except BillError:
        delivery = None
    return ask.mark if delivery is None else delivery.identity[:16]


def _nothing(
    configured: Mapping[str, "Source"], marks: Mapping[str, Mapping[BillingMonth, str]]
) -> str:
    if not configured:
        return "There is no source yet: credits-pipeline sources add …"
    months = sum(len(of) for of in marks.values())
    return f"{months} months of {len(marks)} sources, none of them new"
