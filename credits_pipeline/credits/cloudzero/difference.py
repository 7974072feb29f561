"""Whether two tables of rows are equal: amounts as decimals, times as instants, texts as texts.

The proof that a drop landed, and the second witness that nothing has to be sent.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

import polars as pl

from credits_pipeline.core.money import to_text
from credits_pipeline.credits.cloudzero.cbf import ACCOUNT, COST, USAGE_END, USAGE_START

_ROWS_AT_ONCE = 32_768
#: No amount of dollars is longer, or has a larger exponent.
_LONGEST_AMOUNT = 100
_DIGITS = 60
_NUMBER = r"^\s*(?<sign>[+-]?)0*(?<whole>\d*)(?:\.(?<fraction>\d*?)0*)?\s*$"


@dataclass(frozen=True)
class Difference:
    """How the rows found differ from the rows expected.

    Attributes:
        rows: a row for each kind of row that differs: ``side`` (``missing``: expected and not
            found, ``unexpected``: found and not expected), ``copies``, then the columns compared,
            in the form in which they were compared. Sorted by account.
        notes: differences that do not matter, in sentences.
        wrong_columns: columns that only one side has, if that matters.
    """

    rows: pl.DataFrame
    notes: tuple[str, ...] = ()
    wrong_columns: tuple[str, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether both are equal."""
        return self.rows.is_empty() and not self.wrong_columns

    @property
    def missing(self) -> int:
        """Rows expected and not found."""
        return _copies(self.rows, "missing")

    @property
    def unexpected(self) -> int:
        """Rows found and not expected."""
        return _copies(self.rows, "unexpected")

    @property
    def says(self) -> str:
        """One sentence, with the first rows that differ."""
        if self.equal:
            return " ".join(("both are equal", *(f"({note})" for note in self.notes)))
        parts = []
        if self.wrong_columns:
            parts.append(f"columns that only one side has: {', '.join(self.wrong_columns)}")
        if not self.rows.is_empty():
            examples = "; ".join(
                f"{row['side']} {row[ACCOUNT] or 'no account'} at {row[COST] or 'no cost'}"
                for row in self.rows.head(3).iter_rows(named=True)
            )
            parts.append(f"{self.missing} rows missing, {self.unexpected} unexpected ({examples})")
        return "; ".join(parts)


def difference(expected: pl.DataFrame, found: pl.DataFrame, *, strict: bool = False) -> Difference:
    """Compare two tables of rows in every column of the expected one, as multisets.

    Columns that only ``found`` has are ignored: CloudZero adds some. Two things are noted and count
    as equal: expected rows of zero cost that are missing (they change no bill), and a
    ``time/usage_end`` that is not returned (CloudZero ignores it).

    Args:
        expected: rows as they were sent; all columns text.
        found: rows as CloudZero holds them; any columns, any order.
        strict: count these two as differences as well.
    """
    notes: list[str] = []
    columns = expected.columns or [ACCOUNT, COST]
    if (
        not strict
        and USAGE_END in columns
        and not found.is_empty()
        and _never_given(found, USAGE_END)
    ):
        columns = [name for name in columns if name != USAGE_END]
        notes.append(f"CloudZero does not give {USAGE_END} back")
    expected, found = _without_equal_pairs(expected, found, columns)
    both = _counted(expected, columns, "expected_copies").join(
        _counted(found, columns, "found_copies"), on=columns, how="full", coalesce=True
    )
    surplus = pl.col("expected_copies").fill_null(0).cast(pl.Int64) - pl.col(
        "found_copies"
    ).fill_null(0).cast(pl.Int64)
    apart = both.select(
        pl.when(surplus > 0).then(pl.lit("missing")).otherwise(pl.lit("unexpected")).alias("side"),
        surplus.alias("copies"),
        *columns,
    ).filter(pl.col("copies") != 0)
    zero = (pl.col("side") == "missing") & (pl.col(COST) == "0") & (not strict)
    dropped = int(apart.filter(zero)["copies"].sum())
    if dropped:
        notes.append(f"CloudZero does not show {dropped} rows of zero cost")
        apart = apart.filter(~zero)
    return Difference(
        apart.with_columns(pl.col("copies").abs()).sort(ACCOUNT, "side", *columns), tuple(notes)
    )


def fingerprint(rows: pl.DataFrame) -> tuple[int, int]:
    """Identifies a reading of a month within this process, regardless of the order of rows.

    Two tables with the same columns and the same multiset of rows have the same fingerprint.
    """
    names = sorted(rows.columns)
    if not names or rows.is_empty():
        return 0, 0
    total = sum(
        int(canonical(part, names).hash_rows().cast(pl.UInt128).sum())
        for part in rows.iter_slices(_ROWS_AT_ONCE)
    )
    return rows.height, total % (1 << 64)


def canonical(rows: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """The columns in one form, so that equal values are equal texts.

    Amounts keep every digit: no rounding can make two of them equal. A text that is not a number or
    a time stays as it is. A missing column or value is the empty text.
    """
    return pl.DataFrame([_canonical_column(rows, name) for name in columns])


def _canonical_column(rows: pl.DataFrame, name: str) -> pl.Series:
    if name not in rows.columns:
        return pl.Series(name, [""], dtype=pl.String).new_from_index(0, rows.height)
    column = rows[name].cast(pl.String).fill_null("")
    if name == COST:
        return canonical_amounts(column)
    return _canonical_times(column) if name in {USAGE_START, USAGE_END} else column


def canonical_amounts(column: pl.Series) -> pl.Series:
    """Amounts as text without leading or trailing zeros; zero is ``0``, whatever its sign."""
    name = column.name
    parts = column.str.extract_groups(_NUMBER).struct.unnest()
    whole = pl.when(pl.col("whole") == "").then(pl.lit("0")).otherwise(pl.col("whole"))
    has_fraction = pl.col("fraction").fill_null("") != ""
    is_zero = (whole == "0") & ~has_fraction
    spelled = parts.with_columns(written=column).select(
        pl.when(pl.col("whole").is_null())
        .then(None)
        .when((pl.col("whole") == "") & ~has_fraction)
        .then(None)
        .otherwise(
            pl.concat_str(
                pl.when((pl.col("sign") == "-") & ~is_zero).then(pl.lit("-")).otherwise(pl.lit("")),
                whole,
                pl.when(has_fraction).then(pl.lit(".")).otherwise(pl.lit("")),
                pl.col("fraction").fill_null(""),
            )
        )
        .alias(name)
    )[name]
    odd = column.filter(spelled.is_null())
    if odd.is_empty():
        return spelled
    known = {text: _odd_amount(text) for text in odd.unique()}
    return spelled.fill_null(column.replace(known))


def _odd_amount(text: str) -> str:
    """An amount in an unusual form, such as with an exponent; any other text as it is.

    It is written like the plain ones, so that the same value is the same text.
    """
    try:
        amount = Decimal(text.strip()[:_LONGEST_AMOUNT])
    except InvalidOperation:
        return text
    if not amount.is_finite() or len(text) > _LONGEST_AMOUNT or abs(amount.adjusted()) > _DIGITS:
        return text
    plain = to_text(amount)
    return plain.rstrip("0").rstrip(".")


def _canonical_times(column: pl.Series) -> pl.Series:
    """Times as instants in UTC; a month has few different ones, so each is parsed once."""
    return column.replace({text: _instant(text) for text in column.unique()})


def _instant(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).isoformat()


def _without_equal_pairs(
    expected: pl.DataFrame, found: pl.DataFrame, columns: list[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both tables without the rows that face an equal row when sorted by account.

    Removing an equal pair from two multisets does not change their difference. If nearly everything
    is equal, as it should be, this saves the memory of comparing a whole month at once.
    """
    if ACCOUNT not in columns or ACCOUNT not in found.columns or expected.height != found.height:
        return expected, found
    expected, found = expected.sort(ACCOUNT), found.sort(ACCOUNT)
    unequal = pl.concat(
        [
            _rows_unequal(
                expected.slice(first, _ROWS_AT_ONCE), found.slice(first, _ROWS_AT_ONCE), columns
            )
            for first in range(0, max(expected.height, 1), _ROWS_AT_ONCE)
        ]
    )
    return expected.filter(unequal), found.filter(unequal)


def _rows_unequal(expected: pl.DataFrame, found: pl.DataFrame, columns: list[str]) -> pl.Series:
    left, right = canonical(expected, columns), canonical(found, columns)
    return pl.select(
        pl.any_horizontal(*(left[name] != right[name] for name in columns)).alias("unequal")
    ).to_series()


def _counted(rows: pl.DataFrame, columns: list[str], name: str) -> pl.DataFrame:
    return canonical(rows, columns).group_by(columns).len(name=name)


def _never_given(rows: pl.DataFrame, name: str) -> bool:
    return name not in rows.columns or rows[name].null_count() == rows.height


def _copies(rows: pl.DataFrame, side: str) -> int:
    return int(rows.filter(pl.col("side") == side)["copies"].sum())
