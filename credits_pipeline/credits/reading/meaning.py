"""What every column of a table does to its rows; a column that is not understood is refused.

Understood means: ignoring the column can't change a dollar, an account or a month.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from credits_pipeline.credits.reading import headers, vocabulary
from credits_pipeline.credits.reading.accounts import account as read_account
from credits_pipeline.credits.reading.amounts import parse_amount
from credits_pipeline.credits.reading.characters import clean, folded, plain, stripped
from credits_pipeline.credits.reading.columns import role_of
from credits_pipeline.credits.reading.grid import Grid
from credits_pipeline.credits.reading.header_row import Header
from credits_pipeline.credits.reading.lines import fault_of, months_named, shown
from credits_pipeline.credits.reading.months import month_text
from credits_pipeline.credits.reading.refusal import UnreadableFile, profile_command
from credits_pipeline.credits.reading.roles import Role
from credits_pipeline.credits.reading.totals import is_total
from credits_pipeline.credits.reading.values import Values

#: Columns whose cells contribute to the month of a row.
MONTHS = frozenset({Role.MONTH, Role.YEAR, Role.START, Role.END})
_SHOWN = 3
_NO = frozenset(
    {
        "false",
        "no",
        "n",
        "0",
        "nein",
        "non",
        "nao",
        "f",
        "actual",
        "falsch",
        "falso",
        "faux",
        "いいえ",
    }
)
_YES = frozenset(
    {
        "true",
        "yes",
        "y",
        "1",
        "ja",
        "oui",
        "si",
        "sim",
        "t",
        "final",
        "wahr",
        "vrai",
        "verdadero",
        "はい",
    }
)
_SAYS_WHETHER = _YES | _NO | {"gross", "net", "brutto", "netto"}
_CREDIT_SIDE = frozenset({"cr", "c", "credit", "credits", "+", "h", "haben", "k", "plus"})


@dataclass(frozen=True)
class Meaning:
    """What the columns beside account and amount say about the rows.

    Attributes:
        roles: every such column's role.
        excluded: String by row: why it is not a credit; None if every row is one.
        named_months: numbers of the months that notes name.
    """

    roles: dict[int, Role]
    excluded: pl.Series | None = None
    named_months: frozenset[int] = frozenset()

    def of(self, *roles: Role) -> list[int]:
        """The columns of some roles."""
        return [index for index, role in self.roles.items() if role in roles]


@dataclass(frozen=True)
class Table:
    """A table whose columns are checked for their meaning.

    Attributes:
        header: its header.
        grid: the records below it.
        data: Boolean by record: it is a row, not a total or a note; None if all are.
        amount: the name of the column of credits; None if every name is a month.
        name: what to call the file in a refusal.
        layout: the layout's name.
    """

    header: Header
    grid: Grid
    data: pl.Series | None
    amount: str | None
    name: str
    layout: str
    _values: dict[int, Values] = field(default_factory=dict, repr=False, compare=False)

    def cells(self, column: int) -> pl.Series:
        """A column's cells in the rows."""
        cells = self.grid.columns[column]
        return cells if self.data is None else cells.filter(self.data)

    def values(self, column: int) -> Values:
        """A column's different values in the rows, blank ones left out."""
        if column not in self._values:
            self._values[column] = Values(self.cells(column))
        return self._values[column]

    def line_of(self, column: int, value: str) -> int:
        """The first line with a value in a column."""
        found = (self.grid.columns[column] == value).fill_null(value=False)
        if self.data is not None:
            found &= self.data
        return int(self.grid.lines.filter(found)[0])

    def refuse(self, column: int, why: str, *, value: str | None = None) -> UnreadableFile:
        """The refusal of a column, or of one value of it."""
        label = self.header.name(column)
        if value is None:
            values = ", ".join(repr(shown(plain(v))) for v in self.values(column)[:_SHOWN])
            where, what = f"line {self.header.line}", f"the column {label!r} ({values}) {why}"
        else:
            where = f"line {self.line_of(column, value)}"
            what = f"the column {label!r} says {shown(plain(value))!r}: {why}"
        return UnreadableFile(
            f"{self.name}, {where}: {what}; say what it means with: {profile_command(self.name)}",
            layout=self.layout,
        )


def roles_of(table: Table, columns: list[int]) -> dict[int, Role]:
    """The role of some columns."""
    return {index: role_of(table.header.cell(index), table.values(index)) for index in columns}


def understand(table: Table, roles: dict[int, Role], *, dated: bool) -> Meaning:
    """What the columns say about the rows.

    Args:
        table: the table.
        roles: the roles of its columns besides account and amount.
        dated: a column or a title states the month of every row.

    Raises:
        UnreadableFile: a column is not understood, or the rows are something other than credits.
    """
    excluded = None
    first = [i for i, role in roles.items() if role in {Role.CURRENCY, Role.UNIT}]
    for index in dict.fromkeys((*first, *roles)):
        role = roles[index]
        _foreign_amounts(table, index)
        if role is Role.TYPE:
            found = _kinds(table, index)
            excluded = (
                found if excluded is None else pl.select(pl.coalesce(excluded, found)).to_series()
            )
        else:
            _ACTIONS.get(role, _nothing)(table, index, dated)
    proved = Role.TYPE in roles.values()
    if table.amount is not None and not headers.says_credit(table.amount) and not proved:
        for index, role in roles.items():
            if role in {Role.USAGE, Role.COST}:
                raise table.refuse(
                    index,
                    f"makes {table.amount!r} what usage costs, or credits: it is unclear which",
                )
    if excluded is not None and not excluded.null_count():
        column = next(index for index, role in roles.items() if role is Role.TYPE)
        raise table.refuse(column, "makes no row a credit")
    if excluded is not None and excluded.null_count() == len(excluded):
        excluded = None
    named = frozenset(
        month
        for index, role in roles.items()
        if role is Role.NOTES
        for value in table.values(index).telling(notes=True)
        for month in months_named(value)
    )
    return Meaning(roles, excluded, named)


def _foreign_amounts(table: Table, column: int) -> None:
    """Whatever a column is: money of another country says that the credits may be in it, too."""
    for value in table.values(column).with_signs():
        foreign = parse_amount(value).foreign
        if foreign is not None:
            raise table.refuse(
                column, f"it names {foreign}, and only US dollars are read", value=value
            )


def _nothing(_table: Table, _column: int, _dated: bool) -> None:
    pass


def _currency(table: Table, column: int, _dated: bool) -> None:
    for value in table.values(column):
        if folded(clean(value)) not in vocabulary.DOLLARS:
            raise UnreadableFile(
                f"{table.name}, line {table.line_of(column, value)}: the column"
                f" {table.header.name(column)!r} says {shown(clean(value))!r}; only US dollars"
                f" are read:"
                " convert the amounts to USD.",
                layout=table.layout,
            )


def _unit(table: Table, column: int, _dated: bool) -> None:
    for value in table.values(column):
        if folded(clean(value)) not in vocabulary.DOLLARS:
            raise table.refuse(column, "only amounts in dollars are read", value=value)


def _estimate(table: Table, column: int, _dated: bool) -> None:
    inverse = "final" in folded(table.header.cell(column))
    certain = _YES if inverse else _NO
    for value in table.values(column):
        if folded(clean(value)) not in certain | {"final"}:
            raise table.refuse(
                column, "an estimate can still change, and only final amounts are sent", value=value
            )


def _side(table: Table, column: int, _dated: bool) -> None:
    for value in table.values(column):
        if folded(clean(value)) not in _CREDIT_SIDE:
            raise table.refuse(column, "a debit is not a credit", value=value)


def _status(table: Table, column: int, _dated: bool) -> None:
    for value in table.values(column):
        if headers.key(value) not in vocabulary.FINAL:
            raise table.refuse(column, "whether such a row counts is unclear", value=value)


def _kinds(table: Table, column: int) -> pl.Series:
    """Why rows are not credits, by a column of types; null where they are credits."""
    reasons: dict[str, str] = {}
    for value in table.values(column):
        kind = headers.key(value)
        if kind in vocabulary.NOT_CREDITS:
            reasons[value] = f"{table.header.name(column)} {shown(plain(value))!r}"
        elif kind not in vocabulary.CREDITS | vocabulary.PROGRAMMES:
            raise table.refuse(column, "whether it is a credit is unclear", value=value)
    cells = table.grid.columns[column]
    blank = stripped(pl.col("cell")) == ""
    rows = cells.to_frame("cell").with_columns(line=table.grid.lines)
    if table.data is not None:
        rows = rows.filter(table.data)
    empty = rows.filter(blank)
    if len(empty):
        raise UnreadableFile(
            f"{table.name}, line {empty['line'][0]}: the column {table.header.name(column)!r}"
            f" is empty,"
            " so whether the row is a credit is unclear: fill it in.",
            layout=table.layout,
        )
    if not reasons:
        return pl.Series("excluded", [None], dtype=pl.String).extend_constant(None, len(cells) - 1)
    return cells.replace_strict(
        list(reasons), list(reasons.values()), default=None, return_dtype=pl.String
    ).alias("excluded")


def _date_beside(table: Table, column: int, dated: bool) -> None:
    if not dated:
        raise table.refuse(
            column, "holds dates, and whether they are the month of the credits is unclear"
        )


def _percent(table: Table, column: int, _dated: bool) -> None:
    if any(
        clean(value).replace(" ", "") not in {"100%", "100.00%", "100.0%"}
        for value in table.values(column)
    ):
        raise table.refuse(
            column,
            "is a share or a rate, and whether the amounts are before or after it is unclear",
        )


def _count(table: Table, column: int, _dated: bool) -> None:
    if any(clean(value) != "1" for value in table.values(column)):
        raise table.refuse(column, "is a count, and whether it multiplies the amounts is unclear")


def _words_beside(table: Table, column: int, dated: bool) -> None:
    """Words in a money column: ``no`` below *Used*, ``gross`` below *VAT*, a month."""
    for value in table.values(column):
        word = folded(clean(value))
        if word in _SAYS_WHETHER or month_text(value) is not None:
            raise table.refuse(column, "what it says of the amounts is unclear", value=value)
    _text(table, column, dated)


def _balance(table: Table, column: int, dated: bool) -> None:
    if not any(parse_amount(value).fault is None for value in table.values(column)):
        _words_beside(table, column, dated)
        return
    raise table.refuse(
        column,
        "is a grant, a balance or a sum over more than the month, so the amounts beside it may be"
        " something else than the month's credits",
    )


def _cost(table: Table, column: int, dated: bool) -> None:
    if not any(parse_amount(value).fault is None for value in table.values(column)):
        _words_beside(table, column, dated)
        return
    for value in table.values(column).dates():
        if month_text(value) is not None and parse_amount(value).fault is not None:
            raise table.refuse(column, "what it says of the amounts is unclear", value=value)


def _final(table: Table, column: int, value: str) -> None:
    """Refuse a word that says that a row is not final, or not real."""
    words = folded(value)
    if vocabulary.NOT_FINAL.fullmatch(words) or vocabulary.NOT_ACTUAL.fullmatch(words):
        raise table.refuse(column, "whether such a row counts is unclear", value=value)


def _text(table: Table, column: int, _dated: bool) -> None:
    """Names and dimensions: no sums, and no word for a kind of row that is not a credit."""
    named = table.header.is_name(column)
    for value in table.values(column).telling():
        if is_total(value) or folded(value).strip(" -*:") in {
            "account total",
            "all",
            "all services",
        }:
            raise table.refuse(column, "a sum beside the rows that it sums up", value=value)
        if not named:
            _final(table, column, value)
        kind = headers.key(value)
        if not named and kind in _SURE_KINDS:
            raise table.refuse(
                column, "such a row is not a credit, or that is not certain", value=value
            )
        foreign = headers.foreign_in(value) if "(" in value or len(plain(value)) == 3 else None  # noqa: PLR2004 - a code
        if foreign is not None and not named:
            raise table.refuse(
                column, f"it names {foreign}, and only US dollars are read", value=value
            )


def _number(table: Table, column: int, _dated: bool) -> None:
    """Numbers of invoices, orders, credits: a word in place of one may say what is not final."""
    for value in table.values(column).telling():
        _final(table, column, value)


def _notes(table: Table, column: int, dated: bool) -> None:
    _text(table, column, dated)
    for value in table.values(column).telling(notes=True):
        fault = fault_of(plain(value))
        if (
            fault is None
            and vocabulary.CHARGES.search(folded(value))
            and "credit" not in folded(value)
        ):
            fault = "mentions costs"
        if fault is not None:
            raise table.refuse(column, f"such a note {fault}", value=value)
        if read_account(value).id is not None:
            raise table.refuse(column, "it names another account", value=value)


def _another_account(table: Table, column: int, _dated: bool) -> None:
    if any(read_account(value).id is not None for value in table.values(column)):
        raise table.refuse(
            column, "holds account ids, too, and which account is credited is unclear"
        )


def _money(table: Table, column: int, _dated: bool) -> None:
    raise table.refuse(column, "holds amounts that nobody has said the meaning of")


def _unknown(table: Table, column: int, _dated: bool) -> None:
    raise table.refuse(column, "is not known, and it may change what the amounts mean")


_SURE_KINDS = vocabulary.NOT_CREDITS - frozenset(
    (
        "payment",
        "payments",
        "support",
        "subscription",
        "net",
        "total",
        "pago",
        "frais",
        "adjustment",
    )
)
_ACTIONS: dict[Role, Callable[[Table, int, bool], None]] = {
    Role.CURRENCY: _currency,
    Role.UNIT: _unit,
    Role.ESTIMATE: _estimate,
    Role.SIDE: _side,
    Role.STATUS: _status,
    Role.RECORD_DATE: _date_beside,
    Role.LIFE: _date_beside,
    Role.PERCENT: _percent,
    Role.COUNT: _count,
    Role.BALANCE: _balance,
    Role.COST: _cost,
    Role.USAGE: _words_beside,
    Role.NAME: _text,
    Role.NUMBER: _number,
    Role.DIMENSION: _text,
    Role.NOTES: _notes,
    Role.ACCOUNT: _another_account,
    Role.MONEY: _money,
    Role.UNKNOWN: _unknown,
}
