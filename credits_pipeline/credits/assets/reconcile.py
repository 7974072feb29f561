"""The jobs that check drops again later, each for all of its months in one run.

Concept: https://docs.dagster.io/guides/build/jobs. Their findings are stored as checks of the
months concerned; a difference also turns the run red, so that alerts on runs report it.
"""

import itertools
import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from credits_pipeline.core import settings
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.wording import counted
from credits_pipeline.credits.assets import showing
from credits_pipeline.credits.assets.names import Names
from credits_pipeline.credits.assets.resources import CloudZeroResource, StorageResource
from credits_pipeline.credits.assets.results import evaluation
from credits_pipeline.credits.assets.wings import bill_of_aws
from credits_pipeline.credits.delivery import billed_cost
from credits_pipeline.credits.delivery.confirmation import still_held_statement
from credits_pipeline.credits.delivery.costs import costs_day
from credits_pipeline.credits.delivery.known_accounts import known_accounts_of
from credits_pipeline.credits.model.names import DROP as NOUN
from credits_pipeline.credits.state.finding import VISIBLE
from credits_pipeline.text import Outside

if TYPE_CHECKING:
    from collections.abc import Callable

    from credits_pipeline.credits.cloudzero.errors import CloudZeroError
    from credits_pipeline.credits.state.quota import CostsDay

    Look = Callable[..., Iterator[billed_cost.Seen]]

STILL_HELD_JOB = "credits_still_held"
ON_THE_BILL_JOB = "credits_on_the_bill"
STREAM_OP = "look_into_the_stream"
_BILL_OP = "look_at_the_bill"
#: In the metadata of a failed check: what kept it from checking, if anything did.
NOT_ASKED = "not_asked"
_LOOKED_AT_THE_BILL = "looked-at-the-bill"


class LookConfig(dg.Config):
    """Which months to check."""

    months: list[str] = Field(
        default_factory=list,
        description="Months as YYYY-MM; none for all that were touched in the last 90 days.",
    )


def later_jobs(
    names: Names, executor: dg.ExecutorDefinition
) -> tuple[dg.JobDefinition, dg.JobDefinition]:
    """The job that checks the stream, and the one that checks CloudZero's bill.

    Args:
        names: of the stream.
        executor: of both.
    """
    drop = names.asset(NOUN)

    @dg.op(
        name=names.called(STREAM_OP),
        out={},
        description="Reads the months in CloudZero's stream and compares them with receipts.",
    )
    @names.bound
    def look_into_the_stream(
        context: dg.OpExecutionContext,
        config: LookConfig,
        storage: StorageResource,
        cloudzero: CloudZeroResource,
    ) -> Iterator[dg.AssetCheckEvaluation]:
        yield from _look_into_the_stream(context, config, storage, cloudzero, drop)

    @dg.op(
        name=names.called(_BILL_OP),
        out={},
        description="Asks CloudZero's costs for the drops that it has not shown yet.",
    )
    @names.bound
    def look_at_the_bill(
        context: dg.OpExecutionContext, storage: StorageResource, cloudzero: CloudZeroResource
    ) -> Iterator[dg.AssetCheckEvaluation]:
        yield from _look_at_the_bill(context, storage, cloudzero, drop)

    @dg.job(
        name=names.called(STILL_HELD_JOB),
        executor_def=executor,
        description="Whether CloudZero still holds what the receipts of the last 90 days say: "
        "once a day, and a quarter of an hour after a request without an answer.",
    )
    def credits_still_held() -> None:
        look_into_the_stream()

    @dg.job(
        name=names.called(ON_THE_BILL_JOB),
        executor_def=executor,
        description="Whether CloudZero's billed cost shows the drops, whether AWS's bill carries "
        "the same credits, and which accounts CloudZero knows.",
    )
    def credits_on_the_bill() -> None:
        look_at_the_bill()

    return credits_still_held, credits_on_the_bill


def _look_into_the_stream(
    context: dg.OpExecutionContext,
    config: LookConfig,
    storage: StorageResource,
    cloudzero: CloudZeroResource,
    asset: dg.AssetKey,
) -> Iterator[dg.AssetCheckEvaluation]:
    from credits_pipeline.core.storage.store import StorageError  # noqa: PLC0415 - loads the AWS SDK
    from credits_pipeline.credits.cloudzero.errors import CloudZeroError  # noqa: PLC0415 - loads httpx

    months = [BillingMonth.parse(month) for month in config.months] or storage.journal().touched(
        datetime.now(UTC) - billed_cost.KEPT_IN_SIGHT
    )
    wrong: list[str] = []
    not_asked: list[str] = []
    for month in months:
        try:
            statement = still_held_statement(
                month,
                run_id=context.run_id,
                storage=storage,
                cloudzero=cloudzero,
                instance=context.instance,
                say=showing.saying(context.log, logging.INFO),
            )
        except (CloudZeroError, settings.SettingError) as error:
            # What keeps one month from being read applies to the others too.
            not_asked.append(f"{month} and those after it were not checked. {error}")
            break
        except StorageError as error:
            # For example a lost file of its own: the other months can still be checked.
            not_asked.append(f"{month} was not checked. {error}")
            continue
        yield evaluation(asset, statement, month)
        context.log.info(showing.plain(Outside(statement.message)))
        if statement.blocking and not statement.passed:
            wrong.append(statement.message)
    _end(wrong, not_asked)


def _look_at_the_bill(
    context: dg.OpExecutionContext,
    storage: StorageResource,
    cloudzero: CloudZeroResource,
    asset: dg.AssetKey,
) -> Iterator[dg.AssetCheckEvaluation]:
    from credits_pipeline.credits.cloudzero.errors import CloudZeroError  # noqa: PLC0415 - loads httpx
    from credits_pipeline.credits.state.quota import BudgetSpentError  # noqa: PLC0415 - when used

    day = costs_day(storage)
    wrong: list[str] = []
    not_asked: list[str] = []
    for name, drops, look in _looks(context.run_id, storage, cloudzero, day):
        try:
            for seen in look(drops, storage=storage, cloudzero=cloudzero, day=day):
                yield evaluation(asset, seen.statement, seen.month, seen.accounts)
                context.log.info(
                    "%s: %s", seen.month, showing.plain(Outside(seen.statement.message))
                )
                if seen.statement.blocking and not seen.statement.passed:
                    wrong.append(seen.statement.message)
            if name == billed_cost.NOT_ON_THE_BILL:
                # Once a day: AWS's bill changes no faster, and calls are scarce.
                day.keep(_LOOKED_AT_THE_BILL, [str(drop.month) for drop in drops])
        except (CloudZeroError, BudgetSpentError) as error:
            for drop in drops:
                seen = billed_cost.not_asked(name, drop.month, str(error))
                yield evaluation(asset, seen.statement, seen.month)
            context.log.warning("%s: not asked: %s", name, showing.plain(Outside(str(error))))
            if isinstance(error, CloudZeroError) and not _is_for_good(error):
                not_asked.append(str(error))
    # The earliest month's answer also covers the others; the sensor credits_accounts_known starts
    # runs.
    for month, _ in itertools.islice(storage.journal().waiting_for_accounts(), 1):
        known = known_accounts_of(month, cloudzero=cloudzero, storage=storage)
        said = known.why_not or f"CloudZero knows {counted(len(known.accounts or ()), 'account')}"
        context.log.info(showing.plain(Outside(said)))
    _end(wrong, not_asked)


def _end(wrong: Sequence[str], not_asked: Sequence[str]) -> None:
    """End a check that found something, or could not check, in red.

    Raises:
        Failure: what was found and what was not asked; the latter also as its metadata, because
            what was found is reported for the month itself.
    """
    if wrong or not_asked:
        raise dg.Failure(
            showing.description(Outside(" ".join((*wrong, *not_asked)))),
            metadata={NOT_ASKED: showing.text(Outside(" ".join(not_asked)))},
            allow_retries=False,
        )


def _looks(
    run_id: str, storage: StorageResource, cloudzero: CloudZeroResource, day: "CostsDay"
) -> "list[tuple[str, list[billed_cost.Landed], Look]]":
    """What to ask: each a statement, the drops that it is about, and how."""
    journal, address = storage.journal(), cloudzero.address()
    touched = journal.touched(day.now - billed_cost.KEPT_IN_SIGHT)
    dropped = [found for m in touched if (found := billed_cost.landed(m, journal, address))]
    looks: list[tuple[str, list[billed_cost.Landed], Look]] = [
        (
            VISIBLE,
            billed_cost.waiting(storage, cloudzero),
            partial(billed_cost.look_for, run_id=run_id),
        )
    ]
    if day.answer(_LOOKED_AT_THE_BILL) is None:
        at_the_bill = partial(billed_cost.look_at_the_bill, bill_of=bill_of_aws)
        looks.append((billed_cost.NOT_ON_THE_BILL, dropped, at_the_bill))
    return [look for look in looks if look[1]]


def _is_for_good(error: "CloudZeroError") -> bool:
    """Whether the key lacks the scope: a red run every few hours would help nobody."""
    return error.status == HTTPStatus.FORBIDDEN
