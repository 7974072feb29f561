"""What a person does outside Dagster's UI: rehearse a month, look at one, withdraw it."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from credits_pipeline.core import settings
from credits_pipeline.core.money import for_people
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import START_MONTH
from credits_pipeline.core.wording import counted
from credits_pipeline.credits.delivery import policies
from credits_pipeline.credits.delivery.artifacts import MonthPayload
from credits_pipeline.credits.delivery.connections import (
    InboxConnection,
    Instance,
    StorageConnection,
    StreamConnection,
)
from credits_pipeline.credits.delivery.costs import costs_day
from credits_pipeline.credits.delivery.decisions import current_version
from credits_pipeline.reporting.deciding import spelled, summary

if TYPE_CHECKING:
    from credits_pipeline.credits.cloudzero.plan import Plan
    from credits_pipeline.credits.cloudzero.rehearsal import Rehearsed

_PATIENCE_SECONDS = 300
_MADE_UP = {"account_id": ["000000000001", "000000000002"], "amount_usd": ["0.01", "0.02"]}


class NoPartitionError(Exception):
    """The pipeline has no such month; the message says which it has."""


class AnotherStreamError(settings.SettingError):
    """The storage knows a month on another stream; the message says what to do."""


@dataclass(frozen=True)
class Rehearsal:
    """A rehearsal: the requests, and whose rows they carry."""

    plan: "Plan"
    what: str


def rehearsal_of(month: BillingMonth) -> Rehearsal:
    """The stored payload of the month, or made-up rows.

    Raises:
        SettingError: a setting can't be used.
        StorageError: the storage can't be read.
        PlanError: the rows can't be sent.
    """
    import polars as pl

    from credits_pipeline.core.columns import USD  # noqa: PLC0415 - loads polars
    from credits_pipeline.credits.cloudzero.cbf import cbf_rows  # noqa: PLC0415 - as above
    from credits_pipeline.credits.cloudzero.plan import plan_bodies  # noqa: PLC0415 - as above

    archive = StorageConnection().archive()
    entry = archive.find("cbf_payload", month)
    rows = None if entry is None else MonthPayload.from_files(archive.files(entry)).payload.rows
    if rows is None or rows.is_empty():
        made_up = pl.DataFrame(_MADE_UP).cast({"amount_usd": USD})
        rows, what = cbf_rows(made_up, month, policies.cbf_settings()), "two made-up accounts"
    else:
        what = f"the {counted(rows.height, 'row')} of the payload"
    return Rehearsal(plan_bodies(rows, month, policies.sending_limits()), what)


def rehearse(
    rehearsal: Rehearsal,
    cloudzero: StreamConnection,
    instance: Instance,
    say: Callable[[str], None],
) -> "Iterator[Rehearsed]":
    """Try every operation in a namespace of its own, under the stream's lock.

    Args:
        rehearsal: what is sent there.
        cloudzero: the stream.
        instance: Dagster's, whose database may hold the lock.
        say: called when the lock has to be waited for.

    Raises:
        SettingError: a setting is missing.
        CloudZeroError: a setting can't be used, or the lock can't be taken.
    """
    from credits_pipeline.credits.cloudzero.rehearsal import rehearse as rehearsed  # noqa: PLC0415 - httpx

    test_key = f"credits-pipeline-rehearsal-{uuid.uuid4()}"
    with cloudzero.locked_client(
        instance, say, seconds=_PATIENCE_SECONDS, test_key=test_key
    ) as client:
        # A person asked for it, so it is made even if the day's calls are used up.
        costs_day(StorageConnection()).note("rehearsal")
        yield from rehearsed(client, rehearsal.plan)


def refuse_without_partition(month: BillingMonth) -> None:
    """Refuse a month that has no partition.

    Raises:
        NoPartitionError: it is before CREDITS_START_MONTH or in the future.
        SettingError: CREDITS_START_MONTH can't be used.
    """
    first, last = START_MONTH.read(BillingMonth.parse), BillingMonth.at(datetime.now(UTC))
    if not first <= month <= last:
        raise NoPartitionError(
            f"the pipeline has the months {first} to {last}: set CREDITS_START_MONTH for earlier "
            "ones"
        )


def refuse_past_another_stream(month: BillingMonth, cloudzero: StreamConnection) -> None:
    """Refuse to withdraw a month that the storage knows as sent to another stream.

    The decision would stay with the file's version, and later runs of it would withdraw the
    month from that stream too.

    Raises:
        AnotherStreamError: its receipt is about a stream other than the one that is set.
        SettingError: a setting is missing or can't be used.
        StorageError: the storage can't be read.
    """
    receipt, stream = StorageConnection().journal().receipt(month), cloudzero.address()
    if receipt is not None and (receipt.base_url, receipt.connection_id) != stream:
        raise AnotherStreamError(
            f"{month} was sent to stream {receipt.connection_id} at {receipt.base_url}, and the "
            f"one that is set is {stream[1]} at {stream[0]}. Nothing was changed. What to do: to "
            "withdraw it from the one that is set and keep it on the other, set CREDITS_STORAGE "
            "to an empty folder for this command."
        )


def held(
    month: BillingMonth,
    cloudzero: StreamConnection,
    instance: Instance,
    say: Callable[[str], None],
) -> str:
    """What CloudZero holds for a month, in a sentence.

    Raises:
        SettingError: a setting is missing.
        CloudZeroError: there was no answer.
    """
    from credits_pipeline.credits.cloudzero.diff import credit_by_account  # noqa: PLC0415 - loads polars

    with cloudzero.locked_client(instance, say) as client:
        credit = credit_by_account(client.contents(month))
    total = for_people(Decimal(credit["usd"].sum() or 0))
    return f"CloudZero holds {total} of {counted(credit.height, 'account')} for {month}."


@dataclass(frozen=True)
class Decision:
    """What a person decides about a month.

    Attributes:
        month: the billing month.
        decided: the decisions by name.
        version: token of the version that they are about.
        who: the person.
        why: the reason; may be empty.
    """

    month: BillingMonth
    decided: Mapping[str, Any]
    version: str
    who: str
    why: str


def version_now(month: BillingMonth) -> str:
    """Token of the version that a decision made now would be about.

    Raises:
        InboxError: S3 can't be asked.
        SettingError: a setting is missing or can't be used.
        StorageError: the storage can't be read.
    """
    return current_version(StorageConnection().journal(), InboxConnection().open(), month).token


def about(decision: Decision, instance: Instance, say: Callable[[str], None]) -> list[str]:
    """What a decision is about, in lines: the version, its findings, rows and dollars.

    Returns:
        The lines; none if no run has read the version yet.

    Raises:
        CloudZeroError: the contents of a month to be withdrawn could not be read.
        SettingError: a setting is missing or can't be used.
        StorageError: the storage can't be read.
    """
    journal, month = StorageConnection().journal(), decision.month
    told = [f"{month}, version {decision.version}: {spelled(decision.decided)}"]
    if decision.decided.get("clear_month"):
        refuse_past_another_stream(month, StreamConnection())
        return [*told, held(month, StreamConnection(), instance, say)]
    last = journal.last(month)
    if last is None or last.file_version != decision.version:
        return []
    return [*told, *summary(last, journal.rows(last))]
