"""Leaves out accounts that CloudZero does not know, within limits (design decision 10)."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from credits_pipeline.core.money import for_people
from credits_pipeline.credits.cloudzero.cbf import ACCOUNT, usd_of

#: For a person who finds a month blocked because of its accounts.
WHAT_TO_DO = (
    "Look at the accounts left out. If they are right, wait: the month is sent by itself once "
    "CloudZero knows them. To send them now, set CREDITS_UNKNOWN_ACCOUNTS to send."
)


@dataclass(frozen=True)
class UnknownLimits:
    """From where on unknown accounts mean that the list of known ones is wrong.

    Attributes:
        usd: the share of the dollars, claw-backs counted as dollars too.
        rows: the share of the rows.
    """

    usd: Decimal = Decimal("0.05")
    rows: Decimal = Decimal("0.10")


@dataclass(frozen=True, eq=False)
class KnownAccounts:
    """A month's rows, split by whether their account is known.

    Attributes:
        sent: the rows to send.
        left_out: the rows of accounts that CloudZero does not know.
        checked: whether there was a list to check against; None if not requested.
        blocked: why nothing may be sent, or None.
    """

    sent: pl.DataFrame
    left_out: pl.DataFrame
    checked: bool | None
    blocked: str | None = None

    @property
    def left_out_usd(self) -> Decimal:
        """Dollars of credit left out."""
        return Decimal(0) if self.left_out.is_empty() else Decimal(usd_of(self.left_out).sum())


def leave_out_unknown(
    rows: pl.DataFrame,
    known: AbstractSet[str] | None,
    held: pl.DataFrame,
    limits: UnknownLimits | None = None,
) -> KnownAccounts:
    """Split rows into those of known accounts and the others.

    Args:
        rows: rows of `CbfRows`.
        known: accounts with cost in CloudZero; None if CloudZero could not be asked, or answered
            in part: then everything is sent, and reported as *not checked*.
        held: what this stream holds for the month: its accounts are known, so leaving out never
            removes a row that is there.
        limits: the limits.
    """
    if known is None:
        return KnownAccounts(rows, rows.clear(), checked=False)
    limits = limits or UnknownLimits()
    here = held[ACCOUNT].drop_nulls() if ACCOUNT in held.columns else pl.Series([], dtype=pl.String)
    is_known = rows[ACCOUNT].is_in([*known]) | rows[ACCOUNT].is_in(here.unique().to_list())
    left_out = rows.filter(~is_known)
    usd = usd_of(rows).abs()
    lost, total = Decimal(usd.filter(~is_known).sum()), Decimal(usd.sum())
    blocked = None
    if left_out.height > rows.height * limits.rows or lost > total * limits.usd:
        blocked = (
            f"{left_out.height} of {rows.height} accounts, with {for_people(lost)} of "
            f"{for_people(total)}, are not known to CloudZero. More than {limits.rows:%} "
            f"of the rows or {limits.usd:%} of the dollars means that the list of known "
            "accounts is wrong, or the file."
        )
    return KnownAccounts(rows.filter(is_known), left_out, checked=True, blocked=blocked)
