"""A file that has a profile: a person said once what its columns mean.

Amounts are read here, so that what is left out is reported with its dollars, in one spelling.
"""

from dataclasses import dataclass

import polars as pl

from credits_pipeline.core.columns import text_of
from credits_pipeline.core.money import to_text
from credits_pipeline.credits.model.findings import Convention
from credits_pipeline.credits.reading.accounts import read_accounts
from credits_pipeline.credits.reading.characters import is_blank
from credits_pipeline.credits.reading.extract import Extract, StatedTotal, month_of
from credits_pipeline.credits.reading.grid import Grid
from credits_pipeline.credits.reading.layouts.context import BY_HEADER, Context
from credits_pipeline.credits.reading.layouts.rows import (
    filled_beyond,
    first_fault,
    malformed_faults,
    scope_of,
    twins,
)
from credits_pipeline.credits.reading.profiles.book import Found
from credits_pipeline.credits.reading.profiles.counting import (
    count_rows,
    foreign_rows,
    refuse_other_currencies,
)
from credits_pipeline.credits.reading.profiles.money import Money, read_money
from credits_pipeline.credits.reading.profiles.months import read_months
from credits_pipeline.credits.reading.profiles.profile import Profile
from credits_pipeline.credits.reading.profiles.table import Table
from credits_pipeline.credits.reading.sums import exact_sum

VERSION = 1
_LAYOUT = "profile"
_TOO_MANY = "more cells than the header has"
_SHOWN = 3
#: Three decimals alone could also mean a thousand.
_THOUSAND = 3


@dataclass(frozen=True)
class Profiled:
    """The layout of the file that one profile is for: see `Layout`."""

    found: Found
    NAME: str = _LAYOUT
    VERSION: int = VERSION
    CONVENTION: Convention = "positive_is_credit"

    def recognise(self, head: Grid) -> int:
        """The header is the profile's; otherwise this object would not exist."""
        return BY_HEADER if head.height else 0

    def extract(self, grid: Grid, context: Context) -> Extract:
        """Read the rows that count, and add up those that do not.

        Raises:
            UnreadableFile: the profile does not say what a row means, or forbids it.
        """
        profile = self.found.profile
        table = Table.below(profile, grid, self.found.header, name=context.name)
        totals = table.total_rows()
        is_total = pl.Series(
            "is_total", [index in totals for index in range(table.grid.height)], dtype=pl.Boolean
        )
        counting = count_rows(table, is_total, accept_estimates=context.accept_estimates)
        counts = (counting.reason.is_null() & ~is_total).alias("counts")
        refuse_other_currencies(table, counts)
        money = _money(table, counts | is_total)
        months, no_month = _months(table, is_total)
        frame = pl.DataFrame(
            [
                table.grid.lines.alias("line"),
                table.column(*profile.account).alias("account"),
                money.usd.alias("usd"),
                months.alias("month"),
                _faults(table, money, no_month).alias("fault"),
                foreign_rows(table),
                counting.reason,
                counting.estimated,
                counts,
                is_total,
            ]
        )
        return _extract(table, frame, money, totals, context)


def _money(table: Table, needed: pl.Series) -> Money:
    """The amounts; where they are not needed, those in another currency are skipped."""
    cells = table.column(*table.profile.amount.column)
    dollars = pl.DataFrame([cells.alias("cell"), (needed | ~foreign_rows(table)).alias("read")])
    readable = dollars.select(pl.when("read").then("cell").otherwise(pl.lit("0.00"))).to_series()
    return read_money(readable, table.grid.lines, table.profile.amount, name=table.name)


def _months(table: Table, is_total: pl.Series) -> tuple[pl.Series, pl.Series]:
    said = table.profile.month
    if said is None:
        nothing = pl.Series("month", [None] * table.grid.height, dtype=pl.Int32)
        return nothing, nothing.cast(pl.String)
    names = [said.column] if said.year is None else [(said.year,), (said.number or "",)]
    until = None if said.until is None else table.column(said.until)
    return read_months(
        [table.column(*one) for one in names],
        until,
        table.grid.lines,
        said,
        skip=is_total,
        name=table.name,
    )


def _faults(table: Table, money: Money, no_month: pl.Series) -> pl.Series:
    """String by row: why it can't be read; null where it can."""
    beyond = filled_beyond(table.grid, list(range(len(table.header), table.grid.width)), _TOO_MANY)
    amounts = table.column(*table.profile.amount.column).to_frame("cell")
    blank = amounts.select(
        pl.when(is_blank(pl.col("cell"))).then(pl.lit("no amount")).alias("fault")
    ).to_series()
    found = first_fault(malformed_faults(table.grid), beyond, no_month, money.faults, blank)
    return no_month if found is None else found


def _extract(
    table: Table, frame: pl.DataFrame, money: Money, totals: dict[int, str], context: Context
) -> Extract:
    profile = table.profile
    entries = frame.filter("counts")
    if not len(entries):
        raise table.refused(f"has no row that counts: {_why_none(frame)}")
    convention = _convention(profile, entries)
    if profile.amount.credit != "either" and context.decisions.signs == "auto":
        _refuse_against(table, entries, convention)
    if not profile.sums and context.decisions.duplicates == "first":
        _refuse_several(table, entries)
    dated = profile.month is not None
    kept, elsewhere = _kept(frame, entries, dated=dated)
    stated = _stated(table, frame, totals)
    used = table.used
    twin = None if profile.sums else twins(table.grid, table.column(*profile.account), None)
    return Extract(
        layout=_LAYOUT,
        version=VERSION,
        convention=convention,
        entries=_entries(frame if twin is None else frame.with_columns(twin), kept, dated=dated),
        records=_records(frame.filter(kept), stated, table.aside, dated=dated),
        blank=table.aside,
        totals=stated,
        dated=dated,
        adds_up=profile.sums,
        ignored_columns=tuple(
            cell for cell, key in zip(table.header, table.keys, strict=True) if key not in used
        ),
        warnings=(*_told(profile, money, entries), *elsewhere),
        decimal_mark=money.mark,
        profile=f"{profile.name} {profile.digest}",
    )


def _convention(profile: Profile, entries: pl.DataFrame) -> Convention:
    """The sign of a credit; if the profile leaves it open, the one that all amounts have."""
    if profile.amount.credit == "either":
        all_negative = bool((entries["usd"] < 0).any()) and not (entries["usd"] > 0).any()
        return "negative_is_credit" if all_negative else "positive_is_credit"
    return "negative_is_credit" if profile.amount.credit == "negative" else "positive_is_credit"


def _why_none(frame: pl.DataFrame) -> str:
    left = frame.filter(pl.col("reason").is_not_null())
    if not len(left):
        return "there is no row below its header"
    counts = left["reason"].value_counts(sort=True).head(_SHOWN).iter_rows()
    return ", ".join(f"{rows:,} with {what}" for what, rows in counts)


def _refuse_against(table: Table, entries: pl.DataFrame, convention: Convention) -> None:
    """Refuse amounts that all have the opposite sign of what the profile says credits have."""
    positive, negative = bool((entries["usd"] > 0).any()), bool((entries["usd"] < 0).any())
    if negative in {positive, convention == "negative_is_credit"}:
        return
    said, other = ("negative", "positive") if positive else ("positive", "negative")
    raise table.refused(
        f"has only {other} amounts in the rows that count, and the profile says that credits are"
        f" {said}: correct the file or the profile, or decide signs = as_is if every one of them"
        " takes a credit back"
    )


def _refuse_several(table: Table, entries: pl.DataFrame) -> None:
    """Refuse different rows of one account unless the profile says to add them up."""
    keyed = entries.select(read_accounts(entries["account"]).ids.alias("id"), "month", "line")
    keyed = keyed.filter(pl.col("id").is_not_null())
    again = keyed.filter(pl.struct("id", "month").is_duplicated())
    rows = {line: index for index, line in enumerate(table.grid.lines)} if len(again) else {}
    for (account, _), group in again.group_by("id", "month", maintain_order=True):
        lines = group["line"].to_list()
        different = {tuple(table.grid.rows(rows[line], rows[line] + 1)[0]) for line in lines}
        if len(different) > 1:
            raise table.refused(
                f"has several rows for account {account}, such as lines {lines[0]} and {lines[1]},"
                " and the profile does not say to add them up: write sum = true in it, or decide"
                " duplicates = sum"
            )


def _kept(
    frame: pl.DataFrame, entries: pl.DataFrame, *, dated: bool
) -> tuple[pl.Series, list[str]]:
    """Boolean by row: its month has a row that counts; and what to report about the others."""
    rows = ~frame["is_total"]
    if not dated:
        return rows, []
    months = [month for month in entries["month"].unique() if month is not None]
    elsewhere = rows & frame["month"].is_not_null() & ~frame["month"].is_in(months)
    told = [
        f"{month_of(month)} has no row that counts: {rows:,} with {what}."
        for month, what, rows in frame.filter(elsewhere)
        .group_by("month", "reason", maintain_order=True)
        .len()
        .iter_rows()
    ]
    return rows & ~elsewhere, told


def _entries(frame: pl.DataFrame, kept: pl.Series, *, dated: bool) -> pl.DataFrame:
    """The rows as `ENTRIES`; what is not a credit has dollars if it is in dollars."""
    usable = pl.col("fault").is_null() & (pl.col("counts") | ~pl.col("foreign"))
    currency = pl.when("foreign").then(pl.lit(" in another currency")).otherwise(pl.lit(""))
    return frame.filter(kept).select(
        "line",
        "account",
        pl.when(usable).then(pl.col("usd").cast(pl.String)).alias("amount"),
        *(["month"] if dated else []),
        "fault",
        pl.concat_str("reason", currency).alias("excluded"),
        *(["twin"] if "twin" in frame.columns else []),
    )


def _stated(table: Table, frame: pl.DataFrame, totals: dict[int, str]) -> tuple[StatedTotal, ...]:
    """The totals that rows state. Totals that include left-out rows are not compared."""
    if not totals:
        return ()
    rows = frame.filter(~pl.col("is_total") & ~pl.col("foreign"))
    everything = exact_sum(rows["usd"])
    with_others = bool(rows["reason"].is_not_null().any())
    spelled = frame.select(_spelled(pl.col("usd"))).to_series()
    cells = table.column(*table.profile.amount.column)
    return tuple(
        StatedTotal(
            line=table.grid.lines[index],
            label=label,
            amount=spelled[index] or cells[index] or "",
            scope="none" if with_others and frame["usd"][index] == everything else scope_of(label),
            month=frame["month"][index],
        )
        for index, label in totals.items()
    )


def _records(
    rows: pl.DataFrame, totals: tuple[StatedTotal, ...], aside: int, *, dated: bool
) -> dict[int | None, int]:
    """The records of each month, in the form of `Extract.records`."""
    counts = rows["month"].value_counts().rows() if dated else [(None, len(rows))]
    records: dict[int | None, int] = {None: aside}
    for month, count in [*counts, *((total.month, 1) for total in totals)]:
        records[month] = records.get(month, 0) + count
    return records


def _told(profile: Profile, money: Money, entries: pl.DataFrame) -> list[str]:
    told = []
    if money.rounded:
        amounts = "1 amount was" if money.rounded == 1 else f"{money.rounded:,} amounts were"
        told.append(
            f"{amounts} rounded to {profile.amount.decimals} decimals, as the profile"
            f" {profile.name} says: by {to_text(money.rounded_by)} dollars in all."
        )
    estimates = int(entries["estimated"].sum())
    if estimates:
        rows = "1 row is an estimate" if estimates == 1 else f"{estimates:,} rows are estimates"
        told.append(f"{rows}, accepted by a person: the final bill may differ.")
    return told


def _spelled(usd: pl.Expr) -> pl.Expr:
    """Amounts in a form that can mean only one thing."""
    text = text_of(usd)
    short = text.str.contains(rf"\.[0-9]{{{_THOUSAND}}}$")
    return pl.when(short).then(pl.concat_str(text, pl.lit("0"))).otherwise(text)
