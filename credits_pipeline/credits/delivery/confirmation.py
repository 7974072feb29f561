"""Whether CloudZero holds what a month's receipt says, checked right after a drop and again later.

Later checks find what no answer showed: a request that was applied late, another feeder of the
stream, another machine, an edit by hand (design decision 15).
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from credits_pipeline.core import settings
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.statement import Statement
from credits_pipeline.core.wording import counted
from credits_pipeline.credits.delivery.artifacts import frame
from credits_pipeline.credits.delivery.connections import (
    Instance,
    StorageConnection,
    StreamConnection,
)
from credits_pipeline.credits.model.names import DROP as NOUN
from credits_pipeline.credits.state.attempt import Attempt
from credits_pipeline.credits.state.finding import STILL_HELD, Finding

if TYPE_CHECKING:
    import polars as pl


#: For one month, its retries included: a check must not keep drops waiting for long.
LOOK_SECONDS = 120


def drop_statement(
    month: BillingMonth,
    run_id: str,
    *,
    storage: StorageConnection,
    cloudzero: StreamConnection,
    instance: Instance,
    say: Callable[[str], None],
) -> "Statement":
    """Whether CloudZero, asked now, holds exactly what this run, or the last one, sent."""
    archive = storage.archive()
    with cloudzero.locked_client(instance, say) as client:
        entry = archive.find(NOUN, month, run_id=run_id)
        sent = None if entry is None else frame(archive.files(entry)["sent.parquet"])
        return _held_statement("drop_equals_payload", month, sent, client.contents(month))


def still_held_statement(
    month: BillingMonth,
    *,
    run_id: str,
    storage: StorageConnection,
    cloudzero: StreamConnection,
    instance: Instance,
    say: Callable[[str], None],
) -> "Statement":
    """Whether CloudZero, asked now, holds exactly what the month's receipt says.

    A month without a receipt should hold nothing of ours: a first drop that was given up must not
    be applied late. The result is stored as this run's finding.

    Raises:
        CloudZeroError: there was no answer.
        SettingError: a setting is missing.
    """
    name = STILL_HELD
    archive = storage.archive()
    with cloudzero.locked_client(instance, say, seconds=LOOK_SECONDS) as client:
        # Under the lock, so that receipt and contents belong together.
        receipt = storage.journal().receipt(month)
        if receipt is not None and (receipt.base_url, receipt.connection_id) != cloudzero.address():
            says = f"{month} was sent to stream {receipt.connection_id}, which is not the one set."
            return Statement(name, passed=True, blocking=True, message=says)
        held = client.contents(month)
        entry = archive.own(NOUN, month, receipt.run_id) if receipt else None
        if receipt is not None and entry is None:
            # The rows of another run must not be compared.
            return Statement(
                name, passed=False, blocking=False, message=rows_expired(month, receipt)
            )
        sent = None if entry is None else frame(archive.files(entry)["sent.parquet"])
        statement = _held_statement(name, month, sent, held)
    storage.journal().note_finding(
        Finding(
            check=name,
            billing_month=str(month),
            holds=statement.passed,
            says=statement.message,
            about=receipt.run_id if receipt else "",
            usd=(receipt.total_credit_usd or "") if receipt else "",
            run_id=run_id,
            found_at=datetime.now(UTC).isoformat(),
        )
    )
    return statement


def rows_expired(month: BillingMonth, receipt: Attempt) -> str:
    """The message about a receipt whose rows are no longer in the storage."""
    return (
        f"Not compared: the rows of the receipt of {month}, of run {receipt.run_id}, are not in "
        "the storage any more. What to do: materialise the month again, and check that nothing "
        "deletes them: an S3 lifecycle rule, or somebody's clean-up."
    )


def still_held_if_asked(
    month: BillingMonth,
    *,
    run_id: str,
    storage: StorageConnection,
    cloudzero: StreamConnection,
    instance: Instance,
    say: Callable[[str], None],
) -> "Statement":
    """The same, with a warning if CloudZero could not be asked."""
    from credits_pipeline.credits.cloudzero.errors import CloudZeroError  # noqa: PLC0415 - loads httpx

    try:
        return still_held_statement(
            month,
            run_id=run_id,
            storage=storage,
            cloudzero=cloudzero,
            instance=instance,
            say=say,
        )
    except (CloudZeroError, settings.SettingError) as error:
        return Statement(STILL_HELD, passed=False, blocking=False, message=f"Not asked: {error}")


def _held_statement(
    name: str, month: BillingMonth, sent: "pl.DataFrame | None", held: "pl.DataFrame"
) -> "Statement":
    from credits_pipeline.credits.cloudzero.confirm import still_holds  # noqa: PLC0415 - loads polars

    if sent is None:
        nothing = held.is_empty()
        return Statement(
            name,
            passed=nothing,
            blocking=True,
            message=f"CloudZero holds nothing for {month}, and nothing was verified for it."
            if nothing
            else f"CloudZero holds {counted(held.height, 'row')} for {month}, and there is no "
            "receipt for them. What to do: materialise the month, or clear it.",
            metrics={"rows_sent": 0, "rows_held": held.height},
        )
    apart = still_holds(held, sent)
    says = (
        f"CloudZero holds exactly the {sent.height:,} rows that were sent for {month}."
        if apart.equal
        else f"CloudZero does not hold what was sent for {month}: {apart.says}. What to do: look "
        "for another feeder of the stream or an edit by hand, then materialise the month with "
        "force."
    )
    return Statement(
        name,
        passed=apart.equal,
        blocking=True,
        message=says,
        metrics={
            "rows_sent": sent.height,
            "rows_held": held.height,
            "rows_missing": apart.missing,
            "rows_unexpected": apart.unexpected,
        },
    )
