"""What layouts with a header share: choosing columns, amounts that were cut at a comma."""

import polars as pl

from credits_pipeline.credits.reading import headers, vocabulary
from credits_pipeline.credits.reading.accounts import account as read_account
from credits_pipeline.credits.reading.accounts import looks_like_account
from credits_pipeline.credits.reading.amounts import parse_amount
from credits_pipeline.credits.reading.characters import clean, folded, is_blank, plain, stripped
from credits_pipeline.credits.reading.grid import Grid
from credits_pipeline.credits.reading.header_row import Header
from credits_pipeline.credits.reading.layouts.rows import frame_of
from credits_pipeline.credits.reading.meaning import Table
from credits_pipeline.credits.reading.months import is_month_name
from credits_pipeline.credits.reading.refusal import UnreadableFile, profile_command

#: Headers without meaning, under which account ids may appear.
_VAGUE = frozenset({"", "id", "ids", "no", "nr", "number", "nummer", "numero"})
_SAMPLE = 1000
_BEYOND = "a cell beyond the header's last column: a comma inside an amount or a name needs quotes"
_RAGGED = "more or fewer cells than the header has: its amount is unclear"
_CUT = "an amount cut in two at its comma: put quotes round it"
_HEAD_OF_AMOUNT = r"^[-(+]?\s*(?:US)?\$?\s*[-(+]?[0-9]{1,3}$"
_TAIL_WITH_DECIMALS = r"^[0-9]{3}\.[0-9]+[)-]?$"
_WHOLE_NUMBER = r"^[-(+]?\s*(?:US)?\$?\s*[-(+]?[0-9]+$"
_DIGITS = r"^[0-9]+[)-]?$"


def first_column(grid: Grid) -> int:
    """The index of the first column with a value."""
    for index, column in enumerate(grid.columns):
        if holds_anything(column.head(_SAMPLE)) or holds_anything(column):
            return index
    return 0


def holds_anything(column: pl.Series) -> bool:
    """Whether any cell of a column is not blank."""
    return not column.to_frame("cell").select(is_blank(pl.col("cell")).all()).item()


def choose_account(header: Header, grid: Grid, *, name: str, layout: str) -> int:
    """The column of account ids: by its name, or an unnamed one by its content.

    Raises:
        UnreadableFile: there is none, or several have different ids.
    """
    named = [i for i, cell in enumerate(header.cells) if headers.is_account(cell)]
    holding = [i for i in named if i < grid.width and _holds_accounts(grid.columns[i])]
    if not holding:
        vague = [
            i
            for i, cell in enumerate(header.cells)
            if i < grid.width and headers.key(cell) in _VAGUE and _holds_accounts(grid.columns[i])
        ]
        if len(vague) == 1:
            return vague[0]
    if not named:
        raise UnreadableFile(
            f"{name}: the header on line {header.line} names no column of account ids"
            f" ({_listed(header)}); say which it is with: {profile_command(name)}",
            layout=layout,
        )
    if len(holding) > 1:
        first = holding[0]
        for other in holding[1:]:
            _refuse_different_ids(grid, header, first, other, name=name, layout=layout)
        bare = [i for i in holding if headers.key(header.cells[i]).endswith(("id", "number"))]
        return (bare or holding)[0]
    return (holding or named)[0]


def _holds_accounts(column: pl.Series) -> bool:
    return any(looks_like_account(cell) for cell in column.drop_nulls().unique().head(_SAMPLE))


def _refuse_different_ids(
    grid: Grid, header: Header, first: int, other: int, *, name: str, layout: str
) -> None:
    pairs = (
        pl.DataFrame({"one": grid.columns[first], "two": grid.columns[other], "line": grid.lines})
        .with_columns(pl.col("one", "two").fill_null(""))
        .filter(pl.col("one") != pl.col("two"))
        .unique(["one", "two"], maintain_order=True)
    )
    for one, two, line in pairs.iter_rows():
        left, right = read_account(one).id, read_account(two).id
        if right is not None and left != right:
            raise UnreadableFile(
                f"{name}, line {line}: the columns {header.name(first)!r} and"
                f" {header.name(other)!r}"
                " hold different account ids, and which one is credited is unclear; say it with:"
                f" {profile_command(name)}",
                layout=layout,
            )


def choose_amount(header: Header, grid: Grid, taken: set[int], *, name: str, layout: str) -> int:
    """The column of credits.

    Raises:
        UnreadableFile: none is named so, several are, or its name states another unit or currency.
    """
    candidates = amount_columns(header, grid, taken)
    if not candidates and any(map(is_month_name, header.cells)):
        raise UnreadableFile(
            f"{name}: the header names months without their year ({_listed(header)}): write them as"
            " 2025-01.",
            layout=layout,
        )
    if not candidates:
        raise UnreadableFile(
            f"{name}, line {header.line}: the header names no column of credits"
            f" ({_listed(header)}); costs, shares, counts and balances are none. If one of them"
            f" holds"
            f" the credits, say which with: {profile_command(name)}",
            layout=layout,
        )
    if len(candidates) > 1:
        names = " and ".join(repr(header.name(i)) for i in candidates)
        raise UnreadableFile(
            f"{name}, line {header.line}: there are several columns of amounts ({names}), and which"
            f" one, or whether all, are the month's credits is unclear; say it with:"
            f" {profile_command(name)}",
            layout=layout,
        )
    (column,) = candidates
    if not (
        headers.is_amount(header.cells[column]) or headers.reads_as_amount(header.cells[column])
    ):
        raise UnreadableFile(
            f"{name}, line {header.line}: the column {header.name(column)!r} may be something else"
            f" than the credits of the month; say what it is with: {profile_command(name)}",
            layout=layout,
        )
    refuse_foreign(header.cells[column], name=name, layout=layout)
    return column


def amount_columns(header: Header, grid: Grid, taken: set[int]) -> list[int]:
    """The columns that can be the credits, by name and content."""
    free = [i for i in range(len(header.cells)) if i not in taken]
    exact = [i for i in free if headers.is_amount(header.cells[i])]
    loose = [
        i
        for i in free
        if i not in exact
        and headers.may_be_amount(header.cells[i])
        and i < grid.width
        and _holds_amounts(grid.columns[i])
    ]
    filled = [i for i in exact if i < grid.width and holds_anything(grid.columns[i])]
    return sorted((filled or exact[:1]) + loose)


def _holds_amounts(column: pl.Series) -> bool:
    cells = column.drop_nulls().unique().head(_SAMPLE)
    return any(clean(cell) and parse_amount(cell).fault is None for cell in cells)


def refuse_foreign(header: str, *, name: str, layout: str) -> None:
    """Refuse a header that names another currency or unit.

    Raises:
        UnreadableFile: it does.
    """
    unit = vocabulary.UNITS.search(folded(header))
    if unit is not None or headers.is_not_an_amount(header):
        raise UnreadableFile(
            f"{name}: the column {plain(header)!r} is not in dollars but in thousands, cents or"
            " another unit, and the exact dollars are not in the file: export it in dollars.",
            layout=layout,
        )
    foreign = headers.foreign_in(header)
    if foreign is not None:
        raise UnreadableFile(
            f"{name}: the column {plain(header)!r} is in {foreign}; only US dollars are read:"
            " convert the amounts to USD.",
            layout=layout,
        )


def _listed(header: Header) -> str:
    return ", ".join(plain(cell) for cell in header.cells if plain(cell))[:200]


def shifted_faults(
    header: Header, grid: Grid, amounts: list[int], *, anchors: set[int] | None = None
) -> pl.Series | None:
    """The reason against rows whose cells may be under the wrong header; None if there are none.

    Such a row has a value beyond the header's last column; or a number of cells other than the
    header's, where a missing or extra cell could put another number under an amount; or an amount
    of up to three digits before a cell of text that continues like its other half.

    Args:
        header: the header.
        grid: the records below it.
        amounts: the columns of amounts.
        anchors: columns whose cells are visibly right or wrong (ids, months): a missing or extra
            cell before one of them is noticed there. None: there are no such columns.
    """
    frame = frame_of(grid)
    conditions = []
    beyond = [pl.col(f"c{i}") for i in range(header.last + 1, grid.width)]
    if beyond:
        filled = pl.any_horizontal(~is_blank(cell) for cell in beyond)
        conditions.append(pl.when(filled).then(pl.lit(_BEYOND)))
    if _can_shift(header, grid, amounts, anchors):
        conditions.append(pl.when(_ragged(header, grid)).then(pl.lit(_RAGGED)))
    if grid.delimiter == ",":
        conditions += [
            pl.when(_cut(header, grid, index, amounts)).then(pl.lit(_CUT))
            for index in amounts
            if index + 1 < grid.width
        ]
    if not conditions:
        return None
    faults = frame.select(
        pl.coalesce(condition.otherwise(None) for condition in conditions).alias("fault")
    ).to_series()
    return faults if faults.null_count() < len(faults) else None


def _can_shift(header: Header, grid: Grid, amounts: list[int], anchors: set[int] | None) -> bool:
    """Whether a missing or extra cell could put another number under an amount unnoticed."""
    if anchors is None:
        return True
    (amount,) = amounts
    if any(anchor > amount for anchor in anchors):
        return False
    return amount - max(anchors) > 1 or any(
        _holds_amounts(grid.columns[column])
        for column in range(amount + 1, min(header.last + 1, grid.width))
    )


def _ragged(header: Header, grid: Grid) -> pl.Expr:
    """Rows with another number of cells than the header.

    If all rows have the same number, and more than the header, they merely end in delimiters.
    """
    cells = pl.sum_horizontal(pl.all().is_not_null())
    filled = ~pl.all_horizontal(is_blank(pl.all()))
    counts = frame_of(grid).filter(filled).select(cells.alias("cells")).to_series().unique()
    if len(counts) == 1 and counts[0] >= len(header.cells):
        return pl.lit(value=False)
    return cells != len(header.cells)


def _cut(header: Header, grid: Grid, index: int, amounts: list[int]) -> pl.Expr:
    """Rows in which an amount and the next cell form one amount cut at its comma."""
    one = stripped(pl.col(f"c{index}"))
    two = stripped(pl.col(f"c{index + 1}"))
    cut = (
        one.str.contains(_HEAD_OF_AMOUNT) & two.str.contains(_TAIL_WITH_DECIMALS)
        if index + 1 not in amounts and _is_text(header, grid, index + 1)
        else pl.lit(value=False)
    )
    cut = cut | (_has_decimals(grid, index) & _cut_in_two(one, two))
    if len(header.cells) >= grid.width:
        return cut
    longer = pl.col(f"c{len(header.cells)}").is_not_null()
    return cut | (longer & one.str.contains(_WHOLE_NUMBER) & two.str.contains(_DIGITS))


def _cut_in_two(one: pl.Expr, two: pl.Expr) -> pl.Expr:
    return one.str.contains(_HEAD_OF_AMOUNT) & two.str.contains(_TAIL_WITH_DECIMALS)


def _has_decimals(grid: Grid, column: int) -> pl.Expr:
    """Whether the amounts of a column are written with cents, so that one without is cut off."""
    cells = grid.columns[column].to_frame("cell").select(stripped(pl.col("cell"))).to_series()
    return pl.lit(value=bool(cells.str.contains(r"[0-9]\.[0-9]{2}$").any()))


def _is_text(header: Header, grid: Grid, column: int) -> bool:
    if column < len(header.cells) and "name" in headers.key(header.cells[column]):
        return True
    cells = grid.columns[column].drop_nulls().unique().head(_SAMPLE)
    return any(clean(cell) and parse_amount(cell).fault is not None for cell in cells)


def cut_in_two(grid: Grid, left: int, right: int) -> bool:
    """Whether every filled row of two columns reads as one amount cut at its thousands comma."""
    pairs = (
        pl.DataFrame([grid.columns[left].alias("one"), grid.columns[right].alias("two")])
        .select(stripped(pl.all()))
        .filter((pl.col("one") != "") & (pl.col("two") != ""))
    )
    if not len(pairs):
        return False
    return bool(
        pairs.select(
            pl.col("one").str.contains(_HEAD_OF_AMOUNT)
            & pl.col("two").str.contains(r"^[0-9]{3}(?:\.[0-9]+)?[)-]?$")
        )
        .to_series()
        .all()
    )


def refuse_empty(table: Table, amount: int) -> None:
    """Refuse an empty column of credits: sent as zeros it would take everything away.

    Raises:
        UnreadableFile: every cell of it is blank.
    """
    cells = table.cells(amount)
    if len(cells) and not holds_anything(cells):
        raise UnreadableFile(
            f"{table.name}, line {table.header.line}: every cell of the column"
            f" {table.header.name(amount)!r} is blank: it was never filled in. Write 0 where an"
            f" account"
            " has no credit.",
            layout=table.layout,
        )
