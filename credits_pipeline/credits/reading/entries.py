"""A file's entries with ids and amounts read, and what the signs of the whole file mean."""

from dataclasses import dataclass, field

import polars as pl

from credits_pipeline.core.columns import USD
from credits_pipeline.credits.model.decisions import Decisions
from credits_pipeline.credits.model.findings import Convention, SignFacts
from credits_pipeline.credits.reading.accounts import read_accounts, rounded_ids
from credits_pipeline.credits.reading.amounts import read_amounts
from credits_pipeline.credits.reading.characters import is_blank
from credits_pipeline.credits.reading.controls import ReadTotal, decimals_of
from credits_pipeline.credits.reading.extract import Extract, StatedTotal, optional
from credits_pipeline.credits.reading.refusal import UnreadableFile

_BAD_TOTAL = "a total that is not an amount"


@dataclass(frozen=True)
class ReadEntries:
    """A file's entries, read.

    Attributes:
        frame: `line`, `id` and `usd` (signed as credits; null where unreadable) of the entries;
            `month`, `column`, `batch`, `twin` and `excluded` as the layout gives them; and, if any
            entry has one, `text`, `fault`, `floated`, and `padded` with `account`, the cell.
        totals: the stated totals that could be read.
        bad_totals: total records whose amount can't be read; they are in `frame` as faults.
        faulty: whether any entry has a fault.
        mark: the file's decimal mark.
        signs: over the whole file.
        blank: lines of rows whose amount is blank, and so zero; a sheet with columns of months has
            none, because its blank cells are the usual way to say that there was no credit.
    """

    frame: pl.DataFrame
    totals: tuple[ReadTotal, ...]
    bad_totals: tuple[StatedTotal, ...]
    faulty: bool
    mark: str
    signs: SignFacts
    blank: pl.Series = field(default_factory=lambda: pl.Series("line", [], dtype=pl.Int64))


def read_entries(extract: Extract, decisions: Decisions, *, name: str) -> ReadEntries:
    """Read ids and amounts, and decide what the signs of the whole file mean.

    Raises:
        UnreadableFile: the amounts are not certain (see `read_amounts`), or the total of a row or
            column.
    """
    entries = extract.entries
    stated = [total for total in extract.totals if total.amount.strip()]
    cells, lines = entries["amount"], entries["line"]
    if stated:
        cells = pl.concat([cells, pl.Series([t.amount for t in stated], dtype=pl.String)])
        lines = pl.concat([lines, pl.Series([t.line for t in stated], dtype=pl.Int64)])
    accounts = read_accounts(entries["account"], all_plain=extract.plain)
    rounded = rounded_ids(accounts.ids)
    if rounded:
        raise UnreadableFile(
            f"{name}: account ids end in six zeros, such as {rounded[0]}: a spreadsheet has rounded"
            " them, and their last digits are gone; format the column as text and export again.",
            layout=extract.layout,
        )
    amounts = read_amounts(cells, lines, all_plain=extract.plain, name=name)
    written = amounts.usd.head(len(entries))
    excluded = optional(entries, "excluded")
    signs = _signs(
        written if excluded is None else written.filter(excluded.is_null()),
        extract.convention,
        decisions,
    )
    factor = -1 if signs.taken_as == "negative_is_credit" else 1
    columns = [
        entries["line"],
        accounts.ids.alias("id"),
        (written if factor > 0 else (-written).cast(USD)).alias("usd"),
    ]
    columns += [
        entries[name] for name in ("month", "column", "batch", "twin") if name in entries.columns
    ]
    text = optional(entries, "text")
    columns += [] if text is None else [text]
    columns += [] if excluded is None else [excluded]
    faults = [
        optional(entries, "fault"),
        accounts.faults,
        None if amounts.faults is None else amounts.faults.head(len(entries)),
    ]
    given = [fault.alias(f"f{i}") for i, fault in enumerate(faults) if fault is not None]
    if given:
        columns.append(pl.DataFrame(given).select(pl.coalesce(pl.all()).alias("fault")).to_series())
    frame = pl.DataFrame(columns)
    if excluded is not None and "fault" in frame.columns:
        frame = frame.with_columns(pl.when(pl.col("excluded").is_null()).then("fault"))
    faulty = "fault" in frame.columns and frame["fault"].null_count() < len(frame)
    if accounts.padded is not None:
        frame = frame.with_columns(accounts.padded.alias("padded"), entries["account"])
    if accounts.floated is not None:
        frame = frame.with_columns(accounts.floated.alias("floated"))
    values = amounts.usd.tail(len(stated)).to_list() if stated else []
    totals = tuple(
        ReadTotal(
            total,
            value if factor > 0 else value.copy_negate(),
            decimals_of(total.amount, amounts.mark),
        )
        for total, value in zip(stated, values, strict=True)
        if value is not None
    )
    bad = tuple(total for total, value in zip(stated, values, strict=True) if value is None)
    if bad:
        frame = _with_bad_totals(frame, bad, name=name)
    return ReadEntries(
        frame=frame,
        totals=totals,
        bad_totals=bad,
        faulty=bool(bad) or faulty,
        mark=amounts.mark,
        signs=signs,
        blank=_blank(entries, frame, zeros=signs.zero > 0),
    )


def _blank(entries: pl.DataFrame, frame: pl.DataFrame, *, zeros: bool) -> pl.Series:
    """The lines of the rows that count and whose amount is blank."""
    if "column" in entries.columns or not zeros:
        return entries["line"].head(0)
    blank = is_blank(pl.col("amount"))
    rows = entries.lazy().filter(blank & pl.col("amount").is_not_null()).select("line").collect()
    if "fault" in frame.columns:
        faulty = frame.filter(pl.col("fault").is_not_null())["line"]
        rows = rows.filter(~pl.col("line").is_in(faulty.unique().implode()))
    return rows["line"]


def _with_bad_totals(
    frame: pl.DataFrame, bad: tuple[StatedTotal, ...], *, name: str
) -> pl.DataFrame:
    for total in bad:
        if not total.is_record:
            raise UnreadableFile(
                f"{name}, line {total.line}: the total {total.amount.strip()!r} is not an amount;"
                " correct it, or remove the totals."
            )
    more = pl.DataFrame(
        {
            "line": [total.line for total in bad],
            "month": pl.Series([total.month for total in bad], dtype=pl.Int32),
            "fault": [_BAD_TOTAL] * len(bad),
        }
    )
    return pl.concat([frame, more], how="diagonal").with_columns(
        pl.col(name).fill_null(value=False)
        for name in ("padded", "floated")
        if name in frame.columns
    )


def _signs(written: pl.Series, convention: Convention, decisions: Decisions) -> SignFacts:
    positive, negative, zero = (
        written.to_frame("usd")
        .select(
            positive=(pl.col("usd") > 0).sum(),
            negative=(pl.col("usd") < 0).sum(),
            zero=(pl.col("usd") == 0).sum(),
        )
        .row(0)
    )
    other: Convention = (
        "negative_is_credit" if convention == "positive_is_credit" else "positive_is_credit"
    )
    against = (
        negative > 0 and positive == 0
        if convention == "positive_is_credit"
        else positive > 0 and negative == 0
    )
    flipped = decisions.signs == "flipped" or (decisions.signs == "auto" and against)
    return SignFacts(
        positive=positive,
        negative=negative,
        zero=zero,
        layout_convention=convention,
        taken_as=other if flipped else convention,
    )
