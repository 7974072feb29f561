"""When a credit runs out: from the pace of its closed months and from its expiry, with a range.

Pure. The pace is that of the last three closed months, the range that of the fastest and slowest of
the last six. AWS's estimates for open bills count in what is left, but in no pace.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_DOWN, Decimal
from enum import StrEnum

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.ledger.credit import Credit, LedgerMonth

_PACE_MONTHS, _RANGE_MONTHS = 3, 6
#: Further ahead, a pace of a few months means nothing.
_FAR = timedelta(days=3650)
_CENT = Decimal("0.01")


class State(StrEnum):
    """How a credit will end."""

    #: It is used up before it expires.
    RUNS_OUT = "runs out"
    #: It expires with money left.
    EXPIRES = "expires with money left"
    #: Nothing is left of it.
    USED_UP = "used up"
    #: It has expired.
    EXPIRED = "expired"
    #: It is not used, or no closed month is known, and it does not expire.
    STAYS = "stays"


@dataclass(frozen=True)
class Outlook:
    """The expected end of one credit.

    Attributes:
        credit: which.
        as_of: the day of its balance.
        state: how it will end.
        a_month: what it gave in 30 days at its pace; None if no closed month is known.
        runs_out: the day on which it is used up at its pace; None if it expires before that.
        earliest: the same at the fastest pace.
        latest: the same at the slowest; None if that never uses it up before its expiry.
        lost: what expires with it at its pace.
        lost_at_most: the same at the slowest pace.
    """

    credit: Credit
    as_of: date
    state: State
    a_month: Decimal | None
    runs_out: date | None = None
    earliest: date | None = None
    latest: date | None = None
    lost: Decimal = Decimal(0)
    lost_at_most: Decimal = Decimal(0)


def outlook(credit: Credit, months: Iterable[LedgerMonth], as_of: date) -> Outlook:
    """The expected end of a credit.

    Args:
        credit: with what is left of it.
        months: of its payer's ledger; unknown ones and those that may still change give no pace.
        as_of: the day of its balance.
    """
    paces = _paces(credit, months, as_of)
    usual = sum(paces[:_PACE_MONTHS], Decimal(0)) / max(1, len(paces[:_PACE_MONTHS]))
    a_month = (usual * 30).quantize(_CENT, ROUND_DOWN) if paces else None
    if credit.left <= 0:
        return Outlook(credit, as_of, State.USED_UP, a_month)
    if credit.expiry is not None and credit.expiry <= as_of:
        return Outlook(credit, as_of, State.EXPIRED, a_month, lost=credit.left)
    fast, slow = max(paces, default=Decimal(0)), min(paces, default=Decimal(0))
    runs_out = _used_up(credit, usual, as_of)
    lost = _lost(credit, usual, as_of)
    state = State.RUNS_OUT if runs_out else State.EXPIRES if credit.expiry else State.STAYS
    return Outlook(
        credit,
        as_of,
        state,
        a_month,
        runs_out,
        _used_up(credit, fast, as_of),
        _used_up(credit, slow, as_of),
        lost,
        _lost(credit, slow, as_of),
    )


def outlooks(
    credits: Sequence[Credit], months: Sequence[LedgerMonth], as_of: date
) -> tuple[Outlook, ...]:
    """The outlook of each credit, the nearest end first."""
    found = [outlook(one, months, as_of) for one in credits]
    return tuple(
        sorted(
            found,
            key=lambda one: (
                one.state in (State.USED_UP, State.EXPIRED),
                one.runs_out or one.credit.expiry or date.max,
                one.credit.id,
            ),
        )
    )


def _paces(credit: Credit, months: Iterable[LedgerMonth], as_of: date) -> list[Decimal]:
    """Dollars per day of each closed month since the credit began, the newest first."""
    known = {one.month: one for one in months if one.complete and not one.estimated}
    first = BillingMonth(credit.start.year, credit.start.month)
    found: list[Decimal] = []
    month = BillingMonth(as_of.year, as_of.month)
    for _ in range(_RANGE_MONTHS + 1):
        month = month.shift(-1)
        ledger = known.get(month)
        if month < first:
            break
        if ledger is None:
            # An open month has no pace yet; a gap further back ends what is known.
            if found:
                break
            continue
        days = max(1, min(month.hours // 24, (month.end.date() - credit.start).days + 1))
        found.append(max(Decimal(0), ledger.by_credit().get(credit.id, Decimal(0))) / days)
    return found[:_RANGE_MONTHS]


def _used_up(credit: Credit, a_day: Decimal, as_of: date) -> date | None:
    """The day on which nothing is left, if that is before the expiry."""
    if a_day <= 0:
        return None
    days = int((credit.left / a_day).to_integral_value(ROUND_CEILING))
    if days > _FAR.days:
        return None
    day = as_of + timedelta(days=days)
    return day if credit.expiry is None or day < credit.expiry else None


def _lost(credit: Credit, a_day: Decimal, as_of: date) -> Decimal:
    if credit.expiry is None:
        return Decimal(0)
    used = a_day * (credit.expiry - as_of).days
    return max(Decimal(0), credit.left - used).quantize(_CENT, ROUND_DOWN)
