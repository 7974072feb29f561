"""Which accounts CloudZero knows, asked at most once a day (design decision 10).

One answer serves every month of the day: it is stored with the last month in which each account had
cost, so that each billing month can be judged by the three months before it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.delivery.connections import StorageConnection, StreamConnection
from credits_pipeline.credits.delivery.costs import ask, costs_day

if TYPE_CHECKING:
    from credits_pipeline.credits.state.quota import CostsDay


@dataclass(frozen=True)
class Known:
    """The accounts that CloudZero knows for a month.

    Attributes:
        accounts: None if not known; then everything is sent.
        why_not: why it is not known.
    """

    accounts: frozenset[str] | None
    why_not: str = ""


def known_accounts_of(
    month: BillingMonth, *, cloudzero: StreamConnection, storage: StorageConnection
) -> Known:
    """The accounts with cost from three months before a month until today.

    An empty list counts as no answer: a CloudZero that reads no AWS bill can't say which
    accounts it lacks.

    Raises:
        SettingError: CloudZero's settings are missing.
        StorageError: the day's answers can't be stored.
    """
    from credits_pipeline.credits.cloudzero.errors import CloudZeroError  # noqa: PLC0415 - loads httpx
    from credits_pipeline.credits.state.quota import BudgetSpentError  # noqa: PLC0415 - when asked

    day = costs_day(storage)
    known = kept_accounts(month, day, cloudzero)
    if known is None:
        try:
            _ask_for(month, day, cloudzero)
        except (CloudZeroError, BudgetSpentError) as error:
            return Known(None, str(error))
        known = kept_accounts(month, day, cloudzero)
    if not known:
        return Known(None, "CloudZero shows no cost of any AWS account in these months.")
    return Known(known)


def kept_accounts(
    month: BillingMonth, day: "CostsDay", cloudzero: StreamConnection
) -> frozenset[str] | None:
    """The same from the answer stored today; None if none reaches back far enough."""
    first = _first(month)
    for name in day.answers(_prefix(cloudzero)):
        if BillingMonth.parse(name[-len("YYYY-MM") :]) <= first:
            answer = day.answer(name)
            return frozenset(
                account for account, last in answer["last_cost"].items() if last >= str(first)
            )
    return None


def _ask_for(month: BillingMonth, day: "CostsDay", cloudzero: StreamConnection) -> None:
    """Ask and store the answer; it reaches as far back as any that was stored today."""
    from credits_pipeline.credits.cloudzero.confirm import (  # noqa: PLC0415 - loads polars
        KNOWN_BEFORE_MONTHS,
        known_accounts,
        known_accounts_query,
    )

    prefix = _prefix(cloudzero)
    earlier = [BillingMonth.parse(name[-len("YYYY-MM") :]) for name in day.answers(prefix)]
    first = min([_first(month), *earlier])
    query = known_accounts_query(first.shift(KNOWN_BEFORE_MONTHS), day.now.astimezone(UTC).date())
    _, connection_id = cloudzero.address()
    last_cost: dict[str, str] = {}
    for row in ask(cloudzero, day, query, "known accounts"):
        used = str(row.get("usage_date", ""))[: len("YYYY-MM")]
        for account in known_accounts([row], connection_id):
            last_cost[account] = max(used, last_cost.get(account, ""))
    asked_at = datetime.now(UTC).isoformat()
    day.keep(f"{prefix}{first}", {"asked_at": asked_at, "last_cost": last_cost})


def _first(month: BillingMonth) -> BillingMonth:
    from credits_pipeline.credits.cloudzero.confirm import (  # noqa: PLC0415 - loads polars
        KNOWN_BEFORE_MONTHS,
    )

    return month.shift(-KNOWN_BEFORE_MONTHS)


def _prefix(cloudzero: StreamConnection) -> str:
    from credits_pipeline.credits.cloudzero.lock import stream_digest  # noqa: PLC0415 - loads httpx

    return f"known-accounts-{stream_digest(*cloudzero.address())[:8]}-from-"
