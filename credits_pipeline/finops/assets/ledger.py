"""AWS's credit ledger as assets: a month of a payer, what is left, and the three-way comparison.

Concept: https://docs.dagster.io/guides/build/assets. A month that AWS could not read completely is
a failed run, and what was known before stays.
"""

import warnings
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.assets import metadata
from credits_pipeline.finops.assets.bills import ROWS
from credits_pipeline.finops.assets.partitions import MONTH, months
from credits_pipeline.finops.assets.resource import BillsResource
from credits_pipeline.text import gated

if TYPE_CHECKING:
    from credits_pipeline.finops.ledger.book import LedgerBook
    from credits_pipeline.finops.ledger.reconciliation import Reconciliation

GROUP = "credit_ledger"
LEDGER, BALANCES, RECONCILIATION = "credit_allocations", "credit_balances", "credit_reconciliation"
JOB, SCHEDULE = "credit_ledger_month", "credit_ledger_daily"
BALANCES_JOB = "credit_ledger_balances"
THREE_WAY = "agrees_with_ledger_and_bill"
PAYER = "payer"
_TAGS = {"domain": "finops", "cloud": "aws"}

payers = dg.DynamicPartitionsDefinition(name="finops_payers")
ledger_months = dg.MultiPartitionsDefinition({MONTH: months, PAYER: payers})


def ledger_assets(drop: dg.AssetKey, owners: Sequence[str] = ()) -> list[dg.AssetsDefinition]:
    """The assets.

    Args:
        drop: the first wing's asset whose materialisations are receipts.
        owners: e-mail addresses, and teams as ``team:name``.
    """
    common: dict[str, Any] = {"group_name": GROUP, "owners": list(owners), "tags": _TAGS}
    with warnings.catch_warnings():
        # In beta in the pinned release; the tests cover it.
        warnings.simplefilter("ignore", dg.BetaWarning)
        by_month = dg.MultiToSingleDimensionPartitionMapping(partition_dimension_name=MONTH)
        # The first wing's months start later than bills may.
        same_month = dg.TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)
    return [
        dg.asset(
            name=LEDGER,
            partitions_def=ledger_months,
            **common,
            description="What each credit took off each account's bill in a month, as AWS's ledger "
            "has it: whole, or not known. It is an estimate until the bill is final.",
        )(gated(_ledger)),
        dg.asset(
            name=BALANCES,
            partitions_def=payers,
            **common,
            description="A payer's credits with what is left of each, and when each runs out.",
        )(gated(_balances)),
        dg.asset(
            name=RECONCILIATION,
            partitions_def=months,
            deps=[
                dg.AssetDep(drop, partition_mapping=same_month),
                dg.AssetDep(LEDGER, partition_mapping=by_month),
                dg.AssetDep(ROWS, partition_mapping=by_month),
            ],
            automation_condition=_on_any_news(drop),
            **common,
            description="What was handed out, what the ledger says and what the bill has, account "
            "by account; each difference with its likely cause.",
        )(gated(_reconciliation)),
    ]


def _on_any_news(drop: dg.AssetKey) -> dg.AutomationCondition[Any]:
    """When a receipt, a ledger or a bill is new; without a receipt there is nothing to report."""
    condition = dg.AutomationCondition
    unsent = condition.any_deps_match(condition.missing()).allow(dg.AssetSelection.assets(drop))
    return (condition.any_deps_updated() & ~unsent).with_label("one side is new")


def ledger_checks(
    drop: dg.AssetKey, of_drop: dg.PartitionsDefinition[str]
) -> list[dg.AssetChecksDefinition]:
    """The check of a month's drop, and the same of its reconciliation."""
    with warnings.catch_warnings():
        # Partitions of checks are in preview in the pinned release; the tests cover them.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return [
            _three_way(drop, of_drop, THREE_WAY),
            _three_way(dg.AssetKey(RECONCILIATION), months, "three_way"),
        ]


def ledger_jobs(executor: dg.ExecutorDefinition) -> list[Any]:
    """The jobs that ask AWS."""
    return [
        dg.define_asset_job(
            JOB,
            selection=dg.AssetSelection.assets(LEDGER),
            executor_def=executor,
            description="Asks AWS's ledger for one billing month of one payer.",
        ),
        dg.define_asset_job(
            BALANCES_JOB,
            selection=dg.AssetSelection.assets(BALANCES),
            executor_def=executor,
            description="Asks AWS for what is left of a payer's credits.",
        ),
    ]


def ledger_sensor(
    jobs: Sequence[Any], status: dg.DefaultSensorStatus, seconds: int
) -> dg.SensorDefinition:
    """Asks AWS once a day for what may have changed; without a payer it does nothing.

    Args:
        jobs: that ask.
        status: whether it runs from the start.
        seconds: between two checks whether a question is due again.
    """

    @dg.sensor(
        jobs=list(jobs),
        name=SCHEDULE,
        minimum_interval_seconds=seconds,
        default_status=status,
        description="Once a day: what is left of the credits of each account of FINOPS_LEDGER, its "
        "newest three months, and every month that is not known or was an estimate. What AWS did "
        "not answer, or not whole, is asked for again after 15 minutes, 1 hour and 4 hours, then "
        "every 12 hours.",
    )
    @gated
    def credit_ledger_daily(
        context: dg.SensorEvaluationContext, bills: BillsResource
    ) -> dg.SensorResult:
        from credits_pipeline.finops.ledger.book import LedgerBook  # noqa: PLC0415 - as it ticks
        from credits_pipeline.finops.ledger.refreshing import due  # noqa: PLC0415 - as above
        from credits_pipeline.finops.settings import ledger_payers  # noqa: PLC0415 - as above

        now = datetime.now(UTC)
        today, asked = str(now.date()), ledger_payers()
        if not asked:
            return dg.SensorResult(skip_reason="FINOPS_LEDGER names no account.")
        book = LedgerBook(bills.depot())
        cursor = f"{today} {','.join(one.account for one in asked)}"
        if context.cursor == cursor:
            again = list(_again(book, {one.account for one in asked}, now))
            return dg.SensorResult(
                run_requests=again,
                skip_reason=None if again else f"AWS was asked today, {today}.",
            )
        known = set(context.instance.get_dynamic_partitions(payers.name or ""))
        new = [one.account for one in asked if one.account not in known]
        return dg.SensorResult(
            run_requests=[
                request for one in asked for request in _requests(one.account, book, due, now)
            ],
            dynamic_partitions_requests=[payers.build_add_request(new)] if new else [],
            cursor=cursor,
        )

    return credit_ledger_daily


def _requests(account: str, book: "LedgerBook", due: Any, now: datetime) -> Iterator[dg.RunRequest]:
    today = str(now.date())
    yield _request(account, "balances", today)
    for month in due(book, account, now):
        yield _request(account, str(month), today)


def _again(book: "LedgerBook", payers: set[str], now: datetime) -> Iterator[dg.RunRequest]:
    """Failed questions, once their time has come."""
    from credits_pipeline.finops.ledger.unanswered import open_questions  # noqa: PLC0415 - as it ticks

    for one in open_questions(book.depot):
        if one.payer in payers and one.due_at <= now:
            because = f"asked for {one.tries} times without an answer, last at {one.at}"
            yield _request(one.payer, one.what, f"{one.at}/{one.tries}", because)


def _request(account: str, what: str, when: str, because: str = "") -> dg.RunRequest:
    """Ask for a month of a payer, or for what is left of its credits."""
    from credits_pipeline.finops.ledger.unanswered import BALANCES as LEFT  # noqa: PLC0415 - as above

    run_key = f"{account}/{what}/{when}"
    tags = {"finops/because": because} if because else {}
    if what == LEFT:
        # A payer added in this tick has no partition yet when Dagster looks its key up.
        tags |= {"dagster/partition": account}
        return dg.RunRequest(
            job_name=BALANCES_JOB, run_key=run_key, partition_key=account, tags=tags
        )
    month = BillingMonth.parse(what).partition_key
    key = dg.MultiPartitionKey({MONTH: month, PAYER: account})
    tags |= ledger_months.get_tags_for_partition_key(key)
    return dg.RunRequest(job_name=JOB, run_key=run_key, partition_key=key, tags=tags)


def _ledger(context: dg.AssetExecutionContext, bills: BillsResource) -> dg.MaterializeResult[None]:
    from credits_pipeline.finops.errors import BillError  # noqa: PLC0415 - when used
    from credits_pipeline.finops.ledger.asking import Ledger  # noqa: PLC0415 - as above
    from credits_pipeline.finops.ledger.book import LedgerBook  # noqa: PLC0415 - as above
    from credits_pipeline.finops.ledger.refreshing import read_month  # noqa: PLC0415 - as above

    at, _, account = str(context.partition_key).partition("|")
    month, book = BillingMonth.of_partition(at), LedgerBook(bills.depot())
    try:
        signed = book.is_signed(account)
        found = read_month(Ledger(bills.payer(account)), book, month, signed=signed)
    except BillError as error:
        raise dg.Failure(metadata.plain(error), allow_retries=error.passes) from error
    if not found.complete:
        raise dg.Failure(
            metadata.plain(
                f"What the ledger of {account} has in {month} is not known: {found.why}. What was "
                "known before stays. What to do: nothing, it is asked for again in a quarter of an "
                "hour, then less often."
            ),
            allow_retries=False,
        )
    return dg.MaterializeResult(metadata=metadata.of_ledger(found))


def _balances(
    context: dg.AssetExecutionContext, bills: BillsResource
) -> dg.MaterializeResult[None]:
    from credits_pipeline.finops.errors import BillError  # noqa: PLC0415 - when used
    from credits_pipeline.finops.ledger.asking import Ledger  # noqa: PLC0415 - as above
    from credits_pipeline.finops.ledger.book import LedgerBook  # noqa: PLC0415 - as above
    from credits_pipeline.finops.ledger.outlook import outlooks  # noqa: PLC0415 - as above
    from credits_pipeline.finops.ledger.refreshing import read_balances  # noqa: PLC0415 - as above

    account, book = str(context.partition_key), LedgerBook(bills.depot())
    try:
        found = read_balances(Ledger(bills.payer(account)), book)
    except BillError as error:
        raise dg.Failure(metadata.plain(error), allow_retries=error.passes) from error
    own = [one for one in book.months() if one.payer == account]
    as_of = datetime.fromisoformat(found.asked_at).date()
    return dg.MaterializeResult(metadata=metadata.of_balances(outlooks(found.credits, own, as_of)))


def _reconciliation(
    context: dg.AssetExecutionContext, bills: BillsResource
) -> dg.MaterializeResult[None]:
    found = _found(context, bills)
    return dg.MaterializeResult(metadata=metadata.of_reconciliation(found))


def _found(
    context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext, bills: BillsResource
) -> "Reconciliation":
    from credits_pipeline.finops.ledger.at_hand import reconciliation_of  # noqa: PLC0415 - DuckDB

    month = BillingMonth.of_partition(str(context.partition_key))
    return reconciliation_of(bills.storage(), month, credits_root=bills.credits)


def _three_way(
    asset: dg.AssetKey, partitions: dg.PartitionsDefinition[str], name: str
) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset,
        name=name,
        partitions_def=partitions,
        description="What was handed out agrees with AWS's ledger and with the bill, or differs "
        "for a reason that is known. It only warns.",
    )
    @gated
    def three_way(
        context: dg.AssetCheckExecutionContext, bills: BillsResource
    ) -> dg.AssetCheckResult:
        found = _found(context, bills)
        return dg.AssetCheckResult(
            passed=found.holds,
            severity=dg.AssetCheckSeverity.WARN,
            description=metadata.plain(found.says),
            metadata=metadata.of_reconciliation(found),
        )

    return three_way
