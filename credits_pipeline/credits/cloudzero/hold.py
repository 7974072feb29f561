"""Whether a change is so large that a person must approve it first (design decision 11)."""

from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from credits_pipeline.core.money import for_people
from credits_pipeline.credits.cloudzero.diff import Diff

#: Accounts that a reason names.
_NAMED = 3


@dataclass(frozen=True)
class HoldLimits:
    """From where on a change is held.

    Attributes:
        growth: a total above this many times the reference, or below its reciprocal, is held.
        going: the share of the accounts, or of their dollars, that may lose all credit unheld.
    """

    growth: Decimal = Decimal(5)
    going: Decimal = Decimal("0.5")


def hold(
    diff: Diff, last_verified_usd: Decimal | None = None, limits: HoldLimits | None = None
) -> str | None:
    """Say why a change is held, or None if it may be sent.

    The total is compared with what CloudZero holds for the month, or, if it holds nothing, with the
    usual total of the earlier verified months. Without history there is no hold. An account goes if
    it has credit now and would have none; accounts at zero have nothing to lose. A zero in the file
    is held however small the account: an empty cell reads as zero too, and nobody should lose a
    credit through one unasked.

    Args:
        diff: the change by account.
        last_verified_usd: the usual total of the earlier verified months, if there are any.
        limits: from where on a change is held.
    """
    limits = limits or HoldLimits()
    reasons = [
        reason
        for reason in (
            _total(diff, last_verified_usd, limits),
            *_going(diff, limits),
            _zeroed(diff),
        )
        if reason
    ]
    return "; ".join(reasons) or None


def _total(diff: Diff, last_verified_usd: Decimal | None, limits: HoldLimits) -> str | None:
    if diff.old_usd:
        reference, named = diff.old_usd, "that CloudZero holds for this month"
    elif last_verified_usd:
        reference, named = last_verified_usd, "that the verified months before had"
    else:
        return None
    new = diff.new_usd
    told = f"the total {for_people(new)} against {for_people(reference)} {named}"
    if new and (new > 0) != (reference > 0):
        return f"{told} changes its sign"
    if abs(new) > abs(reference) * limits.growth:
        return f"{told} is more than {limits.growth:f} times as much"
    if abs(new) * limits.growth < abs(reference):
        return f"{told} is less than 1/{limits.growth:f} of it"
    return None


def _going(diff: Diff, limits: HoldLimits) -> tuple[str | None, str | None]:
    held = diff.accounts.filter(pl.col("old_usd") != 0)
    gone = held.filter(pl.col("new_usd").fill_null(0) == 0)
    held_usd = Decimal(held["old_usd"].abs().sum() or 0)
    gone_usd = Decimal(gone["old_usd"].abs().sum() or 0)
    share = f"more than {limits.going:%}"
    return (
        f"{gone.height} of {held.height} accounts would lose all of their credit, {share}"
        if gone.height > held.height * limits.going
        else None,
        f"{for_people(gone_usd)} of {for_people(held_usd)} would go with accounts that lose all of "
        f"their credit, {share}"
        if gone_usd > held_usd * limits.going
        else None,
    )


def _zeroed(diff: Diff) -> str | None:
    zeroed = diff.accounts.filter((pl.col("old_usd") != 0) & (pl.col("new_usd") == 0))
    if zeroed.is_empty():
        return None
    named = ", ".join(zeroed["account"].head(_NAMED))
    more = f" and {zeroed.height - _NAMED:,} more" if zeroed.height > _NAMED else ""
    usd = for_people(Decimal(zeroed["old_usd"].sum()))
    return (
        f"{usd} of credit would go with accounts whose amount is zero or empty in the file: "
        f"{named}{more}"
    )
