"""The assets of the chargeback group: a month's statements, and the documents of closed ones.

Concept: https://docs.dagster.io/guides/build/assets. The pure room computes the statements; the
check asks the Spend page's query and the invoices once more, and stops what depends on it.
"""

import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.assets.bills import PUBLISHED
from credits_pipeline.finops.assets.metadata import plain, saying, table
from credits_pipeline.finops.assets.partitions import months
from credits_pipeline.finops.assets.resource import BillsResource
from credits_pipeline.text import gated

if TYPE_CHECKING:
    from credits_pipeline.finops.chargeback.opening import Office
    from credits_pipeline.finops.publish.published import Published

GROUP = "chargeback"
ALLOCATION, STATEMENTS = "allocation", "statements"
CHECK = "owners_and_unallocated_are_the_spend"
JOB, SENSOR = "chargeback_month", "chargeback_months"
_TAGS = {"domain": "finops"}
#: Older months are stated again only by hand.
_LOOKED_AT = 14
_SHOWN = 50


class StatementsConfig(dg.Config):
    """What a run is asked for besides the documents of closed months."""

    models: list[str] = Field(
        default=[],
        description="The allocation models whose documents are made even if the month is open.",
    )


def chargeback_assets(owners: Sequence[str] = ()) -> list[dg.AssetsDefinition]:
    """The assets.

    Args:
        owners: e-mail addresses, and teams as ``team:name``.
    """
    common: dict[str, Any] = {
        "group_name": GROUP, "owners": list(owners), "tags": _TAGS, "partitions_def": months,
    }  # fmt: skip
    return [
        dg.asset(
            name=ALLOCATION,
            deps=[PUBLISHED],
            **common,
            description="What each team or product owes for a month, under every allocation model, "
            "to the cent; what nobody owns is a row of its own. A closed month stays as it was "
            "stated: what changes later is an adjustment of the next open month.",
        )(gated(_allocation)),
        dg.asset(
            name=STATEMENTS,
            deps=[ALLOCATION],
            **common,
            description="The documents of a closed month, as PDF and CSV for each owner, and the "
            "letters to owners that have an address. A month that is open has none.",
        )(gated(_statements)),
    ]


def chargeback_checks() -> list[dg.AssetChecksDefinition]:
    """The checks."""
    with warnings.catch_warnings():
        # Partitions of checks are in preview in the pinned release; the tests cover them.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return [_of_allocation()]


def _of_allocation() -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=ALLOCATION,
        name=CHECK,
        blocking=True,
        partitions_def=months,
        description="All owners and what is unallocated are the spend of the month to the cent, as "
        "the Spend page has it, and that leads to the invoices to the last digit.",
    )
    @gated
    def owners_and_unallocated_are_the_spend(
        context: dg.AssetCheckExecutionContext, bills: BillsResource
    ) -> dg.AssetCheckResult:
        from credits_pipeline.finops.chargeback.checking import check_month  # noqa: PLC0415 - when used

        month = _month(context)
        found = check_month(_office(bills), month)
        faults = [fault for one in found for fault in one.faults]
        return dg.AssetCheckResult(
            passed=all(one.holds for one in found),
            description=plain(" ".join(one.says for one in found) or "There is no bill."),
            metadata={
                "statements": table(
                    ("model", "currency", "owners", "unallocated", "spend", "invoices"),
                    [
                        (
                            one.model,
                            one.currency,
                            one.owners,
                            one.unallocated,
                            one.spend,
                            one.billed,
                        )
                        for one in found
                    ],
                ),
                **({"to see to": plain(" ".join(faults))} if faults else {}),
            },
        )

    return owners_and_unallocated_are_the_spend


def chargeback_job(executor: dg.ExecutorDefinition) -> Any:
    """The job of one month."""
    return dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.assets(ALLOCATION, STATEMENTS),
        description="The statements of one month, and the documents and letters of a closed one.",
        executor_def=executor,
    )


def chargeback_sensor(
    job: Any, status: dg.DefaultSensorStatus, seconds: int
) -> dg.SensorDefinition:
    """The sensor ``chargeback_months``.

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
        description="Starts a run for each month whose bills, rules or closing changed since it "
        "was stated, and once a day for a closed month with letters that did not go out.",
    )
    @gated
    def chargeback_months(
        context: dg.SensorEvaluationContext, bills: BillsResource
    ) -> dg.SensorResult:
        published = _published(bills)
        if published is None:
            return dg.SensorResult(skip_reason="Nothing is published yet")
        from credits_pipeline.finops.chargeback.due import due_months  # noqa: PLC0415 - as it ticks

        office = _opened(published)
        asks = due_months(office, datetime.now(UTC), most=_LOOKED_AT)
        context.log.debug("%d months are due", len(asks))
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(
                    run_key=ask.key,
                    partition_key=ask.month.partition_key,
                    tags={"finops/month": str(ask.month), "finops/because": ask.because},
                )
                for ask in asks
                if months.has_partition_key(ask.month.partition_key)
            ],
            skip_reason=None if asks else "Every statement is up to date with its bills and rules",
        )

    return chargeback_months


def _allocation(
    context: dg.AssetExecutionContext, bills: BillsResource
) -> dg.MaterializeResult[None]:
    from credits_pipeline.finops.chargeback.month import state_month  # noqa: PLC0415 - when used
    from credits_pipeline.finops.chargeback.view import amount  # noqa: PLC0415 - as above
    from credits_pipeline.finops.decisions.body import digest  # noqa: PLC0415 - as above

    month = _month(context)
    found = state_month(_office(bills), month)
    rows = [
        (name, one.currency, len(one.owners) - 1, amount(one.total), amount(one.owed(None)),
         statement.digest[:12])
        for name, statement in found.items()
        for one in statement.sections
    ]  # fmt: skip
    for statement in found.values():
        for fault in statement.faults:
            saying(context.log.warning)(fault)
    return dg.MaterializeResult(
        metadata={
            "statements": table(
                ("model", "currency", "owners", "total", "unallocated", "digest"), rows
            )
        },
        data_version=dg.DataVersion(
            digest({name: statement.digest for name, statement in found.items()})[:16]
        ),
    )


def _statements(
    context: dg.AssetExecutionContext, bills: BillsResource, config: StatementsConfig
) -> dg.MaterializeResult[None]:
    from credits_pipeline.alerts.letter import configured_post  # noqa: PLC0415 - when used
    from credits_pipeline.finops.chargeback.archives import keep_archive  # noqa: PLC0415 - as above
    from credits_pipeline.finops.chargeback.sending import (  # noqa: PLC0415 - as above
        SentBook,
        send_statements,
        unsent,
    )
    from credits_pipeline.finops.chargeback.view import CLOSED  # noqa: PLC0415 - as above

    month, office, post = _month(context), _office(bills), configured_post()
    book = SentBook(office.books.published.depot)
    kept: list[tuple[str, str]] = []
    sent: list[str] = []
    failures: list[str] = []
    waiting = again = 0
    for model in office.books.decided.models.values():
        view = office.view(month, model)
        if view.state != CLOSED and model.name not in config.models:
            continue
        key = keep_archive(office, view, saying(context.log.debug))
        kept.append((model.name, office.books.published.depot.place.uri(key)))
        if post is None:
            waiting += len(list(unsent(view, book)))
            continue
        done = send_statements(view, book, post.send, datetime.now(UTC))
        sent += done.owners
        for sentence in done.again:
            saying(context.log.warning)(sentence)
        again += len(done.again)
        failures += done.failures
    if waiting:
        context.log.warning("%d letters wait: CREDITS_ALERT_SMTP is not set.", waiting)
    if failures:
        raise dg.Failure(
            f"{len(failures)} letters were not sent; they are tried again tomorrow. "
            f"{plain(failures[0])}",
            allow_retries=False,
        )
    return dg.MaterializeResult(
        metadata={
            "archives": table(("model", "archive"), kept[:_SHOWN]),
            "letters": len(sent),
            "letters that may have been sent before": again,
            "waiting": waiting,
        }
    )


def _month(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> BillingMonth:
    return BillingMonth.of_partition(str(context.partition_key))


def _published(bills: BillsResource) -> "Published | None":
    from credits_pipeline.finops.publish.published import open_current  # noqa: PLC0415 - when used

    return open_current(bills.storage())


def _opened(published: "Published") -> "Office":
    from credits_pipeline.finops.chargeback.opening import open_office  # noqa: PLC0415 - when used

    return open_office(published)


def _office(bills: BillsResource) -> "Office":
    published = _published(bills)
    if published is None:
        raise dg.Failure(
            f"Nothing is published yet. What to do: materialise {PUBLISHED} first.",
            allow_retries=False,
        )
    return _opened(published)
