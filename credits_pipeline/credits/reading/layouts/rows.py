"""What the layouts with one record per row have in common: blanks, totals and quotes that don't fit."""

import polars as pl

from credits_pipeline.credits.findings import Convention
from credits_pipeline.credits.reading.characters import clean
from credits_pipeline.credits.reading.extract import ENTRIES, Extract, StatedTotal
from credits_pipeline.credits.reading.grid import Grid
from credits_pipeline.credits.reading.totals import is_subtotal, is_total

_TWELVE_DIGITS = r"^[0-9]{12}$"
_MALFORMED = "quotes that do not fit: a quote is missing, or one too many"


def entries_by_row(
    grid: Grid,
    *,
    layout: str,
    version: int,
    convention: Convention,
    account: pl.Series,
    amount: pl.Series,
    faults: pl.Series | None = None,
) -> Extract:
    """Sort the rows of a grid into entries, stated totals and blanks.

    Args:
        grid: the records.
        layout: the layout's name.
        version: the version of its reading.
        convention: the sign that means credit in it.
        account: String, the account cell of every record.
        amount: String, the amount cell of every record.
        faults: String, the layout's own reason against a record; None if there are none.
    """
    entries = pl.DataFrame(
        [grid.lines.alias("line"), account.alias("account"), amount.alias("amount")]
    )
    if account.str.contains(_TWELVE_DIGITS).fill_null(value=False).all() and faults is None:
        return Extract(
            layout=layout,
            version=version,
            convention=convention,
            entries=_complete(entries, grid.malformed),
            records=grid.height,
            blank=0,
        )
    blank = _blank(grid)
    labels = account.filter(~account.str.contains(r"[0-9]").fill_null(value=True)).unique()
    totalling = [label for label in labels.to_list() if is_total(label)]
    is_total_row = account.is_in(totalling).fill_null(value=False)
    stated = entries.filter(is_total_row & ~blank)
    return Extract(
        layout=layout,
        version=version,
        convention=convention,
        entries=_complete(
            entries.with_columns(fault=faults) if faults is not None else entries,
            grid.malformed,
        ).filter(~(blank | is_total_row)),
        records=grid.height,
        blank=int(blank.sum()),
        totals=_stated(stated),
    )


def _blank(grid: Grid) -> pl.Series:
    frame = pl.DataFrame([c.alias(f"c{i}") for i, c in enumerate(grid.columns)])
    return frame.select(
        pl.all_horizontal(pl.all().fill_null("").str.strip_chars() == "")
    ).to_series()


def _stated(rows: pl.DataFrame) -> tuple[StatedTotal, ...]:
    totals = []
    after = 0
    for line, label, amount in rows.iter_rows():
        totals.append(
            StatedTotal(
                line=line,
                label=clean(label),
                amount=amount or "",
                after=after if is_subtotal(label) else 0,
            )
        )
        after = line
    return tuple(totals)


def _complete(entries: pl.DataFrame, malformed: pl.Series | None) -> pl.DataFrame:
    missing = [
        pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in ENTRIES.items()
        if name not in entries.columns
    ]
    complete = entries.with_columns(missing).select(list(ENTRIES))
    if malformed is None:
        return complete
    return complete.with_columns(
        fault=pl.when(malformed).then(pl.lit(_MALFORMED)).otherwise("fault")
    )
