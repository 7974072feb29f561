"""A profile's amounts: read like every amount, under the profile's rule for decimals."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import polars as pl

from credits_pipeline.core.columns import SCALE, USD
from credits_pipeline.credits.reading.amounts import parse_amount, read_amounts
from credits_pipeline.credits.reading.characters import clean
from credits_pipeline.credits.reading.profiles.profile import AmountColumn
from credits_pipeline.credits.reading.refusal import UnreadableFile
from credits_pipeline.credits.reading.sums import PRECISION, exact

#: A number with more decimals than are ever read, which is a float's tail.
_TAIL = re.compile(rf"(?P<whole>-?[0-9]+)(?P<mark>[.,])(?P<decimals>[0-9]{{{SCALE + 1},40}})")
#: The exponents that lose no digit: AWS writes 5E-7, a spreadsheet 1.23E+05.
_SMALL = re.compile(r"-?[0-9](?:\.[0-9]{1,17})?[eE]-[0-9]{1,2}")
_ZERO = re.compile(r"-?0(?:\.0+)?[eE][+-]?[0-9]{1,2}")


@dataclass(frozen=True)
class Money:
    """A column of amounts, read as a profile says.

    Attributes:
        usd: `USD`, signed as written; null where the cell has no amount.
        faults: String by row; null where there is none.
        mark: the decimal mark of the file.
        rounded: how many amounts have more decimals than count.
        rounded_by: by how much that changed their sum.
    """

    usd: pl.Series
    faults: pl.Series
    mark: str
    rounded: int = 0
    rounded_by: Decimal = Decimal(0)


def read_money(cells: pl.Series, lines: pl.Series, column: AmountColumn, *, name: str) -> Money:
    """Read a column of amounts.

    Raises:
        UnreadableFile: the decimal mark is not certain, or an amount is in another currency.
    """
    tails: dict[str, Decimal] = {}
    others = cells.unique().drop_nulls()
    if column.exponents or column.decimals is not None:
        found = others.filter(others.str.contains(rf"[eE]|[0-9]{{{SCALE + 1}}}"))
        tails = {c: v for c in found if (v := _exact(c, column)) is not None}
    shortened = cells
    if tails:
        marks = {c: _with_mark(v, c) for c, v in tails.items()}
        shortened = cells.replace(marks)
    if column.mark is None:
        read = read_amounts(shortened, lines, name=name)
        usd, mark = read.usd.rename("usd"), str(read.mark)
        faults = read.faults if read.faults is not None else _nulls(len(cells))
    else:
        usd, faults = _under(shortened, lines, column, name=name)
        mark = column.mark
    return _rounded(usd, faults.rename("fault"), mark, column, tails, cells)


def _exact(cell: str, column: AmountColumn) -> Decimal | None:
    """The value of a cell that only a profile makes readable."""
    text = clean(cell)
    if _ZERO.fullmatch(text):
        return Decimal(0)
    if column.exponents and _SMALL.fullmatch(text):
        return Decimal(text)
    tail = _TAIL.fullmatch(text)
    if tail is None or column.decimals is None:
        return None
    return Decimal(f"{tail['whole']}.{tail['decimals']}")


def _with_mark(value: Decimal, cell: str) -> str:
    """The value with as many decimals as are read, and its cell's decimal mark."""
    with localcontext(prec=PRECISION):
        text = format(value.quantize(Decimal(1).scaleb(-SCALE), rounding=ROUND_HALF_EVEN), "f")
    return text.replace(".", ",") if "," in cell else text


def _under(
    cells: pl.Series, lines: pl.Series, column: AmountColumn, *, name: str
) -> tuple[pl.Series, pl.Series]:
    """The amounts under the mark that the profile states."""
    mark = column.mark or "."
    first = dict(zip(reversed(cells.to_list()), reversed(lines.to_list()), strict=True))
    values: dict[str | None, Decimal | None] = {}
    faults: dict[str | None, str | None] = {None: "no amount: the record ends before it"}
    for cell in cells.unique().drop_nulls():
        spelled = parse_amount(cell)
        if spelled.foreign is not None:
            raise UnreadableFile(
                f"{name}, line {first[cell]}: {clean(cell)!r} is in {spelled.foreign}; only US"
                " dollars are read: convert the amounts to USD.",
                layout="profile",
            )
        values[cell] = spelled.under(mark)
        if values[cell] is None:
            faults[cell] = spelled.fault or f"not an amount where the decimal mark is {mark!r}"
    texts = cells.to_list()
    return (
        pl.Series("usd", [values.get(text) for text in texts], dtype=USD),
        pl.Series("fault", [faults.get(text) for text in texts], dtype=pl.String),
    )


def _rounded(
    usd: pl.Series,
    faults: pl.Series,
    mark: str,
    column: AmountColumn,
    tails: dict[str, Decimal],
    cells: pl.Series,
) -> Money:
    """The amounts with the decimals that count; each is rounded once, from what was written."""
    if column.decimals is None:
        told = [v for v in tails.values() if -v.as_tuple().exponent > SCALE]  # type: ignore[operator]
        if told:
            bad = pl.Series([c for c, v in tails.items() if v in told])
            reason = f"more than {SCALE} decimals"
            wrong = cells.is_in(bad.implode())
            both = pl.DataFrame([usd, faults, wrong.alias("wrong")])
            usd = both.select(pl.when(~pl.col("wrong")).then("usd")).to_series()
            faults = both.select(
                pl.when("wrong").then(pl.lit(reason)).otherwise("fault").alias("fault")
            ).to_series()
        return Money(usd, faults, mark)
    unit = Decimal(1).scaleb(-column.decimals)
    written = pl.DataFrame([cells.alias("cell"), usd])
    changed: list[tuple[str, Decimal, Decimal]] = []
    with localcontext(prec=PRECISION):
        for cell, value in written.drop_nulls().unique("cell").iter_rows():
            whole = tails.get(cell)
            whole = value if whole is None else whole
            short = whole.quantize(unit, rounding=ROUND_HALF_EVEN)
            if short != whole:
                changed.append((cell, short, short - whole))
    if not changed:
        return Money(usd, faults, mark)
    known = pl.DataFrame(
        {
            "cell": [c for c, _, _ in changed],
            "short": pl.Series([s for _, s, _ in changed], dtype=USD),
        }
    )
    usd = (
        written.join(known, on="cell", how="left", maintain_order="left")
        .select(pl.coalesce("short", "usd").alias("usd"))
        .to_series()
    )
    times = dict(written.group_by("cell").len().iter_rows())
    by = exact(delta * times[cell] for cell, _, delta in changed)
    return Money(usd, faults, mark, sum(times[cell] for cell, _, _ in changed), by)


def _nulls(height: int) -> pl.Series:
    return pl.Series("fault", [None] * height, dtype=pl.String)
