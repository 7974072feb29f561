"""Several rows of one account: which of them count, and why."""

from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from credits_pipeline.credits.model.decisions import Decisions
from credits_pipeline.credits.model.findings import Several
from credits_pipeline.credits.reading.controls import ReadTotal, rounding
from credits_pipeline.credits.reading.sums import exact_sum

#: Account ids have 40 bits; a month beside one needs 15.
_MONTHS = 2**16


@dataclass(frozen=True)
class Counted:
    """A file's entries, with what counts.

    Attributes:
        frame: the entries with `counts`, Boolean, and `repeats`, Boolean: the record is equal word
            for word to an earlier one of its account and month.
        rule: what was done with an account's further rows, by month (None if the file names no
            month); months without such rows are left out.
    """

    frame: pl.DataFrame
    rule: dict[int | None, Several]


def counted(
    frame: pl.DataFrame,
    totals: tuple[ReadTotal, ...],
    decisions: Decisions,
    *,
    adds_up: bool,
    first_counts: bool,
) -> Counted:
    """Decide about every account with more than one row in a month.

    Args:
        frame: the entries of the file.
        totals: the totals that the file states.
        decisions: what a person decided.
        adds_up: the layout knows that an account's rows are parts of one credit.
        first_counts: the layout's rule is that the first row counts.
    """
    good = _good(frame)
    unchanged = frame.with_columns(good.alias("counts"), repeats=pl.lit(value=False))
    if adds_up or not _any_again(frame):
        return Counted(unchanged, {})
    wanted = {"month": pl.Int32, "twin": pl.Int64}
    given = frame.with_columns(
        pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in wanted.items()
        if name not in frame.columns
    )
    keys = ["id", "month"]
    again = (
        given.with_columns(good=good)
        .select(pl.col("good") & (pl.int_range(pl.len()).over([*keys, "good"]) > 0))
        .to_series()
    )
    if not again.any():
        return Counted(unchanged, {})
    months = given.filter(again)["month"].unique().to_list()
    repeats = _repeats(given, good, keys)
    if decisions.duplicates == "sum":
        return Counted(
            frame.with_columns(counts=good, repeats=repeats), dict.fromkeys(months, "sum")
        )
    first_only = good & ~again
    if first_counts:
        return Counted(
            frame.with_columns(counts=first_only, repeats=repeats), dict.fromkeys(months, "first")
        )
    summed = good & ~repeats
    differing = summed & ~first_only
    rule: dict[int | None, Several] = {}
    for month in months:
        here = given["month"].eq_missing(month)
        if not (differing & here).any():
            rule[month] = "first"
        else:
            rule[month] = "total" if _proved(given, summed, totals, month) else "ask"
    kept = [month for month, several in rule.items() if several == "total"]
    proved = given["month"].is_in(kept, nulls_equal=True)
    counts = pl.select(pl.when(proved).then(summed).otherwise(first_only)).to_series()
    return Counted(frame.with_columns(counts=counts.alias("counts"), repeats=repeats), rule)


def _good(frame: pl.DataFrame) -> pl.Series:
    """Entries that belong in the table: they are readable, and are credits."""
    reasons = [pl.col(name).is_null() for name in ("fault", "excluded") if name in frame.columns]
    if not reasons:
        return pl.repeat(value=True, n=len(frame), eager=True, dtype=pl.Boolean)
    return frame.select(pl.all_horizontal(reasons).alias("good")).to_series()


def _any_again(frame: pl.DataFrame) -> bool:
    """Whether any account has two entries in a month; fast, because most files have none."""
    keys = frame["id"].drop_nulls().cast(pl.UInt64)
    if "month" in frame.columns:
        keys = (
            frame.select(
                pl.col("id").cast(pl.UInt64) * _MONTHS + pl.col("month").fill_null(_MONTHS - 1)
            )
            .to_series()
            .drop_nulls()
        )
    return keys.n_unique() < len(keys)


def _repeats(given: pl.DataFrame, good: pl.Series, keys: list[str]) -> pl.Series:
    """Entries that are equal word for word to an earlier one of their account and month."""
    if given["twin"].null_count() == len(given):
        return pl.repeat(value=False, n=len(given), eager=True, dtype=pl.Boolean).alias("repeats")
    return (
        given.with_columns(good=good)
        .select(
            (
                pl.col("good")
                & pl.col("twin").is_not_null()
                & (pl.int_range(pl.len()).over([*keys, "good", "twin"]) > 0)
            ).alias("repeats")
        )
        .to_series()
    )


def _proved(
    given: pl.DataFrame, summed: pl.Series, totals: tuple[ReadTotal, ...], month: int | None
) -> bool:
    """Whether a total of all rows is the sum with the differing rows added up."""
    for total in totals:
        if total.said.scope != "all" or total.said.month not in {None, month}:
            continue
        rows = summed
        if total.said.month is not None:
            rows = rows & given["month"].eq_missing(month)
        usd = exact_sum(given["usd"].filter(rows))
        tolerance: Decimal = rounding(usd, decimals=total.decimals)
        if abs(usd - total.usd) <= tolerance:
            return True
    return False
