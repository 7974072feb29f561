"""A file's entries with ids and amounts read, and what the signs of the whole file mean."""

from dataclasses import dataclass

import polars as pl

from credits_pipeline.billing.money import USD
from credits_pipeline.credits.decisions import Decisions
from credits_pipeline.credits.findings import Convention, SignFacts
from credits_pipeline.credits.reading.accounts import read_accounts
from credits_pipeline.credits.reading.amounts import read_amounts
from credits_pipeline.credits.reading.controls import ReadTotal, decimals_of
from credits_pipeline.credits.reading.extract import Extract, StatedTotal
from credits_pipeline.credits.reading.refusal import Refusal

_BAD_TOTAL = "a total that is not an amount"


@dataclass(frozen=True)
class ReadEntries:
    """A file's entries, read.

    Attributes:
        frame: the entries with `id`, `usd` (signed as credits, null where unreadable) and
            `fault`; `padded` and `floated` if any id was.
        totals: the stated totals that could be read.
        bad_totals: total records whose amount can't be read; they are in `frame` as faults.
        faulty: whether any entry has a fault.
        mark: the file's decimal mark.
        signs: over the whole file.
    """

    frame: pl.DataFrame
    totals: tuple[ReadTotal, ...]
    bad_totals: tuple[StatedTotal, ...]
    faulty: bool
    mark: str
    signs: SignFacts


def read_entries(extract: Extract, decisions: Decisions, *, name: str) -> ReadEntries:
    """Read ids and amounts, and decide what the signs of the whole file mean.

    Raises:
        Refusal: the amounts can't be told (see `read_amounts`), or the total of a row or column.
    """
    entries = extract.entries
    stated = [total for total in extract.totals if total.amount.strip()]
    cells, lines = entries["amount"], entries["line"]
    if stated:
        cells = pl.concat([cells, pl.Series([t.amount for t in stated], dtype=pl.String)])
        lines = pl.concat([lines, pl.Series([t.line for t in stated], dtype=pl.Int64)])
    accounts = read_accounts(entries["account"], all_plain=extract.plain)
    amounts = read_amounts(cells, lines, all_plain=extract.plain, name=name)
    written = amounts.usd.head(len(entries))
    signs = _signs(written, extract.convention, decisions)
    factor = -1 if signs.taken_as == "negative_is_credit" else 1
    usd = written if factor > 0 else (-written).cast(USD)
    frame = entries.with_columns(accounts.ids.alias("id"), usd.alias("usd"))
    faults = [
        fault.alias(f"f{index}")
        for index, fault in enumerate(
            (
                entries["fault"] if entries["fault"].null_count() < len(entries) else None,
                accounts.faults,
                None if amounts.faults is None else amounts.faults.head(len(entries)),
            )
        )
        if fault is not None
    ]
    if faults:
        frame = frame.with_columns(
            pl.DataFrame(faults).select(pl.coalesce(pl.all()).alias("fault")).to_series()
        )
    if accounts.padded is not None:
        frame = frame.with_columns(accounts.padded.alias("padded"))
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
        faulty=bool(bad) or any(fault.null_count() < len(fault) for fault in faults),
        mark=amounts.mark,
        signs=signs,
    )


def _with_bad_totals(
    frame: pl.DataFrame, bad: tuple[StatedTotal, ...], *, name: str
) -> pl.DataFrame:
    for total in bad:
        if not total.is_record:
            raise Refusal(
                f"{name}, line {total.line}: the total {total.amount.strip()!r} is not an amount;"
                " correct it, or remove the totals."
            )
    more = pl.DataFrame(
        {
            "line": [total.line for total in bad],
            "account": [total.label for total in bad],
            "amount": [total.amount for total in bad],
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
