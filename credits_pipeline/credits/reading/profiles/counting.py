"""Which rows count: by the values of their columns, and by their currency."""

from dataclasses import dataclass

import polars as pl

from credits_pipeline.credits.reading.characters import clean
from credits_pipeline.credits.reading.columns import role_of
from credits_pipeline.credits.reading.profiles.profile import RowRule, cell_key
from credits_pipeline.credits.reading.profiles.table import Table, either, mapped, quoted
from credits_pipeline.credits.reading.refusal import UnreadableFile
from credits_pipeline.credits.reading.roles import Role
from credits_pipeline.credits.reading.values import Values

_DOLLARS = frozenset({"usd", "us$", "$", "us dollar", "us dollars"})
_SHOWN = 3


@dataclass(frozen=True)
class Counting:
    """Which rows count.

    Attributes:
        reason: String by row: why it is not a credit; null if nothing says so.
        estimated: Boolean by row: it counts, and may still change.
    """

    reason: pl.Series
    estimated: pl.Series


def count_rows(table: Table, is_total: pl.Series, *, accept_estimates: bool) -> Counting:
    """Apply every rule to every row but the totals.

    Raises:
        UnreadableFile: a value is in no list of its rule, or an estimate was not accepted.
    """
    height = table.grid.height
    reason = pl.Series("reason", [None] * height, dtype=pl.String)
    estimated = pl.Series("estimated", [False] * height, dtype=pl.Boolean)
    for rule in table.profile.rows:
        cells = table.column(rule.column)
        kinds = mapped(cells, lambda cell, rule=rule: _kind(rule, cell), pl.String)  # type: ignore[misc]
        still_counts = reason.is_null() & ~is_total
        unknown = still_counts & (kinds == "unknown")
        if unknown.any():
            raise _unknown(table, rule, cells, unknown)
        estimate = still_counts & (kinds == "estimate")
        if estimate.any() and not accept_estimates:
            raise _estimate(table, rule, cells, estimate)
        estimated |= estimate
        title = table.title(rule.column)
        left_out = pl.DataFrame([kinds.alias("kind"), cells.alias("cell")]).select(
            pl.when(pl.col("kind") == "leave_out").then(pl.col("cell").fill_null(""))
        )
        says = mapped(
            left_out.to_series(),
            lambda cell, title=title: None if cell is None else f"{title} {quoted(cell)}",  # type: ignore[misc]
            pl.String,
        )
        reason = either(reason, says)
    return Counting(reason, estimated & reason.is_null())


def _kind(rule: RowRule, cell: str | None) -> str:
    key = cell_key(cell or "")
    for kind in ("count", "leave_out", "estimate"):
        if key in {cell_key(value) for value in getattr(rule, kind)}:
            return kind
    return "leave_out" if rule.others == "leave_out" else "unknown"


def _unknown(table: Table, rule: RowRule, cells: pl.Series, rows: pl.Series) -> UnreadableFile:
    values = list(dict.fromkeys(quoted(cell) for cell in cells.filter(rows)))
    shown = ", ".join(values[:_SHOWN]) + (" and more" if len(values) > _SHOWN else "")
    column = table.title(rule.column)
    return table.refused(
        f"has {shown} in the column {column!r}, first in line {table.grid.lines.filter(rows)[0]}:"
        " the profile does not say whether such rows count; say so in a profile of your own, under"
        f" [[rows]] of {column!r}"
    )


def _estimate(table: Table, rule: RowRule, cells: pl.Series, rows: pl.Series) -> UnreadableFile:
    return table.refused(
        f"has {int(rows.sum()):,} estimated rows, the first in line"
        f" {table.grid.lines.filter(rows)[0]} ({table.title(rule.column)} is"
        f" {quoted(cells.filter(rows)[0])}): an estimate still changes; wait for the final bill, or"
        " accept estimates with --accept-estimates"
    )


def foreign_rows(table: Table) -> pl.Series:
    """Boolean by row: the currency column does not say US dollars."""
    if not table.profile.currency:
        return pl.Series("foreign", [False] * table.grid.height, dtype=pl.Boolean)
    cells = table.column(*table.profile.currency)
    return mapped(cells, lambda cell: not _is_dollar(cell), pl.Boolean).alias("foreign")


def refuse_other_currencies(table: Table, counts: pl.Series) -> None:
    """Refuse rows that count in a currency other than US dollars.

    If the profile states US dollars, a currency column is checked even if it is ignored.

    Raises:
        UnreadableFile: there is one.
    """
    if table.profile.currency:
        wrong = counts & foreign_rows(table)
        _refuse(table, table.title(*table.profile.currency), wrong)
        return
    used = table.used
    for index, (key, title) in enumerate(zip(table.keys, table.header, strict=True)):
        cells = table.cells(index)
        if key not in used and role_of(title, Values(cells)) is Role.CURRENCY:
            other = mapped(
                cells, lambda cell: bool(clean(cell or "")) and not _is_dollar(cell), pl.Boolean
            )
            _refuse(table, clean(title), counts & other)


def _refuse(table: Table, title: str, rows: pl.Series) -> None:
    if not rows.any():
        return
    cells = table.column(title)
    raise table.refused(
        f"has {quoted(cells.filter(rows)[0])} in the column {title!r} of line"
        f" {table.grid.lines.filter(rows)[0]}: only US dollars are sent; convert the amounts to USD"
    )


def _is_dollar(cell: str | None) -> bool:
    return cell_key(cell or "") in _DOLLARS
