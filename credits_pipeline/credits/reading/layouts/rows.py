"""What layouts with one record per row share: blank rows, total rows, unbalanced quotes."""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from credits_pipeline.credits.model.findings import Convention
from credits_pipeline.credits.reading import accounts, amounts, chunked
from credits_pipeline.credits.reading.amounts import parse_amount
from credits_pipeline.credits.reading.characters import clean, is_blank, plain
from credits_pipeline.credits.reading.extract import Extract, Scope, StatedTotal, ordinal
from credits_pipeline.credits.reading.grid import Grid
from credits_pipeline.credits.reading.header_row import Header
from credits_pipeline.credits.reading.lines import Line, Stated, is_ruled, understood
from credits_pipeline.credits.reading.refusal import UnreadableFile
from credits_pipeline.credits.reading.totals import is_subtotal, is_total

MALFORMED = "quotes that do not fit: one is missing, or one too many"
_MOST_TOTALS = 10_000
_LABEL_AND_NUMBER = (
    "an account id, words and a number in one cell: the number can be half of an amount; add a"
    " header, or put quotes round the cells"
)


@dataclass(frozen=True)
class Rows:
    """The rows of a grid, sorted by kind.

    Attributes:
        blank: Boolean by row: nothing in it counts.
        totals: row index and label of the rows that state a total.
        entries: Boolean by row: neither.
        notes: lines with a single text; they are among the blank ones.
    """

    blank: pl.Series
    totals: tuple[tuple[int, str], ...]
    entries: pl.Series
    notes: tuple[Line, ...] = ()


def sort_rows(
    grid: Grid,
    account: pl.Series,
    doubted: pl.Series | None,
    *,
    name: str,
    header: Header | None = None,
) -> Rows:
    """Separate blank rows, total rows and lines that are not rows from the entries.

    A total row has no digits of an id in its account cell, and a total's word there or, if the cell
    is blank, in any other cell. Ruled lines, a repeated header and notes in one cell are not rows.
    Rows whose cells are in doubt are never taken for any of them.

    Raises:
        UnreadableFile: more total rows than any sheet has.
    """
    blank = blank_rows(grid)
    worded = ~blank & ~account.str.contains(r"[0-9]{9}|[\x{FF10}-\x{FF19}]{9}").fill_null(
        value=False
    )
    if doubted is not None:
        worded &= doubted.is_null()
    indices = worded.arg_true().to_list()
    if not indices:
        return Rows(blank, (), ~blank)
    again = None if header is None else _texts(header.cells)
    totals: list[tuple[int, str]] = []
    passed: list[int] = []
    notes: list[Line] = []
    cells = account.filter(worded).to_list()
    rows = frame_of(grid).filter(worded).iter_rows()
    for index, cell, row in zip(indices, cells, rows, strict=True):
        label = clean(cell or "")
        filled = [text for text in row if text is not None and plain(text)]
        labels = [label] if label else filled
        found = next((clean(text) for text in labels if is_total(text)), None)
        if found is not None and len(filled) > 1:
            totals.append((index, found))
        elif (again is not None and _texts(row) == again) or is_ruled(filled):
            passed.append(index)
        elif len(filled) == 1 and _is_note(filled[0]):
            passed.append(index)
            notes.append(Line(grid.lines[index], tuple(filled)))
        if len(totals) > _MOST_TOTALS:
            raise UnreadableFile(
                f"{name}, line {grid.lines[index]}: more than {_MOST_TOTALS:,} rows of totals:"
                f" it is not a sheet of credits."
            )
    blank = blank | _at(passed, grid.height)
    is_total_row = _at([index for index, _ in totals], grid.height)
    return Rows(blank, tuple(totals), ~(blank | is_total_row), tuple(notes))


def _texts(row: Iterable[str | None]) -> tuple[str, ...]:
    """The cells of a record, for comparison with another's."""
    texts = [plain(text or "") for text in row]
    while texts and not texts[-1]:
        texts.pop()
    return tuple(texts)


def _is_note(text: str) -> bool:
    """Whether a single cell is words: not a number, and not an id."""
    return (
        any(map(str.isalpha, text)) and parse_amount(text).fault is not None and not is_total(text)
    )


def _words_of(column: str) -> pl.Expr:
    """Cells as written; those in which nothing is seen are the same."""
    return pl.when(is_blank(pl.col(column))).then(pl.lit("")).otherwise(pl.col(column))


def twins(grid: Grid, account: pl.Series, rows: pl.Series | None) -> pl.Series | None:
    """A number for every record, the same for records that are equal word for word.

    None if no two are. Only records whose account occurs more than once are compared.
    """
    repeated = account.is_duplicated() & account.is_not_null()
    if rows is not None:
        repeated &= rows
    if not repeated.any():
        return None
    frame = frame_of(grid).with_row_index("index").filter(repeated)
    columns = [name for name in frame.columns if name != "index"]
    same = frame.select(
        "index",
        pl.col("index").first().over([_words_of(column) for column in columns]).alias("twin"),
    )
    if same["twin"].n_unique() == len(same):
        return None
    twin = pl.int_range(grid.height, eager=True, dtype=pl.Int64)
    return twin.scatter(same["index"], same["twin"].cast(pl.Int64)).alias("twin")


def blank_rows(grid: Grid) -> pl.Series:
    """Boolean by row: every cell is blank."""
    if not grid.columns:
        return pl.repeat(value=True, n=grid.height, eager=True, dtype=pl.Boolean)
    return frame_of(grid).select(pl.all_horizontal(is_blank(pl.all()))).to_series()


def frame_of(grid: Grid) -> pl.DataFrame:
    """The cells of a grid as a frame of columns ``c0``, ``c1`` and so on."""
    return pl.DataFrame([column.alias(f"c{i}") for i, column in enumerate(grid.columns)])


def filled_beyond(grid: Grid, columns: list[int], reason: str) -> pl.Series | None:
    """String by row: ``reason`` if one of these columns has a value; None if none does."""
    beyond = [index for index in columns if index < grid.width]
    if not beyond:
        return None
    filled = frame_of(grid).select(
        pl.any_horizontal(~is_blank(pl.col(f"c{index}")) for index in beyond).alias("filled")
    )
    if not filled["filled"].any():
        return None
    return filled.select(
        pl.when("filled").then(pl.lit(reason)).otherwise(None).alias("fault")
    ).to_series()


def label_faults(account: pl.Series) -> pl.Series | None:
    """The reason against account cells without a header whose label ends in a number."""
    frame = account.to_frame("cell")
    others = frame.filter(~accounts.is_plain(pl.col("cell")))["cell"].unique().drop_nulls()
    doubted = [cell for cell in others if accounts.is_label_and_number(cell)]
    if not doubted:
        return None
    return frame.select(
        pl.when(pl.col("cell").is_in(doubted)).then(pl.lit(_LABEL_AND_NUMBER)).alias("fault")
    ).to_series()


def first_fault(*faults: pl.Series | None) -> pl.Series | None:
    """The first reason against each row; None if there is none."""
    given = [fault.alias(f"f{i}") for i, fault in enumerate(faults) if fault is not None]
    if not given:
        return None
    return pl.DataFrame(given).select(pl.coalesce(pl.all()).alias("fault")).to_series()


def malformed_faults(grid: Grid) -> pl.Series | None:
    """The reason against rows whose quotes are unbalanced."""
    if grid.malformed is None:
        return None
    return (
        grid.malformed.to_frame("m")
        .select(pl.when("m").then(pl.lit(MALFORMED)).otherwise(None).alias("fault"))
        .to_series()
    )


def extract_rows(
    grid: Grid,
    *,
    layout: str,
    version: int,
    convention: Convention,
    account: pl.Series,
    amount: pl.Series,
    faults: pl.Series | None,
    name: str,
) -> Extract:
    """An extract with one entry per row of a grid without a header, and no month.

    Args:
        grid: the records.
        layout: the layout's name.
        version: the version of its reading.
        convention: the sign that means credit in it.
        account: String, the account cell of every record.
        amount: String, the amount cell of every record.
        faults: String, the layout's own reason against a record; None if there are none.
        name: what to call the file in a refusal.

    Raises:
        UnreadableFile: a line outside the rows says that the amounts are not credits.
    """
    entries = pl.DataFrame(
        [grid.lines.alias("line"), account.alias("account"), amount.alias("amount")]
    )
    if (
        grid.malformed is None
        and faults is None
        and chunked.all_true(
            entries,
            accounts.is_plain(pl.col("account")),
            amounts.is_plain(pl.col("amount")),
        )
    ):
        return Extract(
            layout=layout,
            version=version,
            convention=convention,
            entries=entries,
            records={None: grid.height},
            plain=True,
            first_counts=True,
        )
    fault = first_fault(malformed_faults(grid), faults, label_faults(account))
    rows = sort_rows(grid, account, fault, name=name)
    stated = understood(rows.notes, name=name, layout=layout)
    if stated.charges is not None:
        line, text = stated.charges
        raise UnreadableFile(
            f"{name}, line {line}: {text!r} mentions costs, so the amounts may not be credits; "
            "remove the line if it is wrong.",
            layout=layout,
        )
    month = None if stated.month is None else ordinal(stated.month)
    if month is not None:
        entries = entries.with_columns(pl.lit(month, dtype=pl.Int32).alias("month"))
    if fault is not None:
        entries = with_faults(entries, fault)
    return Extract(
        layout=layout,
        version=version,
        convention=convention,
        entries=entries.filter(rows.entries),
        records={month: grid.height},
        dated=month is not None,
        blank=int(rows.blank.sum()),
        totals=stated_totals(grid, rows, amount, month=month),
        first_counts=True,
        bare_months=stated.bare,
        warnings=warnings_of(stated),
    )


def warnings_of(stated: Stated, header: Header | None = None) -> tuple[str, ...]:
    """What to report about the lines that are not rows."""
    first = 0 if header is None else header.line
    parts = (
        ("above the header", [line for line in stated.read if line < first]),
        ("outside the rows", [line for line in stated.read if line >= first]),
    )
    return tuple(
        f"Ignored line{'' if len(lines) == 1 else 's'} {', '.join(map(str, lines[:5]))}, {where}."
        for where, lines in parts
        if lines
    )


def with_faults(entries: pl.DataFrame, fault: pl.Series) -> pl.DataFrame:
    """Entries with the reason against each, and no amount if the cells are in doubt."""
    return entries.with_columns(
        fault.alias("fault"),
        pl.when(fault.is_null()).then("amount").otherwise(None).alias("amount"),
    )


def stated_totals(
    grid: Grid,
    rows: Rows,
    amount: pl.Series,
    *,
    month: int | None = None,
    months: pl.Series | None = None,
) -> tuple[StatedTotal, ...]:
    """The totals that rows state in one column, each for ``month`` or for its own of ``months``."""
    return tuple(
        StatedTotal(
            line=grid.lines[index],
            label=label,
            amount=amount[index] or "",
            scope=scope_of(label),
            month=month if months is None else months[index],
        )
        for index, label in rows.totals
    )


def scope_of(label: str) -> Scope:
    """Which rows a total row covers."""
    return "since" if is_subtotal(label) else "all"


def _at(indices: list[int], height: int) -> pl.Series:
    flags = pl.repeat(value=False, n=height, eager=True, dtype=pl.Boolean)
    if indices:
        flags = flags.scatter(indices, True)  # noqa: FBT003 - the value to set
    return flags
