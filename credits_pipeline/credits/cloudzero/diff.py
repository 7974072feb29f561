"""What a drop changes, account by account, against what CloudZero holds now."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

import polars as pl

from credits_pipeline.core.columns import USD
from credits_pipeline.core.money import to_text
from credits_pipeline.credits.cloudzero.cbf import ACCOUNT, COST
from credits_pipeline.credits.cloudzero.difference import canonical_amounts
from credits_pipeline.credits.cloudzero.errors import WrongAnswerError

Change = Literal["added", "removed", "changed", "unchanged"]
CHANGES: tuple[Change, ...] = ("added", "removed", "changed", "unchanged")

_ROWS_AT_ONCE = 32_768
#: An account's credit before and after; null where it has none.
DIFF = pl.Schema(
    [("account", pl.String()), ("old_usd", USD), ("new_usd", USD), ("change", pl.String())]
)


@dataclass(frozen=True, eq=False)
class Diff:
    """The change of a month by account, a table of `DIFF`. Dollars are signed as credits."""

    accounts: pl.DataFrame

    def of(self, change: Change) -> pl.DataFrame:
        """The accounts of one kind of change, sorted."""
        return self.accounts.filter(pl.col("change") == change)

    @cached_property
    def counts(self) -> dict[Change, int]:
        """How many accounts each kind of change has."""
        return {change: self.of(change).height for change in CHANGES}

    @cached_property
    def old_usd(self) -> Decimal:
        """What CloudZero holds."""
        return _sum(self.accounts["old_usd"])

    @cached_property
    def new_usd(self) -> Decimal:
        """What it should hold."""
        return _sum(self.accounts["new_usd"])

    @property
    def summary(self) -> dict[str, Any]:
        """Counts and dollars as plain values, amounts as text, for receipt and attempt."""
        kinds: dict[str, Any] = {
            change: {
                "accounts": rows.height,
                "old_usd": to_text(_sum(rows["old_usd"])),
                "new_usd": to_text(_sum(rows["new_usd"])),
            }
            for change, rows in ((change, self.of(change)) for change in CHANGES)
        }
        return {**kinds, "old_usd": to_text(self.old_usd), "new_usd": to_text(self.new_usd)}


def compare(held: pl.DataFrame, new: pl.DataFrame) -> Diff:
    """Compare what CloudZero holds with what it should hold.

    Args:
        held: rows as CloudZero returns them; several rows of an account are added up, and rows
            without an account are listed under the empty text.
        new: rows of `CbfRows`.

    Raises:
        WrongAnswerError: CloudZero holds an amount that is not a number.
    """
    old = credit_by_account(held).rename({"usd": "old_usd"}).sort("account")
    wanted = credit_by_account(new).rename({"usd": "new_usd"}).sort("account")
    parts = [_compared(*pair) for pair in _ranges(old, wanted)]
    return Diff(pl.concat(parts) if parts else DIFF.to_frame())


def _compared(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    old_usd, new_usd = pl.col("old_usd"), pl.col("new_usd")
    change = (
        pl.when(old_usd.is_null())
        .then(pl.lit("added"))
        .when(new_usd.is_null())
        .then(pl.lit("removed"))
        .when(old_usd != new_usd)
        .then(pl.lit("changed"))
        .otherwise(pl.lit("unchanged"))
    )
    return (
        old.join(new, on="account", how="full", coalesce=True)
        .with_columns(change.alias("change"))
        .select(DIFF.names())
        .sort("account")
    )


def _ranges(one: pl.DataFrame, other: pl.DataFrame) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Both tables, sorted by account, in ranges of the same accounts.

    Joining a full month at once takes as much memory again as everything else in a drop.
    """
    larger = one if one.height > other.height else other
    marks = larger["account"].gather_every(_ROWS_AT_ONCE, offset=_ROWS_AT_ONCE)
    ends = [
        [*table["account"].search_sorted(marks).to_list(), table.height] for table in (one, other)
    ]
    begun = (0, 0)
    for here in zip(*ends, strict=True):
        yield tuple(  # type: ignore[misc] # a pair, as the tables are
            table.slice(first, end - first)
            for table, first, end in zip((one, other), begun, here, strict=True)
        )
        begun = here


def credit_by_account(rows: pl.DataFrame) -> pl.DataFrame:
    """Columns ``account`` and ``usd``: the credit of each account, a credit positive.

    Raises:
        WrongAnswerError: an amount is not a number.
    """
    if rows.is_empty():
        return pl.DataFrame(schema={"account": pl.String, "usd": USD})
    account = rows[ACCOUNT].fill_null("") if ACCOUNT in rows.columns else _empty(rows.height)
    written = rows[COST].fill_null("") if COST in rows.columns else _empty(rows.height)
    cost = written.cast(USD, strict=False)
    if cost.null_count():
        # Spellings that polars does not accept, such as with spaces around.
        cost = cost.fill_null(canonical_amounts(written).cast(USD, strict=False))
    if cost.null_count():
        odd = pl.DataFrame({"account": account, "cost": written}).filter(cost.is_null())
        raise WrongAnswerError(
            f"CloudZero holds {odd.height} rows whose cost is not a number, the first "
            f"{odd['cost'][0]!r} for account {odd['account'][0] or '(none)'}.",
            "Look at the stream's month in CloudZero, and replace it by hand.",
        )
    credit = pl.DataFrame({"account": account, "usd": -cost})
    if account.n_unique() == account.len():
        return credit
    return credit.group_by("account").agg(pl.col("usd").sum()).cast({"usd": USD})


def _empty(height: int) -> pl.Series:
    return pl.Series([""], dtype=pl.String).new_from_index(0, height)


def _sum(column: pl.Series) -> Decimal:
    return Decimal(column.sum() or 0)
