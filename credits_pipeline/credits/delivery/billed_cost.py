"""Whether CloudZero's bill shows the drops, and whether AWS's bill shows the same credits again.

CloudZero ingests a stream within a day and does not say when. One costs call answers for all
waiting months (CloudZero contract, section 7).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.statement import Statement
from credits_pipeline.core.wording import all_of, counted
from credits_pipeline.credits.delivery import figures
from credits_pipeline.credits.delivery.artifacts import frame
from credits_pipeline.credits.delivery.confirmation import rows_expired
from credits_pipeline.credits.delivery.connections import StorageConnection, StreamConnection
from credits_pipeline.credits.delivery.costs import ask, costs_day
from credits_pipeline.credits.model.names import DROP as NOUN
from credits_pipeline.credits.state.attempt import Attempt
from credits_pipeline.credits.state.finding import VISIBLE, Finding

if TYPE_CHECKING:
    import polars as pl

    from credits_pipeline.credits.state.journal import Journal
    from credits_pipeline.credits.state.quota import CostsDay

#: The credits on AWS's own bill of a month, by account; None if the bill is not available.
BillOf = Callable[[BillingMonth], Mapping[str, Decimal] | None]
NOT_ON_THE_BILL = "not_already_on_the_bill"
#: What a proposed file says about the credits that are already on AWS's bill.
_MEANT = {
    "offset": "The file takes back what AWS gave there, so that nothing counts twice.",
    "ignore": "The proposal says that CloudZero leaves those out.",
}
#: How long a month is checked after it was touched.
KEPT_IN_SIGHT = timedelta(days=90)
#: CloudZero needs up to a day; after this a person should know.
_LATE = timedelta(hours=36)
#: Sooner after a drop there is nothing to see, and a call would be wasted.
_SOON = timedelta(hours=1)
#: How many earlier drops of a month CloudZero may still be showing.
_EARLIER = 10


@dataclass(frozen=True)
class Landed:
    """A drop that should appear on CloudZero's bill.

    Attributes:
        month: the billing month.
        receipt: what CloudZero holds.
        sent: the attempt that sent it.
    """

    month: BillingMonth
    receipt: Attempt
    sent: Attempt

    @property
    def age(self) -> timedelta:
        """The time since it was sent."""
        return datetime.now(UTC) - datetime.fromisoformat(self.sent.ended_at)


@dataclass(frozen=True)
class Seen:
    """What was seen of one drop: a statement, and the accounts that it is about."""

    month: BillingMonth
    statement: "Statement"
    accounts: list[dict[str, Any]] = field(default_factory=list)


def landed(month: BillingMonth, journal: "Journal", address: tuple[str, str]) -> Landed | None:
    """The month's drop; None if nothing was sent to this stream, or the last drop broke off."""
    receipt, sent = journal.receipt(month), journal.last_sent(month)
    if receipt is None or sent is None or not sent.verdict.has_receipt:
        return None
    if (sent.base_url, sent.connection_id) != address:
        return None
    return Landed(month, receipt, sent)


def waiting(storage: StorageConnection, cloudzero: StreamConnection) -> list[Landed]:
    """The drops that are old enough to be visible and have not been seen yet."""
    journal, address = storage.journal(), cloudzero.address()
    drops = (landed(month, journal, address) for month in sorted(journal.receipted()))
    return [
        drop
        for drop in drops
        if drop is not None
        and _SOON <= drop.age <= KEPT_IN_SIGHT
        and journal.visible(drop.month) != drop.sent.run_id
    ]


def look_for(
    drops: Iterable[Landed],
    *,
    run_id: str,
    storage: StorageConnection,
    cloudzero: StreamConnection,
    day: "CostsDay",
) -> Iterator[Seen]:
    """Whether CloudZero's billed cost shows these drops: one call for all of them.

    The result is stored as this run's finding.

    Raises:
        BudgetSpentError: no call is left today.
        CloudZeroError: CloudZero gave no complete answer.
    """
    from credits_pipeline.credits.cloudzero.confirm import (  # noqa: PLC0415 - loads polars
        landed_query,
        visible_in_billed_cost,
    )

    drops = list(drops)
    if not drops:
        return
    months = [drop.month for drop in drops]
    _, connection_id = cloudzero.address()
    costs = ask(cloudzero, day, landed_query(connection_id, min(months), max(months)), VISIBLE)
    for drop in drops:
        expected = _credit(storage, drop)
        if expected is None:
            yield not_asked(VISIBLE, drop.month, rows_expired(drop.month, drop.receipt))
            continue
        found = visible_in_billed_cost(costs, expected, drop.month)
        if found.status == "differs":
            earlier = _earlier(storage, drop)
            found = visible_in_billed_cost(costs, expected, drop.month, earlier)
        if found.status == "visible":
            storage.journal().note_visible(drop.sent)
        statement = _visible_statement(drop, found.status, expected.height, found.accounts.height)
        storage.journal().note_finding(
            Finding(
                check=VISIBLE,
                billing_month=str(drop.month),
                holds=statement.passed,
                says=statement.message,
                about=drop.sent.run_id,
                usd=drop.receipt.total_credit_usd or "",
                run_id=run_id,
                found_at=day.now.isoformat(),
            )
        )
        yield Seen(drop.month, statement, figures.plain(found.accounts))


def look_at_the_bill(
    drops: Iterable[Landed],
    *,
    storage: StorageConnection,
    cloudzero: StreamConnection,
    day: "CostsDay",
    bill_of: BillOf = lambda _: None,
) -> Iterator[Seen]:
    """Whether AWS's own bill has credits of the same months and accounts.

    A month whose bill is available is looked up there; one call to CloudZero covers all others.

    Args:
        drops: to check.
        storage: has their rows.
        cloudzero: the stream to ask.
        day: of the calls.
        bill_of: the credits of AWS's bill of a month by account; None if it is not available.

    Raises:
        BudgetSpentError: no call is left today.
        CloudZeroError: CloudZero gave no complete answer.
    """
    from credits_pipeline.credits.cloudzero.confirm import (  # noqa: PLC0415 - loads polars
        already_on_the_bill,
        bill_credits_query,
        on_both,
    )

    elsewhere: list[Landed] = []
    for drop in drops:
        bill = bill_of(drop.month)
        expected = None if bill is None else _credit(storage, drop)
        if bill is None or expected is None:
            elsewhere.append(drop)
            continue
        twice = on_both(expected, bill)
        yield Seen(drop.month, _bill_statement(drop, twice), figures.plain(twice))
    if not elsewhere:
        return
    months = [drop.month for drop in elsewhere]
    _, connection_id = cloudzero.address()
    costs = ask(cloudzero, day, bill_credits_query(min(months), max(months)), NOT_ON_THE_BILL)
    for drop in elsewhere:
        expected = _credit(storage, drop)
        if expected is None:
            yield not_asked(NOT_ON_THE_BILL, drop.month, rows_expired(drop.month, drop.receipt))
            continue
        twice = already_on_the_bill(costs, expected, drop.month, connection_id)
        yield Seen(drop.month, _bill_statement(drop, twice), figures.plain(twice))


def seen_of(
    name: str,
    month: BillingMonth,
    *,
    run_id: str,
    storage: StorageConnection,
    cloudzero: StreamConnection,
    bill_of: BillOf = lambda _: None,
) -> Seen:
    """`VISIBLE` or `NOT_ON_THE_BILL` of one month, as requested by a person in the UI."""
    from credits_pipeline.credits.cloudzero.errors import CloudZeroError  # noqa: PLC0415 - loads httpx
    from credits_pipeline.credits.state.quota import BudgetSpentError  # noqa: PLC0415 - when asked

    not_set = cloudzero.why_not_set()
    if not_set is not None:
        return not_asked(name, month, not_set)
    look = (
        partial(look_for, run_id=run_id)
        if name == VISIBLE
        else partial(look_at_the_bill, bill_of=bill_of)
    )
    drop = landed(month, storage.journal(), cloudzero.address())
    if drop is None:
        return not_asked(name, month, f"{month} has no drop that is in order.")
    if drop.age < _SOON:
        return _too_soon(name, month)
    try:
        (seen,) = look([drop], storage=storage, cloudzero=cloudzero, day=costs_day(storage))
    except (CloudZeroError, BudgetSpentError) as error:
        return not_asked(name, month, str(error))
    return seen


def not_asked(name: str, month: BillingMonth, why: str) -> Seen:
    """The result for a month that could not be asked about."""
    says = why if why.startswith("Not ") else f"Not asked: {why}"
    return Seen(month, Statement(name, passed=False, blocking=False, message=says))


def _too_soon(name: str, month: BillingMonth) -> Seen:

    says = f"{month} was sent just now and is not looked for yet: that is done on a schedule."
    return Seen(month, Statement(name, passed=True, blocking=False, message=says))


def _credit(storage: StorageConnection, drop: Landed) -> "pl.DataFrame | None":
    """Columns ``account`` and ``usd``: what a receipt says that CloudZero holds.

    None if its rows are no longer in the storage.
    """
    from credits_pipeline.core.storage.store import StorageError  # noqa: PLC0415 - loads the AWS SDK

    try:
        files = _files(storage, drop.month, drop.receipt.run_id)
    except StorageError:
        # Lost or unreadable files concern that one month alone.
        return None
    return _by_account(files["sent.parquet"]) if "sent.parquet" in files else None


def _earlier(storage: StorageConnection, drop: Landed) -> Iterator["pl.DataFrame"]:
    """What the month held before, as CloudZero may still show it: the newest first."""
    attempts = sorted(
        (a for a in storage.journal().attempts(drop.month) if a.verdict.has_receipt),
        key=lambda attempt: attempt.ended_at,
        reverse=True,
    )
    for attempt in attempts[:_EARLIER]:
        files = _files(storage, drop.month, attempt.run_id)
        if "before.parquet" in files:
            yield frame(files["before.parquet"])
        if "sent.parquet" in files:
            yield _by_account(files["sent.parquet"])


def _by_account(rows: bytes) -> "pl.DataFrame":
    from credits_pipeline.credits.cloudzero.diff import credit_by_account  # noqa: PLC0415 - loads polars

    return credit_by_account(frame(rows))


def _files(storage: StorageConnection, month: BillingMonth, run_id: str) -> Mapping[str, bytes]:
    archive = storage.archive()
    entry = archive.own(NOUN, month, run_id)
    return {} if entry is None else archive.files(entry)


def _visible_statement(drop: Landed, status: str, accounts: int, differing: int) -> "Statement":

    hours = drop.age / timedelta(hours=1)
    numbers: dict[str, int | float | str] = {
        "status": status,
        "hours_since_sent": round(hours, 1),
        "accounts": accounts,
        "accounts_differing": differing,
    }
    match status:
        case "visible":
            says = f"CloudZero's billed cost shows the credits of {all_of(accounts, 'account')}."
            return Statement(VISIBLE, passed=True, blocking=True, message=says, metrics=numbers)
        case "not_visible_yet":
            late = drop.age > _LATE
            says = f"Not visible yet, {hours:.0f} hours after it was sent." + (
                " That is longer than CloudZero should need: ask its support about the stream."
                if late
                else " CloudZero needs up to a day."
            )
            return Statement(
                VISIBLE, passed=not late, blocking=False, message=says, metrics=numbers
            )
        case _:
            says = (
                f"CloudZero's billed cost of {drop.month} differs from what was sent for "
                f"{counted(differing, 'account')}. What to do: see whether the stream still holds "
                "the drop, and whether another feeder or a setting in CloudZero changes its "
                "credits."
            )
            return Statement(VISIBLE, passed=False, blocking=True, message=says, metrics=numbers)


def _bill_statement(drop: Landed, twice: "pl.DataFrame") -> "Statement":
    month, booked = drop.month, drop.receipt.proposal.get("booked", "")
    says = f"AWS's own bill has no credit of {month} for the accounts that were sent."
    if twice.height and booked in _MEANT:
        says = (
            f"AWS's own bill has credits of {month} for {twice.height:,} of the accounts that "
            f"were sent. {_MEANT[booked]}"
        )
    elif twice.height:
        says = (
            f"AWS's own bill has credits of {month} for {twice.height:,} of the accounts that "
            "were sent, so they may count twice. What to do: if they are the same credits, "
            "clear the month here, or leave these accounts out of its file."
        )
    return Statement(
        NOT_ON_THE_BILL,
        passed=twice.is_empty() or booked in _MEANT,
        blocking=False,
        message=says,
        metrics={"accounts_with_both": twice.height},
    )
